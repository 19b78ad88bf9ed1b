package faultserver

import (
	"context"
	"io"
	"net/http"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTransportEverywhere(t *testing.T) {
	everywhere(t, func(t *testing.T, srv *Server) {
		for _, b := range []Behaviour{RST(30_000), ShortBody(30_000), ChunkedBroken(30_000), BadChunk(30_000)} {
			f := srv.File("f", Size(testSize), Behave(First(1, b)))
			_, body, err := get(t, srv, f.URL())
			require.Error(t, err)
			require.Equal(t, file()[:len(body)], body)
			require.LessOrEqual(t, len(body), 30_000)
			_, body, err = get(t, srv, f.URL())
			require.NoError(t, err)
			require.Len(t, body, testSize)
		}
		for _, b := range []Behaviour{RSTNow(), EmptyReply()} {
			f := srv.File("f", Behave(b))
			_, err := ask(t, srv, http.MethodGet, f.URL())
			require.Error(t, err)
		}
		f := srv.File("f", Size(10), Behave(ConnClose()))
		srv.Client().CloseIdleConnections()
		before := srv.Conns()
		for range 3 {
			_, _, err := get(t, srv, f.URL())
			require.NoError(t, err)
		}
		require.Equal(t, before+3, srv.Conns())
	})
}

func TestResetIsAReset(t *testing.T) {
	for name, opts := range map[string][]Option{"loopback": nil, "TLS": {TLS()}} {
		t.Run(name, func(t *testing.T) {
			srv := Start(t, opts...)
			f := srv.File("f", Behave(RST(10_000)))
			_, _, err := get(t, srv, f.URL())
			require.ErrorIs(t, err, syscall.ECONNRESET)
		})
	}
}

// TestGivenUp checks what the client sees of a stall, and that a request counts no
// longer than the client waits for it.
func TestGivenUp(t *testing.T) {
	everywhere(t, func(t *testing.T, srv *Server) {
		for _, b := range []Behaviour{Stall(1000), StallHeader(), Drip(1, time.Hour), Delay(time.Hour), Slow(10)} {
			f := srv.File("f", Size(testSize), Behave(b))
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, f.URL(), nil)
			require.NoError(t, err)
			res, err := srv.Client().Do(req)
			if err == nil {
				_, err = io.Copy(io.Discard, res.Body)
				res.Body.Close()
			}
			require.ErrorIs(t, err, context.DeadlineExceeded)
			cancel()
			// A server hears of it a moment after the client has given up.
			require.Eventually(t, func() bool { return srv.InFlight() == 0 }, 10*time.Second, time.Millisecond)
		}
		srv.File("f", Size(1))
		_, _, err := get(t, srv, srv.URL("f"))
		require.NoError(t, err)
		require.Equal(t, 1, srv.MaxInFlight())
	})
}

func TestSpeedsInVirtualTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := Start(t, On(NewNet(), "files.test:80"))
		for want, b := range map[time.Duration]Behaviour{
			9 * time.Second:          Drip(testSize/10, time.Second),
			10*time.Second - 20*1e6:  Slow(testSize / 10),
			100*time.Second - 20*1e6: SlowConns(testSize / 100),
			time.Hour:                Delay(time.Hour),
		} {
			f := srv.File("f", Size(testSize), Behave(b))
			start := time.Now()
			_, _, err := get(t, srv, f.URL())
			require.NoError(t, err)
			require.Equal(t, want, time.Since(start))
		}
	})
}

func TestLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := Start(t, On(NewNet(), "files.test:80"))
		f := srv.File("f", Size(10))
		at := func() (statuses map[int]int, took time.Duration) {
			start := time.Now()
			results := make(chan int)
			for range 6 {
				go func() {
					res, err := ask(t, srv, http.MethodGet, f.URL())
					if err != nil {
						results <- 0
						return
					}
					res.Body.Close()
					results <- res.StatusCode
				}()
			}
			statuses = map[int]int{}
			for range 6 {
				statuses[<-results]++
			}
			return statuses, time.Since(start)
		}
		srv.Behave(ConnLimit(4, Status(503)))
		f.Behave(Delay(time.Second))
		statuses, _ := at()
		require.Equal(t, map[int]int{200: 4, 503: 2}, statuses)
		require.GreaterOrEqual(t, srv.MaxInFlight("f"), 5, "those refused count until they are")

		srv.Behave(ConnLimit(4, RSTNow()))
		statuses, _ = at()
		require.Equal(t, map[int]int{200: 4, 0: 2}, statuses)

		srv.Behave(Queue(2))
		statuses, took := at()
		require.Equal(t, map[int]int{200: 6}, statuses)
		require.Equal(t, 3*time.Second, took)
	})
}
