package fetch_test

import (
	"net/http"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/faultserver"
	"github.com/littledl/littledl/internal/fetch"
)

// refusals are the ways in which HTTP/2 is agreed to and then refused.
var refusals = map[string]faultserver.Refusal{
	"reset": faultserver.ByReset, "end": faultserver.ByGoAway, "late end": faultserver.ByGoAwayLate, "end ahead": faultserver.ByGoAwayAhead,
}

// TestHTTP1Required: who wants HTTP/1.1 gets it at once, for good, and whoever asks.
func TestHTTP1Required(t *testing.T) {
	for name, r := range refusals {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			t.Run(name+" "+method, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					srv := faultserver.Start(t, faultserver.On(faultserver.NewNet(), "a.test:443"), faultserver.RefuseHTTP2(r))
					f := srv.File("a.bin", faultserver.Size(1000))
					cl := client(t, config(srv))
					for range 5 {
						res, err := get(t, cl, f.URL(), func(r *fetch.Request) { r.Method = method })
						require.NoError(t, err)
						require.Equal(t, "HTTP/1.1", res.Proto)
					}
					require.LessOrEqual(t, srv.Refused(), 1, "none where the end comes first")
				})
			})
		}
	}
}

// TestHTTP1RequiredAtOnce has requests under way together when the first is refused.
func TestHTTP1RequiredAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := faultserver.NewNet()
		n.Shape(faultserver.Same(faultserver.RTT(100 * time.Millisecond)))
		srv := faultserver.Start(t, faultserver.On(n, "a.test:443"), faultserver.RefuseHTTP2(faultserver.ByReset))
		cl := client(t, config(srv))
		began := time.Now()
		var all sync.WaitGroup
		for i := range 10 {
			f := srv.File(strconv.Itoa(i), faultserver.Size(1000))
			all.Go(func() {
				res, err := get(t, cl, f.URL())
				require.NoError(t, err)
				require.Equal(t, "HTTP/1.1", res.Proto)
			})
		}
		all.Wait()
		require.LessOrEqual(t, srv.Refused(), 10)
		require.Less(t, time.Since(began), 2*time.Second)
	})
}

// TestHTTP1RequiredElsewhere: it is the host that answers who wants it, not the one that led there.
func TestHTTP1RequiredElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := faultserver.NewNet()
		srv := faultserver.Start(t, faultserver.On(n, "a.test:443", "b.test:443"), faultserver.RefuseHTTP2(faultserver.ByReset))
		front := faultserver.Start(t, faultserver.On(n, "front.test:80"))
		f := front.File("a.bin", faultserver.Behave(faultserver.RedirectTo(srv.URL("a.bin"), http.StatusFound)))
		srv.File("a.bin", faultserver.Size(1000))
		cl := client(t, config(srv))
		for range 2 {
			_, err := get(t, cl, f.URL())
			require.NoError(t, err)
		}
		require.Equal(t, 1, srv.Refused())
		_, err := get(t, cl, srv.URLAt("b.test:443", "a.bin"))
		require.NoError(t, err)
		require.Equal(t, 2, srv.Refused())
	})
}

// TestMuteOverHTTP2: who has never answered, and is mute over HTTP/2, is asked over HTTP/1.1 next,
// and goes on to be if that helps; if not, it is asked over HTTP/2 again.
func TestMuteOverHTTP2(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := faultserver.Start(t, faultserver.On(faultserver.NewNet(), "a.test:443"), faultserver.RefuseHTTP2(faultserver.ByGoAwayOpen))
		f := srv.File("a.bin", faultserver.Size(1000))
		cl := client(t, config(srv))
		_, err := get(t, cl, f.URL())
		require.Error(t, err)
		for range 3 {
			res, err := get(t, cl, f.URL())
			require.NoError(t, err)
			require.Equal(t, "HTTP/1.1", res.Proto)
		}
		f.Behave(faultserver.First(1, faultserver.StallHeader()))
		_, err = get(t, cl, f.URL())
		require.Error(t, err)
		_, err = get(t, cl, f.URL())
		require.NoError(t, err)
		require.Equal(t, 1, srv.Refused())
	})
	synctest.Test(t, func(t *testing.T) {
		srv := faultserver.Start(t, faultserver.On(faultserver.NewNet(), "a.test:443"), faultserver.HTTP2())
		f := srv.File("a.bin", faultserver.Size(1000), faultserver.Behave(faultserver.First(1, faultserver.StallHeader())))
		cl := client(t, config(srv))
		for range 2 {
			_, err := get(t, cl, f.URL())
			require.Error(t, err)
		}
		res, err := get(t, cl, f.URL())
		require.NoError(t, err)
		require.Equal(t, "HTTP/2.0", res.Proto)
	})
}
