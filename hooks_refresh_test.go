package littledl_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	. "github.com/littledl/littledl/internal/faultserver"
)

// signed serves a file to who has the latest signature, which is another one after each of these
// times.
func signed(over Behaviour, after ...time.Duration) (b Behaviour, sign func() string) {
	var n atomic.Int32
	for _, d := range after {
		time.AfterFunc(d, func() { n.Add(1) })
	}
	sign = func() string { return fmt.Sprintf("sig=%d", n.Load()) }
	return When(func(req *Request) bool { return !strings.Contains(req.URL.RawQuery, sign()) }, over), sign
}

// TestRefresh: a signed URL that expires three times during a download costs no byte that was
// fetched, and each time one call.
func TestRefresh(t *testing.T) {
	for what, over := range map[string]Behaviour{"403": Status(403), "401": Status(401), "410": Status(410), "400": Status(400), "404": Status(404)} {
		for _, chunks := range []int{1, 4} {
			t.Run(fmt.Sprint(what, " ", chunks), func(t *testing.T) {
				inBoth(t, func(b *bed) {
					b.chunks = chunks
					manners, sign := signed(over, 2*time.Second, 4*time.Second, 6*time.Second)
					f := b.srv.File("a.bin", Size(int64(12*chunks)*mib), Behave(manners, RangeCap(mib/2), Slow(mib)))
					calls, at := 0, atomic.Int32{}
					id, err := b.downloader().AddURL(f.URL()+"?sig=0&key="+secret, littledl.WithSavePath(b.dir),
						littledl.WithHeader(http.Header{"X-Api-Key": {secret}}),
						littledl.WithRefresh(func(ctx context.Context, task littledl.FileTask) (string, error) {
							require.EqualValues(b, 1, at.Add(1))
							defer at.Add(-1)
							require.NoError(b, ctx.Err())
							require.Positive(b, task.Downloaded)
							calls++
							return f.URL() + "?" + sign(), nil
						}))
					require.NoError(b, err)
					b.d.SetProgressCallback(nil)
					require.NoError(b, b.d.Start(b.Context()))
					got := b.task(id)
					b.want[id] = []Content{f.Content()}
					require.NoError(b, b.compare(got))
					require.Equal(b, 3, calls)
					require.Less(b, b.srv.BytesSent("a.bin"), f.Content().Size()+2*mib)
					for _, r := range b.srv.GETs() {
						require.Equal(b, secret, r.Header.Get("X-Api-Key"), "it is the same origin")
					}
				})
			})
		}
	}
}

// TestRefreshAtTheBeginning: what has expired before it was ever asked is fetched from the fresh
// URL, at another origin without the header; what refuses that as well is final.
func TestRefreshAtTheBeginning(t *testing.T) {
	for what, good := range map[string]bool{"good": true, "refused as well": false} {
		t.Run(what, func(t *testing.T) {
			inBoth(t, func(b *bed) {
				old := b.srv.File("a.bin", Size(8*mib), Behave(Status(403)))
				to := b.origin("fresh.test:80").File("b.bin", Data(Bytes(old.Content())))
				if !good {
					to.Behave(Status(403))
				}
				calls := 0
				id := b.add(old, littledl.WithRefresh(func(context.Context, littledl.FileTask) (string, error) {
					calls++
					return to.URL(), nil
				}))
				err := b.start()
				require.Equal(b, 1, calls)
				if !good {
					require.Equal(b, 403, statusOf(err))
					return
				}
				require.NoError(b, err)
				require.Equal(b, "a.bin", b.task(id).Filename)
				require.Equal(b, to.URL(), b.task(id).FinalURL)
				b.again()
				old.Behave()
				old.Set(LastModified(to.Representation().LastModified), ETag(to.Representation().ETag))
				id = b.add(old)
				require.NoError(b, b.start())
				require.True(b, b.task(id).Reused, "it is marked as of the URL as given")
			})
		})
	}
}

// TestRefreshIsNotFor what is missing, or was never refused; nor for a backup.
func TestRefreshIsNotFor(t *testing.T) {
	inBubble(t, func(b *bed) {
		b.enhanced = true
		none := func(context.Context, littledl.FileTask) (string, error) { b.Error("it is asked"); return "", nil }
		b.add(b.srv.File("a.bin", Behave(Status(404))), littledl.WithRefresh(none))
		b.add(b.srv.File("b.bin"), littledl.WithRefresh(none))
		b.add(b.srv.File("c.bin", Behave(Status(500))), littledl.WithRefresh(none))
		require.Error(b, b.start())
	})
	inBubble(t, func(b *bed) {
		b.enhanced = true
		f := b.srv.File("a.bin", Size(8*mib), Behave(Status(403)))
		backup := b.origin("backup.test:80").File("a.bin", sameAs(f)...)
		calls := 0
		b.add(f, littledl.WithBackupURLs(backup.URL()), littledl.WithRefresh(func(context.Context, littledl.FileTask) (string, error) {
			require.Empty(b, b.servers[1].Requests(), "before backups are")
			calls++
			return "", errNo
		}))
		require.NoError(b, b.start())
		require.Equal(b, 1, calls)
	})
}

// TestRefreshGivesNoURL: what it returns is looked at.
func TestRefreshGivesNoURL(t *testing.T) {
	inBoth(t, func(b *bed) {
		b.add(b.srv.File("a.bin", Behave(Status(403))), littledl.WithRefresh(func(context.Context, littledl.FileTask) (string, error) { return "ftp://x/y", nil }))
		require.ErrorIs(b, b.start(), littledl.ErrInvalidURL)
	})
}

// TestRefreshIsPaused: a pause ends its context, and it is asked again.
func TestRefreshIsPaused(t *testing.T) {
	inBoth(t, func(b *bed) {
		old, fresh := b.srv.File("a.bin", Size(20*kib), Behave(Status(403))), b.srv.File("b.bin", Size(20*kib), Seed("a.bin"))
		calls := 0
		b.add(old, littledl.WithRefresh(func(ctx context.Context, _ littledl.FileTask) (string, error) {
			if calls++; calls == 1 {
				<-ctx.Done()
				return "", ctx.Err()
			}
			return fresh.URL(), nil
		}))
		time.AfterFunc(time.Second, func() { b.d.Pause() })
		time.AfterFunc(2*time.Second, func() { b.d.Resume() })
		require.NoError(b, b.start())
		require.Equal(b, 2, calls)
	})
}
