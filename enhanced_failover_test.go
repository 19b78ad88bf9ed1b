package littledl_test

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
)

// TestEnhFirstRequestFails: whatever the first source does at the very first request,
// the next one has the file, soon.
func TestEnhFirstRequestFails(t *testing.T) {
	t.Parallel()
	const name, size = "f.bin", 7 * mib
	for what, spoil := range map[string]func(b *enhBed, primary *faultserver.File){
		"not found": func(_ *enhBed, f *faultserver.File) { f.Behave(faultserver.Status(404)) },
		"forbidden": func(_ *enhBed, f *faultserver.File) { f.Behave(faultserver.Status(403)) },
		"busy":      func(_ *enhBed, f *faultserver.File) { f.Behave(faultserver.Status(503)) },
		"busy for long": func(_ *enhBed, f *faultserver.File) {
			f.Behave(faultserver.Status(503, faultserver.RetryAfter("20")))
		},
		"broken":    func(_ *enhBed, f *faultserver.File) { f.Behave(faultserver.Status(500)) },
		"reset":     func(_ *enhBed, f *faultserver.File) { f.Behave(faultserver.RSTNow()) },
		"silent":    func(_ *enhBed, f *faultserver.File) { f.Behave(faultserver.StallHeader()) },
		"stalled":   func(_ *enhBed, f *faultserver.File) { f.Behave(faultserver.Stall(0)) },
		"redirects": func(_ *enhBed, f *faultserver.File) { f.Behave(faultserver.RedirectLoop()) },
		"name": func(b *enhBed, _ *faultserver.File) {
			b.net.FailName("a.test", &net.DNSError{Err: "no such host", Name: "a.test", IsNotFound: true})
		},
		"name later": func(b *enhBed, _ *faultserver.File) {
			b.net.FailName("a.test", &net.DNSError{Err: "server misbehaving", Name: "a.test", IsTemporary: true})
		},
		"blackhole": func(b *enhBed, _ *faultserver.File) { b.net.Blackhole("a.test:80", true) },
	} {
		t.Run(what, func(t *testing.T) {
			enhBubble(t, func(b *enhBed) {
				a, c := b.origin("a.test"), b.origin("b.test")
				spoil(b, a.File(name, faultserver.Size(size)))
				f := c.File(name, faultserver.Size(size))
				id := b.mirrored(name, f.Content(), nil, a, c)
				require.NoError(b, b.start())
				require.Less(b, b.took, 62*time.Second) // ConnectTimeout and HeaderTimeout at most
				require.Equal(b, []string{"a.test"}, b.dropped(id))
				require.Equal(b, f.URL(), b.task(id).Source)
				require.EqualValues(b, size, b.task(id).Sources[1].Bytes)
			})
		})
	}
}

// TestEnhNobodyListens and a certificate that does not fit are failures at the first
// request, too.
func TestEnhNobodyListens(t *testing.T) {
	enhBubble(t, func(b *enhBed) {
		good := b.origin("b.test")
		bad := faultserver.Start(b, faultserver.On(b.net, "tls.test:443"), faultserver.Expired())
		b.conf.TLSConfig = &tls.Config{RootCAs: bad.ClientTLS().RootCAs}
		f := good.File("f")
		id := b.add("http://nobody.test/f", f.Content(), littledl.WithBackupURLs(bad.URL("f"), f.URL()))
		require.NoError(b, b.start())
		require.Less(b, b.took, 2*time.Second)
		require.Equal(b, []string{"nobody.test", "tls.test"}, b.dropped(id))
		require.Empty(b, bad.GETs())
	})
}

// TestEnhStall: a primary that stands still is left after StallTimeout.
func TestEnhStall(t *testing.T) {
	enhBubble(t, func(b *enhBed) {
		b.conf.StallTimeout = 3 * time.Second
		a, c := b.origin("a.test"), b.origin("b.test")
		f := a.File("f", faultserver.Size(10*mib), faultserver.Behave(faultserver.Stall(512*kib)))
		c.File("f", faultserver.Size(10*mib))
		id := b.mirrored("f", f.Content(), nil, a, c)
		require.NoError(b, b.start())
		require.Less(b, b.took, 6*time.Second)
		require.Equal(b, []string{"a.test"}, b.dropped(id))
	})
}

// TestEnhNoSource: the error says so, and why the first one failed.
func TestEnhNoSource(t *testing.T) {
	enhBubble(t, func(b *enhBed) {
		a, c := b.origin("a.test"), b.origin("b.test")
		id := b.add(a.URL("f"), nil, littledl.WithBackupURLs(c.URL("f"), "http://nobody.test/f"))
		err := b.start()
		require.ErrorIs(b, err, littledl.ErrNoSource)
		require.Equal(b, 404, statusOf(err))
		require.Len(b, b.dropped(id), 2, "the last one is not dropped, it fails")
		require.Less(b, b.took, 70*time.Second)
	})
}

// TestEnhFirstURLOnly: switched off, no backup is asked.
func TestEnhFirstURLOnly(t *testing.T) {
	enhBubble(t, func(b *enhBed) {
		b.option(littledl.WithMultiSource(false))
		a, c := b.origin("a.test"), b.origin("b.test")
		f := c.File("f")
		id := b.mirrored("f", f.Content(), nil, a, c)
		require.Equal(b, 404, statusOf(b.start()))
		require.Zero(b, b.net.Dials("b.test:80"))
		require.Empty(b, b.task(id).Sources)
	})
}

// TestEnhCredentials: what was given for the first URL goes to no backup, and a
// backup's own user info goes to it alone.
func TestEnhCredentials(t *testing.T) {
	for what, name := range map[string]string{"in parallel": "f", "failover": "gone"} {
		t.Run(what, func(t *testing.T) {
			enhBubble(t, func(b *enhBed) {
				b.conf.OriginHeaders = map[string]http.Header{"http://b.test": {"X-Token": {"b"}}}
				a, c, e := b.origin("a.test"), b.origin("b.test"), b.origin("c.test")
				f := c.File(name, faultserver.Size(12*mib))
				e.File(name, faultserver.Size(12*mib))
				if name == "f" {
					a.File(name, faultserver.Size(12*mib))
				}
				b.add("http://me:"+secret+"@a.test/"+name, f.Content(), enhHash(f.Content()),
					littledl.WithHeader(http.Header{"Cookie": {secret}, "X-Api-Key": {secret}}),
					littledl.WithBackupURLs("http://you:word@b.test/"+name, e.URL(name)))
				require.NoError(b, b.start())
				require.NotEmpty(b, c.GETs())
				for _, r := range append(c.Requests(), e.Requests()...) {
					require.NotContains(b, r.Header, "Cookie")
					require.NotContains(b, r.Header, "X-Api-Key")
					require.NotContains(b, r.Header, "Referer")
					user, _, _ := (&http.Request{Header: r.Header}).BasicAuth()
					if r.Origin == "http://b.test" {
						require.Equal(b, "you", user)
						require.Equal(b, "b", r.Header.Get("X-Token"))
					} else {
						require.Empty(b, user)
						require.Empty(b, r.Header.Get("X-Token"))
					}
				}
				for _, r := range a.GETs() {
					require.Equal(b, secret, r.Header.Get("Cookie"))
					require.Empty(b, r.Header.Get("X-Token"))
				}
			})
		})
	}
}

// TestEnhDeadHostOfOthers: a host that others wait for is no reason to wait where there
// is a backup, be it told before or while a request is made.
func TestEnhDeadHostOfOthers(t *testing.T) {
	for _, files := range []int{1, 2} {
		enhBubble(t, func(b *enhBed) {
			b.option(littledl.WithMaxConcurrentFiles(files))
			good := b.origin("b.test")
			var ids []string
			b.add("http://nobody.test/alone", nil)
			for i := range 3 {
				f := good.File(fmt.Sprint(i), faultserver.Size(mib))
				ids = append(ids, b.add("http://nobody.test/"+f.Name(), f.Content(), littledl.WithBackupURLs(f.URL())))
			}
			done := 0
			time.AfterFunc(2*time.Second, func() { done = b.get().GetStats().CompletedFiles })
			require.ErrorContains(b, b.start(), "1 file did not complete")
			require.Equal(b, 3, done)
			for _, id := range ids {
				require.Equal(b, []string{"nobody.test"}, b.dropped(id))
			}
		})
	}
}
