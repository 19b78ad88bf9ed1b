package littledl_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	. "github.com/littledl/littledl/internal/faultserver"
)

// One harmless fault of the source that has the right file, beside a backup that has not.

// harmless are faults of one request, or of its moment, that say nothing against a source.
var harmless = map[string]Behaviour{
	"reset":        First(1, RSTNow()),
	"header stall": First(1, StallHeader()),
	"body stall":   First(1, Stall(1000)),
	"busy":         First(1, Status(500)),
}

// TestOneFaultAndPage: a login page of a backup is no file while the first source may have
// it yet.
func TestOneFaultAndPage(t *testing.T) {
	t.Parallel()
	for name, does := range harmless {
		for _, size := range []int64{100 * kib, 7 * mib} {
			for _, known := range []bool{false, true} {
				t.Run(fmt.Sprint(name, " ", size, " ", known), func(t *testing.T) {
					inBubble(t, func(b *bed) {
						b.enhanced, b.conf.HeaderTimeout, b.conf.StallTimeout, b.restarts = true, time.Second, time.Second, 1
						backup := b.origin("backup.test:80")
						backup.File("a.bin", Behave(HTML200()))
						b.add(b.srv.File("first.bin", Size(1000)))
						f := b.srv.File("a.bin", Size(size), Behave(does))
						opts := []littledl.URLOption{littledl.WithBackupURLs(backup.URL("a.bin")), littledl.WithPriority(1)}
						if known {
							opts = append(opts, littledl.WithHash("sha256", f.Sum()))
						}
						b.add(f, opts...)
						require.NoError(b, b.start())
					})
				})
			}
		}
	}
}

// TestPageOfBackup: where nobody else can serve a page is the file after all, and where a
// page was asked for it is at once.
func TestPageOfBackup(t *testing.T) {
	for _, name := range []string{"a.bin", "index.html"} {
		inBubble(t, func(b *bed) {
			b.enhanced = true
			backup := b.origin("backup.test:80")
			page := backup.File(name, Type("text/html"), Size(5000))
			b.addURL(b.srv.URL(name), page.Content(), littledl.WithBackupURLs(backup.URL(name)))
			require.NoError(b, b.start())
		})
	}
}

// TestRepairInterrupted: while a file is completed from one source alone, since another
// one lies, what happens to that one is no evidence against it.
func TestRepairInterrupted(t *testing.T) {
	t.Parallel()
	const size = 8 * mib
	for name, does := range map[string]Behaviour{
		"500":            After(3, First(1, Status(500))),
		"reset":          After(3, First(1, RST(100*kib))),
		"another ETag":   After(3, Become(ETag(`"another"`))),
		"range ignored":  After(3, First(1, NoRangeLie())),
		"no such range":  After(3, First(1, Always416())),
		"headers stall":  After(3, First(1, StallHeader())),
		"only a restart": After(3, First(1, EmptyReply())),
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(b *bed) {
				b.enhanced, b.restarts, b.conf.HeaderTimeout = true, 3, 2*time.Second
				liar := b.origin("liar.test:80")
				f := b.srv.File("a.bin", Size(size), Behave(does))
				liar.File("a.bin", Data(Bytes(Generate("other", 3, size))), ETag(`"x"`))
				id := b.add(f, littledl.WithHash("sha256", f.Sum()), littledl.WithBackupURLs(liar.URL("a.bin")))
				require.NoError(b, b.start())
				require.True(b, b.task(id).Sources[1].Dropped)
				require.False(b, b.task(id).Sources[0].Dropped)
			})
		})
	}
}

// TestRepairDoesNotYield: nor does it give way to small files, or it would never be known
// who lied.
func TestRepairDoesNotYield(t *testing.T) {
	inBubble(t, func(b *bed) {
		b.enhanced, b.files, b.restarts = true, 1, 2
		liar := b.origin("liar.test:80")
		f := b.srv.File("a.bin", Size(8*mib))
		liar.File("a.bin", Data(Bytes(Generate("other", 3, 8*mib))), ETag(`"x"`))
		id := b.add(f, littledl.WithHash("sha256", f.Sum()), littledl.WithBackupURLs(liar.URL("a.bin")))
		for i := range 20 {
			small := b.srv.File(fmt.Sprint(i), Size(1000))
			time.AfterFunc(time.Duration(i)*100*time.Millisecond, func() {
				_, err := b.d.AddURL(small.URL(), littledl.WithSavePath(b.dir))
				require.NoError(b, err)
			})
		}
		require.NoError(b, b.d.Start(b.Context()))
		require.NoError(b, b.compare(b.task(id)))
		require.True(b, b.task(id).Sources[1].Dropped)
	})
}

// TestSilentRequest: one request that is never answered does not hold up the file.
func TestSilentRequest(t *testing.T) {
	t.Parallel()
	for _, mirror := range []bool{false, true} {
		inBubble(t, func(b *bed) {
			b.enhanced = true
			f := b.srv.File("a.bin", Size(12*mib), Behave(After(3, First(1, StallHeader()))))
			opts := []littledl.URLOption{littledl.WithHash("sha256", f.Sum())}
			if mirror {
				other := b.origin("other.test:80")
				other.File("a.bin", Data(Bytes(f.Content())))
				opts = append(opts, littledl.WithBackupURLs(other.URL("a.bin")))
			}
			b.add(f, opts...)
			require.NoError(b, b.start())
			require.Less(b, b.took, 10*time.Second, "HeaderTimeout is 30 s")
		})
	}
}

// TestAnotherETagEachTimeAndPause: a stream that begins anew may be of another version.
func TestAnotherETagEachTimeAndPause(t *testing.T) {
	inBoth(t, func(b *bed) {
		b.restarts = 6
		b.net.Shape(Same(line(2 * mib)))
		b.add(b.srv.File("a.bin", Size(8*mib), Behave(ETagOnly())))
		for i := range 3 {
			at := time.Duration(2*i+1) * time.Second
			time.AfterFunc(at, func() { _ = b.d.Pause() })
			time.AfterFunc(at+500*time.Millisecond, func() { _ = b.d.Resume() })
		}
		require.NoError(b, b.start())
	})
}
