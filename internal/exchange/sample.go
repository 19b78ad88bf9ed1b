package exchange

import (
	"context"
	"errors"
	"io"

	"github.com/littledl/littledl/internal/fail"
	"github.com/littledl/littledl/internal/httprange"
	"github.com/littledl/littledl/internal/origin"
)

// errShort is what is wrong with a part that ends before the one asked for.
var errShort = &fail.Error{Class: fail.Mismatched, Op: "download", Err: errors.New("it has another file, or another version of it")}

// Sample asks for bytes that are to be compared, not kept, and returns them with what the
// answer says of the file. Facts is as in Sink.
func (c *Client) Sample(ctx context.Context, l *origin.Lease, a *Ask, facts func() fail.Facts) ([]byte, httprange.Pin, Outcome) {
	s := &sample{c: c, lo: a.Lo, got: make([]byte, a.Hi-a.Lo), facts: facts}
	o := c.Get(ctx, l, a, s)
	return s.got, s.pin, o
}

// sample is a sink for a stretch that must come whole.
type sample struct {
	c     *Client
	lo    int64
	got   []byte
	pin   httprange.Pin
	at    *origin.Origin
	facts func() fail.Facts
}

func (s *sample) Accept(a Answer) (io.WriterAt, error) {
	s.pin, s.at = a.Pin, a.At
	switch {
	case a.Whole, a.Kind == httprange.Empty:
		return nil, &fail.Error{Class: fail.NoRanges, Op: "download", Status: a.StatusCode, Err: fail.ErrRangeMismatch}
	case a.Take != int64(len(s.got)):
		return nil, errShort
	}
	return s, nil
}

func (s *sample) WriteAt(b []byte, off int64) (int, error) { return copy(s.got[off-s.lo:], b), nil }

func (s *sample) Room(off int64) int64 { return s.lo + int64(len(s.got)) - off }

func (s *sample) Wrote(_ int64, data []byte) error {
	s.at.Received(len(data))
	s.c.Count(int64(len(data)))
	return nil
}

func (s *sample) Ended(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func (s *sample) Facts() fail.Facts { return s.facts() }
