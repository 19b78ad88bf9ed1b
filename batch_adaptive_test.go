package littledl_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
)

// many queues 200 files, each half a second's work of the server and a round trip,
// and lets 16 be in transfer.
func (b *batch) many(limit ...faultserver.Behaviour) {
	b.srv.Behave(append(limit, slowGET)...)
	b.option(littledl.WithMaxConcurrentFiles(16))
	for i := range 200 {
		b.file(fmt.Sprint(i), 16<<10)
	}
}

const each = 520 * time.Millisecond

// slowGET keeps a request in flight for half a second.
var slowGET = faultserver.When(func(r *faultserver.Request) bool { return r.Method == http.MethodGet }, faultserver.Delay(500*time.Millisecond))

func (b *batch) refused() (n int) {
	for _, r := range b.srv.Requests() {
		if r.Status >= 400 || r.Status == 0 {
			n++
		}
	}
	return n
}

// TestRefusingServer: more than 6 requests in flight are refused.
func TestRefusingServer(t *testing.T) {
	t.Parallel()
	for name, refusal := range map[string]faultserver.Behaviour{
		"503":                 faultserver.Status(503),
		"503 and Retry-After": faultserver.Status(503, faultserver.RetryAfter("1")),
		"429":                 faultserver.Status(429),
	} {
		t.Run(name, func(t *testing.T) {
			batchBubble(t, func(b *batch) {
				b.many(faultserver.ConnLimit(6, refusal))
				allowed := 0
				time.AfterFunc(8*time.Second, func() { allowed = b.get().GetStats().CurrentConcurrency })
				began := time.Now()
				require.NoError(b, b.start(), "every file is right")
				require.Less(b, time.Since(began), 200*each/6*17/10)
				require.LessOrEqual(b, b.refused(), len(b.srv.Requests())*15/100)
				require.InDelta(b, 6, allowed, 2, "the statistics show what was learned")
			})
		})
	}
}

// TestTurnedAway: a server that does not even answer what is too much loses no file,
// be it seen while others wait for their answers or while their bodies arrive.
func TestTurnedAway(t *testing.T) {
	t.Parallel()
	for name, refusal := range map[string]faultserver.Behaviour{"reset": faultserver.RSTNow(), "closed": faultserver.EmptyReply()} {
		t.Run(name, func(t *testing.T) {
			batchBubble(t, func(b *batch) {
				b.many(faultserver.ConnLimit(6, refusal))
				began := time.Now()
				require.NoError(b, b.start())
				require.Less(b, time.Since(began), 200*each/6*17/10)
			})
		})
	}
	t.Run("while bodies arrive", func(t *testing.T) {
		batchBubble(t, func(b *batch) {
			b.option(littledl.WithMaxConcurrentFiles(16))
			b.srv.Behave(faultserver.ConnLimit(6, faultserver.RSTNow()), faultserver.Slow(32<<10))
			for i := range 200 {
				b.file(fmt.Sprint(i), 16<<10)
			}
			began := time.Now()
			require.NoError(b, b.start())
			require.Less(b, time.Since(began), 200*each/6*17/10)
			require.LessOrEqual(b, b.refused(), len(b.srv.Requests())*30/100) // net/http itself asks a second time
		})
	})
}

// TestOneBadFile: a file that is always refused fails, costs the others at most the
// half of their connections for a while, and nobody his file.
func TestOneBadFile(t *testing.T) {
	t.Parallel()
	for name, bad := range map[string]faultserver.Behaviour{
		"503": faultserver.Flaky(503, -1, ""), "reset": faultserver.RSTNow(),
	} {
		t.Run(name, func(t *testing.T) {
			batchBubble(t, func(b *batch) {
				b.conf.MaxConnections = 16
				b.option(littledl.WithMaxConcurrentFiles(16))
				b.file("bad", 1<<20, bad)
				b.many()
				began := time.Now()
				failed := failures(b, b.start())
				require.Len(b, failed, 1)
				var last time.Time
				for _, r := range b.srv.GETs() {
					if r.Path != "/bad" && r.End.After(last) {
						last = r.End
					}
				}
				require.Less(b, last.Sub(began), 200*each/16*22/10)
			})
		})
	}
}

// TestUnlimitedServer: with the same settings, one that refuses nothing sees all that
// is allowed.
func TestUnlimitedServer(t *testing.T) {
	batchBubble(t, func(b *batch) {
		b.many()
		began := time.Now()
		require.NoError(b, b.start())
		require.GreaterOrEqual(b, b.srv.MaxInFlight(), 16)
		require.Less(b, time.Since(began), 200*each/16*12/10)
		require.Equal(b, 64, b.get().GetStats().CurrentConcurrency)
	})
}

// TestHostsAreLearnedApart: one that refuses slows no other.
func TestHostsAreLearnedApart(t *testing.T) {
	batchBubble(t, func(b *batch) {
		other := faultserver.Start(b, faultserver.On(b.net, "other.test:80"))
		b.conf.MaxConnectionsPerHost = 8
		b.many(faultserver.ConnLimit(2, faultserver.Status(503)))
		other.Behave(slowGET)
		for i := range 40 {
			b.add(other.File(fmt.Sprint("o", i), faultserver.Size(16<<10)))
		}
		require.NoError(b, b.start())
		require.Equal(b, 8, other.MaxInFlight())
	})
}

// TestFixedConcurrency: switched off, refusals change nothing but when the refused
// ones are tried again.
func TestFixedConcurrency(t *testing.T) {
	t.Parallel()
	batchBubble(t, func(b *batch) {
		b.option(littledl.WithAdaptiveConcurrency(false))
		b.many(faultserver.ConnLimit(6, faultserver.Status(503)))
		var seen []int
		b.option(littledl.WithProgressCallback(func(int, int, float64, time.Duration) {
			seen = append(seen, b.get().GetStats().CurrentConcurrency)
		}))
		require.NoError(b, b.start())
		for _, n := range seen {
			require.Equal(b, 64, n)
		}
		require.Greater(b, b.refused(), len(b.srv.Requests())*15/100, "it goes on asking for as much")
	})
}
