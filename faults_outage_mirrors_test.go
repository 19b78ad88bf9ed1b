package littledl_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	. "github.com/littledl/littledl/internal/faultserver"
)

// Outages of one of several hosts: of a source beside a backup, of what a redirect leads to.

// TestBusyFirstHealthyBackup: what a busy first source cannot give comes from the backup,
// for all files.
func TestBusyFirstHealthyBackup(t *testing.T) {
	t.Parallel()
	for _, after := range []string{"", "1", "5"} {
		inBubble(t, func(b *bed) {
			b.enhanced = true
			b.srv.Behave(Status(503, RetryAfter(after)))
			backup := b.origin("backup.test:80")
			for i := range 100 {
				f := b.srv.File(fmt.Sprint(i), Size(1000))
				backup.File(fmt.Sprint(i), Data(Bytes(f.Content())), Behave(Delay(time.Second)))
				b.add(f, littledl.WithBackupURLs(backup.URL(fmt.Sprint(i))))
			}
			require.NoError(b, b.start())
		})
	}
}

// TestOutageWithUselessBackup: a backup that has no use for the file changes nothing about
// an outage of the first source, whenever that comes: what was fetched is kept.
func TestOutageWithUselessBackup(t *testing.T) {
	t.Parallel()
	const size = 8 * mib
	for name, does := range map[string]Behaviour{
		"503": Status(503), "503 once": First(1, Status(503)), "500": Status(500), "404": Status(404), "403": Status(403),
		"resets": RSTNow(), "gzip": Gzip(), "a loop": RedirectLoop(),
	} {
		for _, at := range []time.Duration{0, 2 * time.Second} {
			if (at > 0 || underRace) && name != "503" && name != "404" && name != "resets" {
				continue
			}
			t.Run(fmt.Sprint(name, " at ", at), func(t *testing.T) {
				enhBubble(t, func(b *enhBed) {
					b.rates["a.test:80"] = 100 * kib
					a, backup := b.origin("a.test"), b.origin("b.test")
					f := a.File("f", Size(size))
					backup.File("f", Size(size), Behave(does))
					b.mirrored("f", f.Content(), nil, a, backup)
					down := func() {
						b.net.FailDial("a.test:80", errRefused)
						b.net.ResetAll()
					}
					if at == 0 {
						down()
					} else {
						time.AfterFunc(at, down)
					}
					time.AfterFunc(at+2*time.Second, func() { b.net.FailDial("a.test:80", nil) })
					require.NoError(b, b.start())
					require.LessOrEqual(b, b.read.Load(), int64(size+4*mib))
				})
			})
		}
	}
}

// TestOutageAndPage: nor is a login page of the backup's the file.
func TestOutageAndPage(t *testing.T) {
	for _, known := range []bool{false, true} {
		for _, d := range []time.Duration{100 * time.Millisecond, time.Second, 8 * time.Second} {
			inBubble(t, func(b *bed) {
				b.enhanced, b.restarts = true, 2
				b.refused("files.test:80", d)
				backup := b.origin("backup.test:80")
				backup.File("a.bin", Behave(HTML200()))
				f := b.srv.File("a.bin", Size(7*mib))
				opts := []littledl.URLOption{littledl.WithBackupURLs(backup.URL("a.bin"))}
				b.add(f, append(opts, hashIf(known, f)...)...)
				require.NoError(b, b.start())
			})
		}
	}
}

// TestBusyThenServes: a first source that is busy for a while is waited for as long with a
// dead backup as without one.
func TestBusyThenServes(t *testing.T) {
	for _, after := range []string{"", "1"} {
		for _, backup := range []bool{false, true} {
			inBubble(t, func(b *bed) {
				b.enhanced = true
				b.srv.Behave(Status(503, RetryAfter(after)))
				time.AfterFunc(10*time.Second, func() { b.srv.Behave() })
				b.net.FailDial("backup.test:80", errRefused)
				var opts []littledl.URLOption
				if backup {
					opts = append(opts, littledl.WithBackupURLs("http://backup.test/a.bin"))
				}
				b.add(b.srv.File("a.bin", Size(7*mib)), opts...)
				require.NoError(b, b.start())
			})
		}
	}
}
