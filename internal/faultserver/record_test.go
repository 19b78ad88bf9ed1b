package faultserver

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/replay"
)

// TestNeverCountsTooMany has workers that ask, and read or give up, one request at
// a time each: the server must not see more at once than there are workers.
func TestNeverCountsTooMany(t *testing.T) {
	const workers = 4
	run := func(t *testing.T, srv *Server) {
		seed := replay.Seed(t)
		f := srv.File("f", Size(400_000))
		// Else a worker's next request waits behind its last one on its connection.
		srv.Client().Transport.(*http.Transport).DisableKeepAlives = true
		var all sync.WaitGroup
		for w := range workers {
			all.Go(func() {
				rng := rand.New(rand.NewPCG(seed, uint64(w)))
				for range 50 {
					req, _ := http.NewRequest(http.MethodGet, f.URL(), nil)
					if rng.IntN(2) == 0 {
						req.Header.Set("Range", "bytes=0-199999")
					}
					res, err := srv.Client().Do(req)
					if err != nil {
						t.Error(err)
						return
					}
					if rng.IntN(4) > 0 {
						io.Copy(io.Discard, res.Body)
					}
					res.Body.Close()
				}
			})
		}
		all.Wait()
		require.LessOrEqual(t, srv.MaxInFlight(), workers)
		require.Len(t, srv.GETs("f"), 50*workers)
	}
	t.Run("loopback", func(t *testing.T) { run(t, Start(t)) })
	t.Run("memory", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) { run(t, Start(t, On(NewNet(), "files.test:80"))) })
	})
}

func TestGivenUpIsOverBeforeTheServerHears(t *testing.T) {
	bubble(t, "closed", func(t *testing.T, n *Net) {
		client, server := pair(t, n, "a.test:80")
		rec := newRecorder()
		rec.begin(&entry{ctx: t.Context(), conn: server})
		client.Close()
		rec.begin(&entry{ctx: t.Context(), conn: server})
		require.Equal(t, 1, rec.most(func(Record) bool { return true }))
	})
	t.Run("closed over TCP", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer l.Close()
		client, err := net.Dial("tcp", l.Addr().String())
		require.NoError(t, err)
		server, err := l.Accept()
		require.NoError(t, err)
		defer server.Close()
		require.False(t, peerGone(server))
		client.Close()
		require.Equal(t, runtime.GOOS != "windows", peerGone(server))
	})
	bubble(t, "cancelled", func(t *testing.T, n *Net) {
		_, server := pair(t, n, "a.test:80")
		ctx, cancel := context.WithCancel(t.Context())
		rec := newRecorder()
		rec.begin(&entry{ctx: ctx, conn: server})
		cancel()
		rec.begin(&entry{ctx: t.Context(), conn: server})
		require.Equal(t, 1, rec.most(func(Record) bool { return true }))
	})
}

func TestGivenUpEndsAMomentEarlier(t *testing.T) {
	for givenUp, want := range map[bool]int{true: 1, false: 2} {
		bubble(t, fmt.Sprint(givenUp), func(t *testing.T, n *Net) {
			_, server := pair(t, n, "a.test:80")
			rec := newRecorder()
			first := &entry{ctx: t.Context(), conn: server}
			rec.begin(first)
			time.Sleep(time.Minute)
			rec.begin(&entry{ctx: t.Context(), conn: server})
			rec.leave(first, givenUp)
			require.Equal(t, want, rec.most(func(Record) bool { return true }))
		})
	}
}

// lastByte notes for each write whether the request still counted.
type lastByte struct {
	x       *exchange
	counted []bool
}

func (l *lastByte) Write(b []byte) (int, error) {
	l.counted = append(l.counted, !l.x.rec.over(l.x.entry))
	return len(b), nil
}

func TestCountsNoLongerWithTheLastByte(t *testing.T) {
	bubble(t, "three pieces", func(t *testing.T, n *Net) {
		_, server := pair(t, n, "a.test:80")
		x := &exchange{
			entry: &entry{ctx: t.Context(), conn: server},
			rec:   newRecorder(),
			raw:   true,
			res:   &Response{Body: zeros(30), Piece: 10},
		}
		x.rec.begin(x.entry)
		w := &lastByte{x: x}
		require.True(t, x.sendBody(w))
		require.Equal(t, []bool{true, true, false}, w.counted)
	})
}

// TestGivenUpBeforeItCame: a request that was given up may come behind one that was sent for it,
// over another connection.
func TestGivenUpBeforeItCame(t *testing.T) {
	for long, want := range map[time.Duration]int{0: 1, grace - 1: 1, grace: 2, time.Second: 2} {
		bubble(t, long.String(), func(t *testing.T, n *Net) {
			_, server := pair(t, n, "a.test:80")
			r, sent, givenUp := newRecorder(), &entry{ctx: t.Context(), conn: server}, &entry{ctx: t.Context(), conn: server}
			r.begin(sent)
			r.begin(givenUp)
			time.Sleep(long)
			r.leave(givenUp, true)
			require.Equal(t, want, r.most(func(Record) bool { return true }))
		})
	}
}

func TestCountsAllThatWait(t *testing.T) {
	everywhere(t, func(t *testing.T, srv *Server) {
		srv.Behave(Delay(30 * time.Millisecond))
		srv.File("a", Size(10))
		srv.File("b", Size(10))
		var all sync.WaitGroup
		for i := range 6 {
			all.Go(func() {
				if res, err := srv.Client().Get(srv.URL([]string{"a", "b"}[i%2])); err == nil {
					res.Body.Close()
				}
			})
		}
		all.Wait()
		require.Equal(t, 6, srv.MaxInFlight())
		require.Equal(t, 3, srv.MaxInFlight("a"))
		srv.ResetRecords()
		require.Empty(t, srv.Requests())
		require.Zero(t, srv.MaxInFlight())
	})
}

func TestCloseLeavesNothing(t *testing.T) {
	before := runtime.NumGoroutine()
	for _, opts := range [][]Option{nil, {HTTP2()}, {On(NewNet(), "a.test:80", "b.test:80")}} {
		srv, err := New(opts...)
		require.NoError(t, err)
		f := srv.File("f", Behave(Stall(10)))
		res, err := ask(t, srv, http.MethodGet, f.URL())
		require.NoError(t, err)
		srv.Close()
		_, err = io.ReadAll(res.Body)
		require.Error(t, err)
		res.Body.Close()
		require.Zero(t, srv.OpenConns())
	}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for start := time.Now(); runtime.NumGoroutine() > before; <-tick.C {
		require.Less(t, time.Since(start), 5*time.Second, "goroutines are left")
	}
}

func TestFileOptions(t *testing.T) {
	everywhere(t, func(t *testing.T, srv *Server) {
		modified := time.Date(1998, 5, 6, 7, 8, 9, 0, time.UTC)
		f := srv.File("/f", Data([]byte("hello")), ETag(`"e"`), LastModified(modified), Type("text/plain"))
		res, body, err := get(t, srv, f.URL())
		require.NoError(t, err)
		require.Equal(t, "hello", string(body))
		require.Equal(t, `"e"`, res.Header.Get("ETag"))
		require.Equal(t, "Wed, 06 May 1998 07:08:09 GMT", res.Header.Get("Last-Modified"))
		require.Equal(t, "text/plain", res.Header.Get("Content-Type"))
		require.Equal(t, "f", f.Name())
		require.Equal(t, f.Sum(), srv.Sum("f"))

		require.Equal(t, Bytes(srv.File("mirror", Seed("x")).Content()), Bytes(srv.File("x").Content()))
		require.Equal(t, srv.Lookup("mirror").Representation().ETag, srv.Lookup("x").Representation().ETag)
		require.Panics(t, func() { srv.Lookup("missing") })
	})
}

func TestParseRange(t *testing.T) {
	for s, want := range map[string]*Range{
		"bytes=0-0": {0, 0}, "bytes=5-": {5, -1}, "bytes=-5": {-5, -1}, "bytes=5-9": {5, 9},
		"": nil, "bytes=": nil, "bytes=-": nil, "bytes=-0": nil, "bytes=9-5": nil, "bytes=1-2,4-5": nil,
		"items=0-1": nil, "bytes=a-b": nil, "bytes=+1-2": nil, "bytes=99999999999999999999-": nil,
	} {
		require.Equal(t, want, parseRange(s), s)
	}
}
