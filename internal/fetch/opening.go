package fetch

import (
	"context"
	"errors"
	"net/http/httptrace"
	"sync"
	"time"

	"github.com/littledl/littledl/internal/fail"
)

// opening is the first request to a proxy, or the first for a tunnel to a target. What it is
// refused need not be asked for again, so others wait for what comes of it.
type opening struct {
	began time.Time
	once  sync.Once
	over  chan struct{}
	err   error // of the proxy; known when it is over
}

// maxAnswering bounds how long a proxy's first request has others wait: where that takes long it
// may be for the target's sake.
const maxAnswering = 5 * time.Second

// end tells the others. Only the first time counts; nil is an opening of somebody else.
func (o *opening) end(err error) {
	if o == nil {
		return
	}
	o.once.Do(func() {
		if errors.Is(err, fail.ErrProxy) {
			o.err = err
		}
		close(o.over)
	})
}

// enter returns what a request through a proxy is to be made with: a context, and a function
// that tells the others what came of it. It waits while another one is the first; where the
// proxy has not given that a tunnel it gives none to those who were waiting either.
func (c *Client) enter(ctx context.Context, r *route, target string) (context.Context, func(error), error) {
	proxy, _ := r.open(ctx, "", maxAnswering)
	var tunnel *opening
	if r.tunnel {
		var err error
		if tunnel, err = r.open(ctx, target, c.conf.ConnectTimeout+c.conf.HeaderTimeout+maxOpening); err != nil {
			proxy.end(nil)
			return nil, nil, err
		}
	}
	end := func(err error) {
		proxy.end(err)
		tunnel.end(err)
	}
	ctx = context.WithValue(ctx, routeKey{}, r)
	if tunnel != nil { // it stands before there is an answer through it
		ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { end(nil) }})
	}
	return ctx, end, nil
}

// open is the opening for a target, which the caller is to end; nil: it is another's, and was
// waited for, with the error that came of it.
func (p *proxy) open(ctx context.Context, target string, patience time.Duration) (*opening, error) {
	p.mu.Lock()
	o := p.opened[target]
	if o == nil {
		o = &opening{began: time.Now(), over: make(chan struct{})}
		p.opened[target] = o
		p.mu.Unlock()
		return o, nil
	}
	p.mu.Unlock()
	select {
	case <-o.over: // before this one came
		return nil, nil
	default:
	}
	await(ctx, o.over, patience-time.Since(o.began))
	select {
	case <-o.over:
		return nil, o.err
	default:
		return nil, nil
	}
}
