package exchange_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/budget"
	"github.com/littledl/littledl/internal/exchange"
	"github.com/littledl/littledl/internal/fail"
	"github.com/littledl/littledl/internal/faultserver"
	"github.com/littledl/littledl/internal/fetch"
	"github.com/littledl/littledl/internal/health"
	"github.com/littledl/littledl/internal/httprange"
	"github.com/littledl/littledl/internal/origin"
)

const size = 300 << 10

// bed is a client and its servers, in a bubble.
type bed struct {
	*testing.T
	net     *faultserver.Net
	origins *origin.Table
	client  *exchange.Client
}

func bubble(t *testing.T, f func(b *bed)) {
	synctest.Test(t, func(t *testing.T) {
		b := &bed{T: t, net: faultserver.NewNet()}
		limits := health.Limits{Base: time.Second, MaxDelay: time.Minute, MaxElapsed: 2 * time.Minute}
		b.origins = origin.NewTable(origin.Config{Slots: budget.New(8), Most: 8, Adaptive: true, Limits: limits, Served: &origin.Served{}})
		c := fetch.New(fetch.Config{
			DialContext: b.net.DialContext, ConnectTimeout: 10 * time.Second, HeaderTimeout: 30 * time.Second, Connections: 8,
			Proxy: func(*http.Request) (*url.URL, error) { return nil, nil },
		})
		defer c.Close()
		b.client = exchange.New(exchange.Config{
			Client: c, Limits: limits, Buffer: 64 << 10,
			Status: func(code int, _ time.Duration) error { return fmt.Errorf("status %d", code) },
		})
		f(b)
	})
}

func (b *bed) server(host string) *faultserver.Server {
	return faultserver.Start(b, faultserver.On(b.net, host+":80"))
}

// ask is for all of a file, in one range.
func (b *bed) ask(raw string) *exchange.Ask {
	b.Helper()
	u, err := url.Parse(raw)
	require.NoError(b, err)
	o := b.origins.Of(u)
	return &exchange.Ask{Source: &exchange.Source{URL: u, Home: o.Name()}, URL: u, Origin: o, Ranged: true, Hi: size}
}

// get asks for it, once.
func (b *bed) get(a *exchange.Ask) (*sink, exchange.Outcome) {
	s := &sink{lo: a.Lo, hi: a.Hi, got: make([]byte, size), spare: true}
	return s, b.client.Get(b.Context(), a.Origin.Lease(origin.Claim{}), a, s)
}

// sink has a file in memory.
type sink struct {
	lo, hi  int64
	got     []byte
	n       int
	answers []exchange.Answer
	refuses error
	spare   bool
	at      *origin.Origin
}

func (s *sink) Accept(a exchange.Answer) (io.WriterAt, error) {
	s.answers, s.at = append(s.answers, a), a.At
	return s, s.refuses
}

func (s *sink) WriteAt(p []byte, off int64) (int, error) { return copy(s.got[off:], p), nil }

func (s *sink) Room(off int64) int64 { return s.hi - off }

func (s *sink) Wrote(_ int64, data []byte) error {
	s.n += len(data)
	return nil
}

func (s *sink) Ended(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

func (s *sink) Facts() fail.Facts { return fail.Facts{Spare: s.spare} }

// useful has an origin have served, and be serving as many.
func (b *bed) useful(o *origin.Origin, serving int) {
	for range serving {
		o.Answered(time.Now())
	}
	o.Answered(time.Now())
	o.Done()
}

var pinned = &httprange.Pin{Size: size}

func ended(t *testing.T) (ctx context.Context, end context.CancelCauseFunc) {
	return context.WithCancelCause(t.Context())
}
