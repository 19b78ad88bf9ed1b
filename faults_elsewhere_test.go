package littledl_test

import (
	"fmt"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	. "github.com/littledl/littledl/internal/faultserver"
)

// What is known of a host holds where redirects lead to it as well.

// behind makes files at another host, and has the bed's own lead to them.
func (b *bed) behind(other *Server, n int, size int64, does ...Behaviour) {
	for i := range n {
		name := fmt.Sprintf("%d.bin", i)
		f := other.File(name, Size(size), Behave(does...))
		b.addURL(b.srv.File(name, Behave(RedirectTo(f.URL(), 302))).URL(), f.Content())
	}
}

// 128: a host that redirects lead to is in an outage: no file fails, and it is asked now and then.
func TestOutageBehindRedirects(t *testing.T) {
	t.Parallel()
	const at, long = time.Second, 12 * time.Second
	words := map[string]func(b *bed, s *Server, on bool){
		"refused": func(b *bed, _ *Server, on bool) {
			var err error
			if on {
				err = errRefused
			}
			b.net.FailDial("cdn.test:80", err)
		},
		"no such name": func(b *bed, _ *Server, on bool) {
			var err *net.DNSError
			if on {
				err = &net.DNSError{Err: "no such host", Name: "cdn.test", IsNotFound: true}
			}
			b.net.FailName("cdn.test", err)
		},
	}
	for _, code := range []int{500, 502, 503, 504, 521} {
		words[fmt.Sprint(code)] = func(_ *bed, s *Server, on bool) {
			if on {
				s.Behave(ConnClose(), Status(code))
			} else {
				s.Behave(ConnClose())
			}
		}
	}
	for what, does := range words {
		t.Run("128 "+what, func(t *testing.T) {
			inBoth(t, func(b *bed) {
				b.net.Shape(Same(line(256 * kib)))
				cdn := b.origin("cdn.test:80")
				cdn.Behave(ConnClose())
				b.behind(cdn, 40, 100*kib)
				time.AfterFunc(at, func() { does(b, cdn, true) })
				time.AfterFunc(at+long, func() { does(b, cdn, false) })
				var asked atomic.Int64
				time.AfterFunc(at+3*time.Second, func() { asked.Add(-int64(len(cdn.Requests()))) })
				time.AfterFunc(at+long-time.Millisecond, func() { asked.Add(int64(len(cdn.Requests()))) })
				require.NoError(b, b.start())
				require.Less(b, b.took, at+long+20*time.Second)
				require.LessOrEqual(b, asked.Load(), int64(8), "in nine seconds")
			})
		})
	}
}

// 128: it is the host that redirects whose outage it is, though it has served no file: it has led
// to some.
func TestOutageOfARedirector(t *testing.T) {
	t.Parallel()
	for _, code := range []int{500, 502} {
		t.Run(fmt.Sprint("128 ", code), func(t *testing.T) {
			inBoth(t, func(b *bed) {
				b.net.Shape(Same(line(256 * kib)))
				b.behind(b.origin("cdn.test:80"), 40, 100*kib)
				time.AfterFunc(time.Second, func() { b.srv.Behave(Status(code)) })
				time.AfterFunc(9*time.Second, func() { b.srv.Behave() })
				require.NoError(b, b.start())
				require.Less(b, b.took, 25*time.Second)
			})
		})
	}
}

// 127: what a host asks for is kept by all who are led there.
func TestRetryAfterBehindRedirects(t *testing.T) {
	t.Parallel()
	inBoth(t, func(b *bed) {
		cdn := b.origin("cdn.test:80")
		b.behind(cdn, 20, 1000, Status(503, RetryAfter("3600")))
		err := b.start()
		require.Equal(b, 503, statusOf(err))
		require.LessOrEqual(b, len(cdn.Requests()), b.connections())
		require.Less(b, b.took, 2*time.Second)
	})
}

// 133: ranges are refused where redirects lead.
func TestRangesRefusedBehindRedirects(t *testing.T) {
	t.Parallel()
	for _, code := range []int{400, 403, 500, 501, 503} {
		t.Run(fmt.Sprint("133 ", code), func(t *testing.T) {
			inBoth(t, func(b *bed) {
				b.behind(b.origin("cdn.test:80"), 5, 8*mib, When(asksRange, Status(code)))
				require.NoError(b, b.start())
			})
		})
	}
}
