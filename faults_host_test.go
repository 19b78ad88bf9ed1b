package littledl_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	. "github.com/littledl/littledl/internal/faultserver"
)

// 48: no connection to the host.
func TestUnreachableHost(t *testing.T) {
	t.Parallel()
	name := func(e net.DNSError) func(*bed) {
		return func(b *bed) { b.net.FailName("files.test", &e) }
	}
	dial := func(e syscall.Errno) func(*bed) {
		return func(b *bed) { b.net.FailDial("files.test:80", os.NewSyscallError("connect", e)) }
	}
	healed := func(prep func(*bed), heal func(*bed)) func(*bed) {
		return func(b *bed) {
			prep(b)
			time.AfterFunc(10*time.Second, func() { heal(b) })
		}
	}
	name2, dial2 := func(b *bed) { b.net.FailName("files.test", nil) }, func(b *bed) { b.net.FailDial("files.test:80", nil) }
	outage := func(b *bed) { b.net.Outage(true) }
	noAttempt := func(b *bed, _ littledl.FileTask) { require.LessOrEqual(b, b.net.Dials(""), 30) }
	again := net.DNSError{Err: "server misbehaving", Name: "files.test", IsTemporary: true}
	testFaults(t, []fault{
		{name: "48 no such name", prep: name(net.DNSError{Err: "no such host", Name: "files.test", IsNotFound: true}), err: errSome, within: time.Second, then: func(b *bed, _ littledl.FileTask) {
			require.Equal(b, 1, b.net.Dials(""))
		}},
		{name: "48 no answer to the name", prep: name(again), err: errSome, waits: time.Minute, within: 70 * time.Second, then: noAttempt},
		{name: "48 no answer to the name, then one", prep: healed(name(again), name2), least: 4, gets: 10, waits: 10 * time.Second, within: 20 * time.Second, then: noAttempt},
		{name: "48 refused", prep: outage, err: syscall.ECONNREFUSED, waits: time.Minute, within: 70 * time.Second, then: noAttempt},
		{name: "48 refused at first", prep: healed(outage, func(b *bed) { b.net.Outage(false) }), least: 4, gets: 10, waits: 10 * time.Second, within: 20 * time.Second, then: noAttempt},
		{name: "48 unreachable", prep: dial(syscall.EHOSTUNREACH), err: syscall.EHOSTUNREACH, waits: time.Minute, within: 70 * time.Second, then: noAttempt},
		{name: "48 unreachable at first", prep: healed(dial(syscall.ENETUNREACH), dial2), least: 4, gets: 10, waits: 10 * time.Second, within: 20 * time.Second},
		{name: "53 no descriptors at first", prep: healed(dial(syscall.EMFILE), dial2), least: 4, gets: 10, waits: 10 * time.Second, within: 20 * time.Second},
	})
}

// TestDeadHostAmongOthers has many files of a host where packets vanish.
func TestDeadHostAmongOthers(t *testing.T) {
	t.Parallel()
	inBoth(t, func(b *bed) {
		b.net.Blackhole("dead.test:80", true)
		var dead []string
		for i := range 20 {
			dead = append(dead, b.addURL("http://dead.test/"+strconv.Itoa(i), nil))
			b.add(b.srv.File(strconv.Itoa(i) + ".bin"))
		}
		err := b.start()
		require.ErrorContains(b, err, "dead.test")
		require.Less(b, b.took, 100*time.Second, "a timeout for the host, not one for each file")
		for _, id := range dead {
			require.True(b, b.task(id).IsFailed())
		}
		require.Equal(b, 20, b.d.GetProgress().CompletedFiles)
		for _, r := range b.srv.GETs() {
			require.Less(b, r.End.Sub(b.began), 40*time.Second, r.Path)
		}
	})
}

// 50: a host takes so many at a time and refuses the others.
func TestConnectionLimit(t *testing.T) {
	t.Parallel()
	for name, over := range map[string]Behaviour{"503": Status(503, RetryAfter("1")), "429": Status(429), "reset": RSTNow()} {
		t.Run("50 "+name, func(t *testing.T) {
			inBoth(t, func(b *bed) {
				b.srv.Behave(ConnLimit(4, over))
				for i := range 40 {
					b.add(b.srv.File(strconv.Itoa(i), Size(500*kib)))
				}
				b.add(b.srv.File("big", Size(12*mib)))
				require.NoError(b, b.start())
				refused := 0
				for _, r := range b.srv.GETs() {
					if r.Status != 200 && r.Status != 206 {
						refused++
					}
				}
				require.LessOrEqual(b, refused, 30)
				require.Less(b, b.took, 20*time.Second)
			})
		})
	}
	t.Run("50 queue", func(t *testing.T) {
		inBoth(t, func(b *bed) {
			b.srv.Behave(Queue(2))
			for i := range 20 {
				b.add(b.srv.File(strconv.Itoa(i), Size(500*kib)))
			}
			require.NoError(b, b.start())
		})
	})
}

// 51: whom not to trust, at once and for good.
func TestCertificates(t *testing.T) {
	for name, opts := range map[string][]Option{"expired": {Expired()}, "other host": {WrongHost()}, "unknown": {TLS()}} {
		t.Run("51 "+name, func(t *testing.T) {
			inBoth(t, func(b *bed) {
				if name == "unknown" {
					b.conf.TLSConfig = &tls.Config{RootCAs: Start(b, TLS(), On(NewNet(), "else.test:443")).ClientTLS().RootCAs}
				}
				b.add(b.srv.File("a.bin"))
				err := b.start()
				var bad *tls.CertificateVerificationError
				require.True(b, errors.As(err, &bad), "%v", err)
				require.Equal(b, 1, b.net.Dials(""))
				require.Empty(b, b.srv.Requests())
				require.Less(b, b.took, time.Second)
			}, opts...)
		})
	}
}

// 42: many files of a host that takes requests and answers none do not keep those of
// others waiting for as long as each of them alone could.
func TestUnresponsiveHost(t *testing.T) {
	inBoth(t, func(b *bed) {
		b.files = 4
		b.conf.HeaderTimeout, b.deadline = 20*time.Second, time.Hour
		mute := b.origin("mute.test:80")
		for i := range 24 {
			b.add(mute.File(fmt.Sprint(i), Size(1000), Behave(StallHeader())))
		}
		for i := range 8 {
			b.add(b.srv.File(fmt.Sprint("good", i), Size(1000)), littledl.WithPriority(2))
		}
		failed := failures(b, b.start())
		require.Len(b, failed, 24)
		require.Less(b, b.took, 5*time.Minute, "of 8, if each of them were asked four times")
		asked := map[string]int{}
		for _, r := range mute.GETs() {
			asked[r.Path]++
		}
		most := 0
		for _, n := range asked {
			most = max(most, n)
		}
		require.Equal(b, 4, most, "the first ones ask as often as configured")
	})
}

// 42: nor is the time counted in which nobody asks, or in which the host serves others.
func TestUnresponsiveHostIsAskedOrServes(t *testing.T) {
	for _, how := range []string{"alone", "paused", "serves"} {
		inBoth(t, func(b *bed) {
			b.files, b.chunks, b.deadline = 2, 1, time.Hour
			b.conf.HeaderTimeout, b.conf.Retry.MaxElapsed = 2*time.Second, 20*time.Second
			hangs := 18 * time.Second
			began := time.Now()
			switch how {
			case "paused":
				hangs += 100 * time.Second
				time.AfterFunc(3*time.Second, func() { _ = b.d.Pause() })
				time.AfterFunc(103*time.Second, func() { _ = b.d.Resume() })
			case "serves":
				hangs = 60 * time.Second
				b.add(b.srv.File("large", Size(8*mib), Behave(Slow(100*kib))))
			}
			mute := func(*Request) bool { return time.Since(began) < hangs }
			for i := range 10 {
				b.add(b.srv.File(fmt.Sprint(i), Size(1000), Behave(When(mute, StallHeader()))), littledl.WithPriority(2))
			}
			err := b.start()
			if how == "serves" { // what is mute beside the large file is asked one by one
				require.NoError(b, err)
				return
			}
			for _, e := range failures(b, err) {
				require.Equal(b, 4, e.Attempts, how)
			}
		})
	}
}

// TestSlowToAnswer: a host that takes a while for every answer is not silent: its requests
// are left alone.
func TestSlowToAnswer(t *testing.T) {
	inBoth(t, func(b *bed) {
		b.srv.Behave(Delay(1500 * time.Millisecond))
		for i := range 2 {
			b.add(b.srv.File(fmt.Sprint(i), Size(8*mib)))
		}
		require.NoError(b, b.start())
		require.LessOrEqual(b, b.drops, 2)
	})
}
