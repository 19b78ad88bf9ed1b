package littledl_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	. "github.com/littledl/littledl/internal/faultserver"
)

// Sources that fail one after the other, and are asked again.

// TestTurnsEnd: however the sources of a file fail after a short outage of all their
// hosts, they do not take turns for ever.
func TestTurnsEnd(t *testing.T) {
	t.Parallel()
	ways := []struct {
		name string
		does Behaviour
	}{
		{"silent", StallHeader()}, {"stalls", Stall(0)}, {"503", Status(503)}, {"breaks off", ShortBody(0)}, {"500", Status(500)},
		{"resets", RSTNow()}, {"404", Status(404)}, {"gzip", Gzip()}, {"now and then", Alternate(StallHeader(), RSTNow(), ShortBody(0), Status(503))},
	}
	for i, first := range ways { // by half of what the second can do; under the race detector by a quarter
		for j, second := range ways {
			if j%2 > 0 || underRace && (i+j/2)%2 > 0 {
				continue
			}
			third := ways[(i+2*j)%len(ways)]
			t.Run(first.name+", "+second.name+", "+third.name, func(t *testing.T) {
				enhBubble(t, func(b *enhBed) {
					b.conf.StallTimeout, b.conf.HeaderTimeout, b.conf.ConnectTimeout = time.Second, time.Second, time.Second
					b.conf.Retry.MaxElapsed = 8 * time.Second
					var servers []*Server
					for n, does := range []Behaviour{first.does, second.does, third.does} {
						s := b.origin(fmt.Sprint("host", n, ".test"))
						s.File("f.bin", Size(mib), Behave(does))
						servers = append(servers, s)
					}
					b.net.Outage(true)
					time.AfterFunc(3*time.Second, func() { b.net.Outage(false) })
					b.mirrored("f.bin", nil, nil, servers...)
					ctx, cancel := context.WithTimeout(b.Context(), 10*time.Minute)
					defer cancel()
					failures(b, b.get().Start(ctx))
					require.NoError(b, ctx.Err())
					for _, s := range servers {
						require.LessOrEqual(b, len(s.GETs()), 40)
					}
				})
			})
		}
	}
}

// TestTurnsThatStartOver: nor do they where each one's turn begins with a success, which
// is lost when the next one has its turn.
func TestTurnsThatStartOver(t *testing.T) {
	stalls := When(func(r *Request) bool { return r.Range == nil || r.Range.Last-r.Range.First > 100*kib }, Stall(300*kib)) // no sample
	for name, c := range map[string]struct {
		first, second []FileOption
		complete      bool
	}{
		"other ETags":    {[]FileOption{Behave(stalls)}, []FileOption{Behave(stalls), ETag(`"other"`)}, true},
		"no ranges":      {[]FileOption{Behave(NoRange(), stalls)}, []FileOption{Behave(NoRange(), stalls)}, false},
		"resets samples": {[]FileOption{Behave(First(4, RST(mib)), After(4, Status(404)))}, []FileOption{Behave(RST(1000))}, false},
		"now and then":   {[]FileOption{Behave(First(4, RST(mib)), After(4, Alternate(Status(503), RSTNow())))}, []FileOption{Behave(Alternate(Status(503), RSTNow()))}, false},
	} {
		t.Run(name, func(t *testing.T) {
			enhBubble(t, func(b *enhBed) {
				b.conf.StallTimeout = time.Second
				a, backup := b.origin("a.test"), b.origin("b.test")
				f := a.File("f", append([]FileOption{Size(8 * mib)}, c.first...)...)
				b.add(backup.File("served").URL(), backup.File("served").Content())
				backup.File("f", append(sameAs(f), c.second...)...)
				id := b.mirrored("f", f.Content(), nil, a, backup)
				ctx, cancel := context.WithTimeout(b.Context(), time.Hour)
				defer cancel()
				_ = b.get().Start(ctx)
				require.NoError(b, ctx.Err())
				require.Equal(b, c.complete, b.task(id).IsCompleted(), "%v", b.task(id).Err)
				require.LessOrEqual(b, len(a.GETs())+len(backup.GETs()), 400)
			})
		})
	}
}

// TestTroubleIsNotInherited: what one source has cost is not counted against the next, which
// may have its own, nor against one that had some long ago.
func TestTroubleIsNotInherited(t *testing.T) {
	for name, c := range map[string]struct {
		dies Behaviour // the first source
		once Behaviour // the backup
		nth  int
	}{
		"500": {Status(500), Status(500), 2}, "cut": {Status(500), ShortBody(1000), 2},
		"503": {Status(503, RetryAfter("20")), Status(503), 2},
	} {
		t.Run(name, func(t *testing.T) {
			enhBubble(t, func(b *enhBed) {
				b.option(littledl.WithMaxConcurrentChunksPerFile(1))
				b.rates["a.test:80"] = 100 * kib
				a, backup := b.origin("a.test"), b.origin("b.test")
				f := a.File("f", Size(4*mib))
				backup.File("f", append(sameAs(f), Behave(Nth(c.nth, c.once)))...)
				b.mirrored("f", f.Content(), nil, a, backup)
				time.AfterFunc(3*time.Second, func() {
					a.Behave(c.dies)
					b.net.ResetAll()
				})
				require.NoError(b, b.start())
			})
		})
	}
	t.Run("long ago", func(t *testing.T) {
		enhBubble(t, func(b *enhBed) {
			b.rates["a.test:80"], b.rates["b.test:80"] = 500*kib, 500*kib
			b.option(littledl.WithMaxConcurrentChunksPerFile(2))
			a, backup := b.origin("a.test"), b.origin("b.test")
			began := time.Now()
			var died atomic.Int64
			dead := func(*Request) bool { return time.Since(began) > 5*time.Second && died.Add(1) > 0 }
			f := a.File("f", Size(24*mib), Behave(When(dead, Status(500)), First(1, RST(2*mib)), After(1, RST(mib))))
			again := func(*Request) bool { return died.Load() >= 3 }
			backup.File("f", append(sameAs(f), Behave(First(1, Status(500)), When(again, First(1, Status(500)))))...)
			b.mirrored("f", f.Content(), []littledl.URLOption{enhHash(f.Content())}, a, backup)
			require.NoError(b, b.start())
		})
	})
}
