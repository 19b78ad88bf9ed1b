package littledl_test

import (
	"fmt"
	"strings"
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
						b.add(f, append(opts, hashIf(known, f)...)...)
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
				b.enhanced, b.restarts, b.conf.HeaderTimeout, b.conf.MinChunkSize = true, 3, 2*time.Second, mib
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

// TestRepairIsNotPreempted: nor does it give way to small files, or it would never be known
// who lied.
func TestRepairIsNotPreempted(t *testing.T) {
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

// TestOtherVersionInTime: what a source had served before its host went away is waited for,
// but not for MaxElapsed where a backup has another version of all of it.
func TestOtherVersionInTime(t *testing.T) {
	t.Parallel()
	for name, does := range map[string]Behaviour{
		"busy": After(1, Status(503)), "busy, says for how long": After(1, Status(503, RetryAfter("1"))), "resets": After(1, RSTNow()),
	} {
		for _, trusted := range []bool{false, true} {
			t.Run(fmt.Sprint(name, " ", trusted), func(t *testing.T) {
				enhBubble(t, func(b *enhBed) {
					b.option(littledl.WithTrustedMirrors(trusted))
					a, backup := b.origin("a.test"), b.origin("b.test")
					f := a.File("f", Size(12*mib), Behave(does))
					backup.File("f", Size(12*mib), ETag(`"other"`))
					b.mirrored("f", f.Content(), nil, a, backup)
					require.NoError(b, b.start())
					require.Less(b, b.took, 20*time.Second, "of the minute that it may take")
					if strings.HasPrefix(name, "busy, says") {
						require.Less(b, b.took, 12*time.Second, "in four turns of a second, whichever piece it was for, and then for an eighth of it")
					}
				})
			})
		}
	}
}

// TestSameVersionFirst: an outage that is over soon costs nothing of what is there, whoever
// has another version.
func TestSameVersionFirst(t *testing.T) {
	t.Parallel()
	enhBubble(t, func(b *enhBed) {
		a, backup := b.origin("a.test"), b.origin("b.test")
		up := time.Now().Add(5 * time.Second)
		f := a.File("f", Size(12*mib), Behave(After(1, When(func(*Request) bool { return time.Now().Before(up) }, Status(503)))))
		backup.File("f", Size(12*mib), ETag(`"other"`))
		b.mirrored("f", f.Content(), nil, a, backup)
		require.NoError(b, b.start())
		require.Less(b, a.BytesSent(), int64(12*mib+kib), "and what refuses, says so")
	})
}
