package littledl_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	. "github.com/littledl/littledl/internal/faultserver"
)

// TestAccept: the caller sees the head of what he is to get before a byte of it is on the disk, once,
// however many connections bring it.
func TestAccept(t *testing.T) {
	for what, c := range map[string]struct {
		size    int64
		manners Behaviour
		told    int64
		status  int
	}{
		"small":          {20 * kib, Good(), 20 * kib, 206},
		"large":          {32 * mib, Good(), 32 * mib, 206},
		"whole":          {8 * mib, NoRange(), 8 * mib, 200},
		"untold":         {20 * kib, NoLength(), -1, 200},
		"after refusals": {8 * mib, First(2, Status(503)), 8 * mib, 206},
		"cut":            {8 * mib, First(3, ShortBody(100)), 8 * mib, 206},
		"by a redirect":  {20 * kib, Redirect(2, 302), 20 * kib, 206},
	} {
		t.Run(what, func(t *testing.T) {
			inBoth(t, func(b *bed) {
				var calls atomic.Int32
				f := b.srv.File("a.bin", Size(c.size), Behave(c.manners))
				id := b.add(f, littledl.WithAccept(func(a littledl.Answer) error {
					calls.Add(1)
					require.True(b, strings.HasPrefix(a.FinalURL, f.URL()))
					require.Equal(b, c.status, a.Status)
					require.Equal(b, c.told, a.Size)
					require.Equal(b, "application/octet-stream", a.Header.Get("Content-Type"))
					a.Header.Set("Content-Length", "7") // it is a copy
					finals, parts := b.listing()
					require.Empty(b, finals)
					require.Empty(b, parts)
					return nil
				}))
				require.NoError(b, b.start())
				require.EqualValues(b, 1, calls.Load())
				require.True(b, b.task(id).IsCompleted())
			})
		})
	}
}

// TestAcceptAgain: another version is another question, and so is a mirror's; what is kept is none.
func TestAcceptAgain(t *testing.T) {
	t.Run("changed", func(t *testing.T) {
		inBubble(t, func(b *bed) {
			var tags []string
			f := b.srv.File("a.bin", Size(16*mib), Behave(Slow(mib)))
			b.chunks = 1
			b.add(f, littledl.WithAccept(func(a littledl.Answer) error { tags = append(tags, a.Header.Get("ETag")); return nil }))
			time.AfterFunc(3*time.Second, func() { f.Set(Version(2)) })
			b.srv.Behave(RangeCap(mib))
			b.restarts = 1
			b.d.SetProgressCallback(nil)
			require.NoError(b, b.d.Start(b.Context()))
			require.Len(b, tags, 2)
			require.NotEqual(b, tags[0], tags[1])
		})
	})
	t.Run("mirrors", func(t *testing.T) {
		inBubble(t, func(b *bed) {
			b.enhanced = true
			f := b.srv.File("a.bin", Size(32*mib), Behave(Slow(mib)))
			mirror := b.origin("mirror.test:80").File("a.bin", append(sameAs(f), Behave(Slow(mib)))...)
			var urls []string
			var at atomic.Int32
			b.add(f, enhHash(f.Content()), littledl.WithBackupURLs(mirror.URL()), littledl.WithAccept(func(a littledl.Answer) error {
				require.EqualValues(b, 1, at.Add(1), "one at a time")
				defer at.Add(-1)
				urls = append(urls, strings.SplitN(a.FinalURL, "?", 2)[0])
				time.Sleep(time.Second)
				return nil
			}))
			require.NoError(b, b.start())
			require.ElementsMatch(b, []string{f.URL(), mirror.URL()}, urls)
		})
	})
	t.Run("kept", func(t *testing.T) {
		inBoth(t, func(b *bed) {
			f := b.srv.File("a.bin", Size(20*kib))
			b.add(f)
			require.NoError(b, b.start())
			for _, opt := range hooked(func() error { return errNo }) {
				b.again()
				id := b.add(f, opt)
				require.NoError(b, b.start())
				require.True(b, b.task(id).Reused)
			}
		})
	})
}
