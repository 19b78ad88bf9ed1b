package fetch

import (
	"context"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
)

// body is the body of an answer of somebody else's transport. Those of net/http end with
// the request's context; any may be one that ends when it is closed, and not before. So
// it is closed when the context is over, whoever is reading it: once, and nothing that it
// says then is believed.
type body struct {
	rc    io.ReadCloser
	ctx   context.Context
	of    http.RoundTripper
	rest  int64  // after so many bytes it must end; negative: wherever it does
	ahead []byte // was read to see whether it has ended
	end   error  // what there is to say after that

	once   sync.Once
	err    error // of closing it
	closed atomic.Bool
	stop   func() bool   // lets go of the context
	gone   chan struct{} // closed when nobody will close it any more
}

func newBody(ctx context.Context, of http.RoundTripper, rc io.ReadCloser) *body {
	b := &body{rc: rc, ctx: ctx, of: of, rest: -1, gone: make(chan struct{})}
	b.stop = context.AfterFunc(ctx, func() {
		defer close(b.gone)
		b.shut()
	})
	return b
}

func (b *body) shut() {
	b.once.Do(func() {
		b.closed.Store(true)
		b.err = b.rc.Close()
	})
}

// Close implements io.Closer. It may be called again, and while another goroutine reads.
func (b *body) Close() error {
	b.shut()
	if b.stop() {
		close(b.gone)
	}
	<-b.gone
	return b.err
}

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	switch {
	case len(b.ahead) > 0:
		n := copy(p, b.ahead)
		b.ahead = b.ahead[n:]
		return n, nil
	case b.end != nil:
		return 0, b.end
	}
	n, err := b.read(p)
	if b.rest < 0 {
		return n, err
	}
	tooLong := int64(n) > b.rest
	if b.rest -= int64(n); b.rest == 0 && err == nil {
		var more int
		if more, err = b.peek(); err != nil && err != io.EOF {
			return 0, err // whether these are the last bytes is not known, and somebody will ask for them again
		}
		tooLong = more > 0
	}
	if tooLong {
		b.ahead, b.end = nil, broken(b.of, "more bytes than it announces")
		return 0, b.end
	}
	return n, err
}

// peek waits until there is a byte more, or none.
func (b *body) peek() (n int, err error) {
	b.ahead = make([]byte, 1)
	for n == 0 && err == nil {
		n, err = b.read(b.ahead)
	}
	b.ahead, b.end = b.ahead[:n], err
	return n, err
}

// read does not believe a count that would be the end of the program, nor an end that is
// one of the context.
func (b *body) read(p []byte) (int, error) {
	if err := b.over(); err != nil {
		return 0, err
	}
	n, err := b.rc.Read(p)
	if n < 0 || n > len(p) {
		return 0, broken(b.of, "a body whose Read says %d of %d bytes", n, len(p))
	}
	if err != nil {
		if over := b.over(); over != nil {
			err = over
		}
	}
	return n, err
}

// over is why there is nothing more to read for us, if so.
func (b *body) over() error {
	if err := context.Cause(b.ctx); err != nil {
		return err
	}
	if b.closed.Load() {
		return http.ErrBodyReadAfterClose
	}
	return nil
}
