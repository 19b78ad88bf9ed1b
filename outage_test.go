package littledl_test

import (
	"fmt"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	. "github.com/littledl/littledl/internal/faultserver"
)

// TestBusyHostIsWaitedForOnce: a host that refuses everything costs MaxElapsed, however
// many files it is asked for, and each of them says why.
func TestBusyHostIsWaitedForOnce(t *testing.T) {
	t.Parallel()
	for _, after := range []string{"", "1"} {
		inBoth(t, func(b *bed) {
			b.srv.Behave(Status(503, RetryAfter(after)))
			for i := range 100 {
				b.add(b.srv.File(fmt.Sprint(i)))
			}
			require.Error(b, b.start())
			require.Less(b, b.took, 90*time.Second, "MaxElapsed is 60 s")
			require.Less(b, len(b.srv.GETs()), 1000)
			for _, task := range b.d.GetAllTasks() {
				require.Equal(b, 503, statusOf(task.Err), "%v", task.Err)
			}
		})
	}
}

// TestBusyHostThenServes: what a host has refused for less than MaxElapsed is served after
// it, also where a pause came in between.
func TestBusyHostThenServes(t *testing.T) {
	t.Parallel()
	inBoth(t, func(b *bed) {
		b.srv.Behave(Status(503, RetryAfter("1")))
		for i := range 20 {
			b.add(b.srv.File(fmt.Sprint(i)))
		}
		time.AfterFunc(40*time.Second, func() { _ = b.d.Pause() })
		time.AfterFunc(400*time.Second, func() { _ = b.d.Resume() })
		time.AfterFunc(410*time.Second, func() { b.srv.Behave() })
		require.NoError(b, b.start())
	})
}

// TestNobodyAskedMeanwhile: time in which no file of a host had a place is no time that
// the host was waited for.
func TestNobodyAskedMeanwhile(t *testing.T) {
	inBoth(t, func(b *bed) {
		b.files, b.conf.Retry.MaxElapsed = 1, 2*time.Second
		b.opts = append(b.opts, littledl.WithSmallFilePriority(false))
		other := b.origin("slow.test:80")
		b.add(b.srv.File("first"))
		b.add(b.srv.File("twice", Behave(First(2, EmptyReply()))), littledl.WithPriority(1))
		b.add(other.File("slow", Size(400*kib), Behave(Slow(100*kib))), littledl.WithPriority(2))
		b.add(b.srv.File("last"), littledl.WithPriority(3))
		require.NoError(b, b.start())
	})
}

// TestOutageWithDeadBackup: with a backup that never answers an outage is waited for as
// long as without it.
func TestOutageWithDeadBackup(t *testing.T) {
	for _, does := range []Behaviour{StallHeader(), Status(503), RSTNow()} {
		inBubble(t, func(b *bed) {
			b.enhanced, b.conf.HeaderTimeout, b.conf.StallTimeout = true, 2*time.Second, 2*time.Second
			b.refused("files.test:80", 8*time.Second)
			backup := b.origin("backup.test:80")
			f := b.srv.File("a.bin", Size(7*mib))
			backup.File("a.bin", Size(7*mib), Behave(does))
			b.add(f, littledl.WithBackupURLs(backup.URL("a.bin")))
			require.NoError(b, b.start())
			require.Less(b, b.took, 20*time.Second)
		})
	}
}

var errRefused = &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}

// refused has an address refuse connections for a time.
func (b *bed) refused(addr string, d time.Duration) {
	b.net.FailDial(addr, errRefused)
	time.AfterFunc(d, func() { b.net.FailDial(addr, nil) })
}

// TestBreakOneByOne: an outage that the answers under way notice one after the other is
// one all the same: new requests that are ended without an answer meanwhile were not too
// many.
func TestBreakOneByOne(t *testing.T) {
	inBoth(t, func(b *bed) {
		b.files, b.chunks = 6, 1
		began := time.Now()
		down := func(*Request) bool {
			d := time.Since(began)
			return d >= 400*time.Millisecond && d < 4*time.Second
		}
		for i := range 20 {
			end := First(1, RST(int64(400+600*(i%6))*kib))
			if i >= 6 {
				end = Good()
			}
			b.add(b.srv.File(fmt.Sprint(i), Size(6*mib), Behave(Slow(mib), end, When(down, RSTNow()))))
		}
		require.NoError(b, b.start())
	})
}

// TestOneURLThatResets: a URL that always ends the connection is no outage of its host, as
// long as that answers others: they are not made to wait.
func TestOneURLThatResets(t *testing.T) {
	const good = 400
	for how, does := range map[string]Behaviour{"reset": RSTNow(), "closed": EmptyReply()} {
		t.Run(how, func(t *testing.T) {
			inBoth(t, func(b *bed) {
				b.conf.Retry.MaxElapsed = 5 * time.Second
				bad := b.add(b.srv.File("bad", Size(1000), Behave(Delay(7*time.Millisecond), does)))
				var last time.Duration
				began := time.Now()
				b.d.SetFileCompleteCallback(func(task littledl.FileTask) {
					if task.TaskID != bad {
						last = time.Since(began)
					}
				})
				for i := range good { // at odd times, so that answers do not come in step
					b.add(b.srv.File(fmt.Sprint(i), Size(1000), Behave(Delay(time.Duration(20+i*7%31)*time.Millisecond))))
				}
				var failed *littledl.BatchError
				require.ErrorAs(b, b.d.Start(b.Context()), &failed)
				require.Len(b, failed.Failed, 1)
				require.Less(b, last, 10*time.Second, "of 6 without it")
				require.LessOrEqual(b, failed.Failed[0].Attempts, 20)
			})
		})
	}
}

// TestOutageOverTwoStarts: a host that has served in an earlier Start is in an outage when
// it ends connections without an answer, not a wrong address.
func TestOutageOverTwoStarts(t *testing.T) {
	inBoth(t, func(b *bed) {
		for i := range 5 {
			b.add(b.srv.File(fmt.Sprint(i), Size(6*mib), Behave(Slow(mib))))
		}
		time.AfterFunc(time.Second, func() { _ = b.d.Cancel() })
		require.ErrorIs(b, b.d.Start(b.Context()), littledl.ErrCancelled)
		b.srv.Behave(EmptyReply())
		time.AfterFunc(8*time.Second, func() { b.srv.Behave() })
		require.NoError(b, b.start())
	})
}

// TestDrain: nor is what a host does that ends new connections while it goes on with the
// answers under way, even where nothing keeps requests back.
func TestDrain(t *testing.T) {
	for how, does := range map[string]Behaviour{"reset": RSTNow(), "closed": EmptyReply()} {
		t.Run(how, func(t *testing.T) {
			inBoth(t, func(b *bed) {
				b.opts = append(b.opts, littledl.WithAdaptiveConcurrency(false))
				for i := range 4 {
					b.add(b.srv.File(fmt.Sprint("large", i), Size(4*mib), Behave(Slow(mib/2))), littledl.WithPriority(1))
				}
				for i := range 20 {
					b.add(b.srv.File(fmt.Sprint(i), Size(1000)), littledl.WithPriority(1))
				}
				time.AfterFunc(100*time.Millisecond, func() { b.srv.Behave(does) })
				time.AfterFunc(9*time.Second, func() { b.srv.Behave() })
				require.NoError(b, b.start())
			})
		})
	}
}
