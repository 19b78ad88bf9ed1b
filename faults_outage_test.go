package littledl_test

import (
	"fmt"
	"os"
	"sync/atomic"
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
		b.option(littledl.WithSmallFilePriority(false))
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
				failed := failures(b, b.d.Start(b.Context()))
				require.Len(b, failed, 1)
				require.Less(b, last, 10*time.Second, "of 6 without it")
				require.LessOrEqual(b, failed[0].Attempts, 20)
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
				b.option(littledl.WithAdaptiveConcurrency(false))
				for i := range 4 {
					b.add(b.srv.File(fmt.Sprint("large", i), Size(4*mib), Behave(Slow(mib/5))), littledl.WithPriority(1))
				}
				for i := range 20 {
					b.add(b.srv.File(fmt.Sprint(i), Size(1000)), littledl.WithPriority(1))
				}
				time.AfterFunc(100*time.Millisecond, func() { b.srv.Behave(does) })
				time.AfterFunc(21*time.Second, func() { b.srv.Behave() })
				require.NoError(b, b.start())
			})
		})
	}
}

// 49: the network is gone for 10 s in the middle of a batch.
func TestOutage(t *testing.T) {
	t.Parallel()
	inBoth(t, func(b *bed) {
		b.net.Shape(Same(line(mib)))
		b.conf.MaxConnections = 7
		for i := range 10 {
			b.add(b.srv.File(fmt.Sprintf("%d.bin", i), Size(int64(i+1)*500*kib)))
		}
		b.add(b.srv.File("big.bin", Size(12*mib)))
		time.AfterFunc(time.Second, func() { b.net.Outage(true) })
		time.AfterFunc(11*time.Second, func() { b.net.Outage(false) })
		var before atomic.Int64
		time.AfterFunc(2*time.Second, func() { before.Store(int64(b.net.Dials(""))) })
		time.AfterFunc(10900*time.Millisecond, func() {
			if n := b.net.Dials("") - int(before.Load()); n > 20 {
				b.Errorf("%d dials in 9 s without a network", n)
			}
		})
		require.NoError(b, b.start())
		require.Less(b, b.took, 25*time.Second)
	})
}

// 49: a server that is restarted takes no new connections, breaks the old ones, and is
// back. Nothing follows from that for how many requests it bears.
func TestServerRestarts(t *testing.T) {
	t.Parallel()
	for i := range 10 {
		inBubble(t, func(b *bed) {
			const at = "files.test:80"
			b.net.Shape(Same(line(mib / 2)))
			b.srv.Behave(ConnClose())
			b.option(littledl.WithSmallFilePriority(false))
			b.add(b.srv.File("a.bin", Size(6*mib)))
			b.add(b.srv.File("b.bin", Size(6*mib)))
			for i := range 80 {
				b.add(b.srv.File(fmt.Sprintf("%d.bin", i), Size(int64(32*kib+i))))
			}
			down := 300*time.Millisecond + time.Duration(i)*20*time.Millisecond
			time.AfterFunc(down, func() { b.net.FailDial(at, os.NewSyscallError("connect", syscall.ECONNREFUSED)) })
			time.AfterFunc(down+30*time.Millisecond, b.net.ResetAll)
			time.AfterFunc(down+100*time.Millisecond, func() { b.net.FailDial(at, nil) })
			capacity := 0
			time.AfterFunc(down+200*time.Millisecond, func() { capacity = b.d.GetStats().CurrentConcurrency })
			require.NoError(b, b.start())
			require.Equal(b, 20, capacity)
			require.Less(b, b.took, 6*time.Second)
		})
	}
}

// TestLongOutage: one that is shorter than MaxElapsed fails nothing.
func TestLongOutage(t *testing.T) {
	t.Parallel()
	for _, code := range []int{503, 429} {
		for seed := range 2 {
			inBoth(t, func(b *bed) {
				for i := range 20 {
					b.add(b.srv.File(fmt.Sprint(i), Size(int64(1+i%3)*100*kib)))
				}
				begin := time.Duration(45+20*seed) * time.Millisecond
				time.AfterFunc(begin, func() { b.srv.Behave(Status(code)) })
				time.AfterFunc(begin+52*time.Second, func() { b.srv.Behave() })
				require.NoError(b, b.start())
			})
		}
	}
}
