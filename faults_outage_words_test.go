package littledl_test

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	. "github.com/littledl/littledl/internal/faultserver"
)

// outages are the words in which a host says that it serves nobody.
func outages() map[string]func(b *bed, on bool) {
	all := map[string]func(b *bed, on bool){
		"no such name": func(b *bed, on bool) {
			var err *net.DNSError
			if on {
				err = &net.DNSError{Err: "no such host", Name: "files.test", IsNotFound: true}
			}
			b.net.FailName("files.test", err)
		},
		"no resolver": func(b *bed, on bool) {
			var err *net.DNSError
			if on {
				err = &net.DNSError{Err: "server misbehaving", Name: "files.test", IsTemporary: true}
			}
			b.net.FailName("files.test", err)
		},
		"handshakes end in an alert": func(b *bed, on bool) {
			var err error
			if on {
				err = &net.OpError{Op: "remote error", Err: errors.New("tls: internal error")}
			}
			b.net.FailDial("files.test:80", err)
		},
	}
	for _, code := range []int{500, 502, 504, 520, 523, 527, 530} {
		all[fmt.Sprint(code)] = func(b *bed, on bool) {
			if on {
				b.srv.Behave(ConnClose(), Status(code))
			} else {
				b.srv.Behave(ConnClose())
			}
		}
	}
	return all
}

// 128: a host that has served serves nobody for a while: no file fails, and meanwhile it is asked
// by one at a time, now and then.
func TestOutageInAnyWords(t *testing.T) {
	t.Parallel()
	const at, long = time.Second, 12 * time.Second
	for what, does := range outages() {
		t.Run("128 "+what, func(t *testing.T) {
			inBoth(t, func(b *bed) {
				b.net.Shape(Same(line(512 * kib)))
				b.srv.Behave(ConnClose())
				for i := range 40 {
					b.add(b.srv.File(fmt.Sprintf("%d.bin", i), Size(int64(i+1)*10*kib)))
				}
				b.add(b.srv.File("big.bin", Size(6*mib)))
				time.AfterFunc(at, func() { does(b, true) })
				time.AfterFunc(at+long, func() { does(b, false) })
				var dials atomic.Int64
				time.AfterFunc(at+2*time.Second, func() { dials.Store(-int64(b.net.Dials(""))) })
				time.AfterFunc(at+long-time.Millisecond, func() { dials.Add(int64(b.net.Dials(""))) })
				require.NoError(b, b.start())
				require.Less(b, b.took, at+long+15*time.Second)
				require.LessOrEqual(b, dials.Load(), int64(8), "asked in ten seconds")
				requireOneAtATime(b, b.began.Add(at+2*time.Second), b.began.Add(at+long))
			})
		})
	}
}

// requireOneAtATime checks that of the requests that were begun in a time no two overlap.
func requireOneAtATime(b *bed, from, to time.Time) {
	var last time.Time
	all := b.srv.Requests()
	slices.SortFunc(all, func(x, y Record) int { return x.Start.Compare(y.Start) })
	for _, r := range all {
		if r.Start.Before(from) || r.Start.After(to) {
			continue
		}
		require.False(b, r.Start.Before(last), "%s at %v", r.Path, r.Start.Sub(b.began))
		last = r.End
	}
}

// 129: one URL that answers with errors is no outage of its host, whatever else goes on there, nor
// when all else is done: it has its attempts, and nobody waits for it.
func TestOneURLThatErrs(t *testing.T) {
	t.Parallel()
	for _, code := range []int{500, 502, 504} {
		t.Run(fmt.Sprint("129 ", code), func(t *testing.T) {
			inBoth(t, func(b *bed) {
				b.conf.MaxConnections = 8
				for i := range 100 {
					b.add(b.srv.File(fmt.Sprintf("%d.bin", i), Size(100*kib)))
				}
				id := b.add(b.srv.File("bad.bin", Behave(Status(code))))
				require.Error(b, b.start())
				require.Equal(b, littledl.StatusFailed, b.task(id).Status)
				require.LessOrEqual(b, len(b.srv.GETs("bad.bin")), 4)
				require.Less(b, b.took, 10*time.Second)
				require.Len(b, b.d.GetAllTasks(), 101)
				require.Equal(b, 100, b.d.GetStats().CompletedFiles)
			})
		})
	}
}
