package littledl

import (
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/littledl/littledl/internal/httprange"
)

// How the body of an answer ends, and what that means.

// bodyEnd judges how a body ended: its own end means nothing unless nobody knows
// the size.
func (f *file) bodyEnd(x *exchange, err error, v httprange.Verdict) error {
	if err != nil && !(errors.Is(err, io.EOF) && x.whole && v.Take < 0) {
		return f.bodyError(x.ctx, err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if !x.whole { // whatever the file has become meanwhile
		return nil
	}
	if v.Take < 0 { // the protocol's end of the body is the file's, unless an answer has told its length before
		switch size := f.pin.Size; {
		case size > x.s.pos:
			return io.ErrUnexpectedEOF
		case size >= 0 && size < x.s.pos:
			return &answerError{status: http.StatusOK, verdict: httprange.Verdict{Kind: httprange.Changed, Reason: "size differs"}}
		}
		x.s.end = x.s.pos
	}
	f.whole = x.s.pos == x.s.end
	if f.whole {
		f.pin.Size = x.s.end
		f.dropTailLocked()
	}
	return nil
}

// dropTailLocked forgets what an attempt before has left behind the end of a stream.
func (f *file) dropTailLocked() {
	n := f.done.Remove(f.pin.Size, toEnd)
	f.t.downloaded.Add(-n)
	f.r.d.downloaded.Add(-n)
}

// bodyError words the failure of a body.
func (f *file) bodyError(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if errors.Is(err, io.EOF) { // the header promised more
		return io.ErrUnexpectedEOF
	}
	return err
}
