package transfer

import (
	"bufio"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/littledl/littledl/internal/fail"
	"github.com/littledl/littledl/internal/httprange"
)

// Files that are decoded on their way to the disk: one answer, as it is read, in bounded
// memory. Where it ends too early, or is no such thing, it is as if the body had broken off.

// Decoder undoes a coding.
type Decoder = func(io.Reader) (io.ReadCloser, error)

// Decoders are the codings that can be undone, with the caller's own, which count more.
func Decoders(own map[string]Decoder) (map[string]Decoder, error) {
	all := map[string]Decoder{
		"gzip":    func(r io.Reader) (io.ReadCloser, error) { return gzip.NewReader(r) },
		"deflate": inflate,
	}
	seen := map[string]bool{}
	for name, d := range own {
		coding := httprange.Encoding(http.Header{"Content-Encoding": {name}})
		switch {
		case coding == "" || strings.ContainsAny(coding, ", "):
			return nil, fmt.Errorf("%q is the name of no coding", name)
		case d == nil:
			return nil, fmt.Errorf("no function for %q", name)
		case seen[coding]:
			return nil, fmt.Errorf("several functions for %q", coding)
		}
		all[coding], seen[coding] = d, true
	}
	return all, nil
}

// inflate takes what the name means, which is zlib's format, and what many take it for.
func inflate(r io.Reader) (io.ReadCloser, error) {
	b := bufio.NewReader(r)
	head, err := b.Peek(2)
	if err != nil {
		return nil, err
	}
	if head[0]&0x0f == 8 && (int(head[0])<<8|int(head[1]))%31 == 0 {
		return zlib.NewReader(b)
	}
	return flate.NewReader(b), nil
}

// decoded is the body of an encoded answer.
type decoded struct {
	wire   wire
	codes  string
	layers []*layer // the last one has the file
}

// decode has the body of an answer decoded.
func (x *answer) decode(body io.ReadCloser) io.ReadCloser {
	d := &decoded{wire: wire{x: x, body: body}, codes: x.v.Decode}
	var from io.Reader = &d.wire
	for _, coding := range slices.Backward(strings.Split(d.codes, ", ")) {
		l := &layer{open: x.f.e.Decoders[coding], from: bufio.NewReader(from)}
		d.layers, from = append(d.layers, l), l
	}
	return d
}

// Read implements io.Reader. Its end is the file's.
func (d *decoded) Read(p []byte) (int, error) {
	n, err := d.layers[len(d.layers)-1].Read(p)
	if err == nil || err == io.EOF {
		return n, err
	}
	switch broke := d.wire.ended(nil); {
	case broke != nil && broke != io.EOF: // whatever a decoder makes of that
		err = broke
	case errors.Is(err, io.ErrUnexpectedEOF):
		err = io.ErrUnexpectedEOF
	default:
		err = fmt.Errorf("%w: decode %s: %w", fail.ErrEncoding, d.codes, err)
	}
	return n, err
}

// Close implements io.Closer: the network first, which a decoder may still be waiting for.
func (d *decoded) Close() error {
	err := d.wire.body.Close()
	for _, l := range slices.Backward(d.layers) {
		if l.dec != nil {
			err = errors.Join(err, l.dec.Close())
		}
	}
	return err
}

// wire is the body as it comes off the network. A decoder may read it from a goroutine of its
// own.
type wire struct {
	x    *answer
	body io.ReadCloser

	mu  sync.Mutex
	err error // that it ended with
}

func (w *wire) Read(p []byte) (int, error) {
	if err := w.ended(nil); err != nil {
		return 0, err
	}
	paid := w.x.grain()
	if paid = min(paid, int64(len(p))); paid > 0 {
		if err := w.x.take(paid); err != nil {
			return 0, w.ended(err)
		}
		p = p[:paid]
	}
	n, err := w.body.Read(p)
	if n > 0 {
		w.x.f.plan.Arrived(w.x.s, time.Now())
		w.x.arrived(n)
	}
	w.x.giveBack(paid - int64(n))
	return n, w.ended(err)
}

// ended notes the first error, and returns it.
func (w *wire) ended(err error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		w.err = err
	}
	return w.err
}

// layer undoes one coding.
type layer struct {
	open Decoder
	from *bufio.Reader
	dec  io.ReadCloser // nil: not begun
	idle int           // reads in a row that brought nothing
}

var (
	errMore   = errors.New("there is more behind its end")
	errBroken = errors.New("the decoder broke the contract of io.Reader")
)

// maxIdle is how often a decoder may say that there is nothing yet.
const maxIdle = 100

func (l *layer) Read(p []byte) (n int, err error) {
	if l.dec == nil {
		if l.dec, err = l.open(l.from); err != nil {
			l.dec = nil
			return 0, cut(err)
		}
		if l.dec == nil {
			return 0, errBroken
		}
	}
	n, err = l.dec.Read(p)
	if n < 0 || n > len(p) {
		return 0, errBroken
	}
	if l.idle++; n > 0 {
		l.idle = 0
	}
	switch {
	case err == io.EOF:
		return n, l.end()
	case err == nil && l.idle >= maxIdle:
		return n, io.ErrNoProgress
	}
	return n, err
}

// end is what there is to say at the end: what this is made from has to end there, too, and only
// its own end shows that it was whole.
func (l *layer) end() error {
	_, err := l.from.ReadByte()
	if err == nil {
		return errMore
	}
	return err
}

// cut is that something ended before it had begun.
func cut(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
