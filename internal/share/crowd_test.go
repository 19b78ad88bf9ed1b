package share

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/replay"
)

// ledger adds up, over virtual time, what holders of slots see themselves.
type ledger struct {
	*testing.T
	pool *Pool

	mu       sync.Mutex
	at       time.Time
	out      int // who holds a slot and knows it
	inDemand bool
	size     int
	busy     float64 // slot-seconds in use while work waited
	offered  float64 // and those there were
}

// note is called after each event.
func (l *ledger) note(out int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	dt := time.Since(l.at).Seconds()
	if l.inDemand {
		l.busy += dt * float64(min(l.out, l.size))
		l.offered += dt * float64(l.size)
	}
	l.out += out
	s := l.pool.Usage()
	l.at, l.inDemand, l.size = time.Now(), s.Waiting > 0, s.Size
	assert.LessOrEqual(l, l.out, s.Used, "more slots are out than it knows of")
	l.pool.checkInvariants(l.T)
}

// TestCrowd has many goroutines at it at once.
func TestCrowd(t *testing.T) {
	seed := replay.Seed(t)
	inBubble(t, "", 6, 8, func(p bubble) {
		l := &ledger{T: p.T, pool: p.Pool, at: time.Now()}
		var all sync.WaitGroup
		for i := range 12 {
			rnd := rand.New(rand.NewPCG(seed, uint64(i)))
			all.Go(func() {
				for round := range 6 {
					l.file(fmt.Sprintf("%d-%d", i, round), rnd)
				}
			})
		}
		rnd := rand.New(rand.NewPCG(seed, 1000))
		for range 60 {
			size := 1 + rnd.IntN(12)
			p.Resize(size)
			debt := p.Usage().Used
			for range 10 {
				used := p.Usage().Used
				require.LessOrEqual(p, used, max(size, debt), "a release in debt handed its slot on")
				debt = min(debt, used)
				l.note(0)
				time.Sleep(time.Duration(rnd.IntN(400)) * time.Microsecond)
			}
		}
		all.Wait() // a waiter that was lost hangs here, which the bubble finds
		p.usage(0, p.Usage().Size, 0, 0)
		p.Logf("%.0f of %.0f slot-milliseconds used", 1e3*l.busy, 1e3*l.offered)
		require.Positive(p, l.offered)
		require.GreaterOrEqual(p, l.busy, 0.95*l.offered)
	})
}

// file is one that enters, has workers, and leaves before they are done or after.
func (l *ledger) file(id string, rnd *rand.Rand) {
	ctx, cancel := context.WithTimeout(l.Context(), time.Duration(1+rnd.IntN(60))*time.Millisecond)
	defer cancel()
	if err := l.pool.Enter(ctx, id, rnd.IntN(4), nil); err != nil {
		assert.ErrorIs(l, err, context.DeadlineExceeded)
		return
	}
	var workers sync.WaitGroup
	for range 1 + rnd.IntN(8) {
		rnd := rand.New(rand.NewPCG(rnd.Uint64(), 0))
		workers.Go(func() {
			for range 10 {
				l.useSlot(id, rnd)
			}
		})
	}
	time.Sleep(time.Duration(rnd.IntN(20)) * time.Millisecond)
	assert.NoError(l, l.pool.Report(id, rnd.Int64N(1e9), rnd.Float64()*1e6))
	if rnd.IntN(2) == 0 {
		workers.Wait()
	}
	l.pool.Leave(id)
	l.note(0)
	workers.Wait()
}

func (l *ledger) useSlot(id string, rnd *rand.Rand) {
	ctx, cancel := context.WithTimeout(l.Context(), time.Duration(rnd.IntN(20_000))*time.Microsecond)
	defer cancel()
	release, err := l.pool.Acquire(ctx, id)
	if err != nil {
		l.note(0)
		return
	}
	l.note(1)
	time.Sleep(time.Duration(rnd.IntN(3000)) * time.Microsecond)
	l.note(-1)
	release()
	l.note(0)
	if rnd.IntN(4) == 0 {
		release()
	}
}

// TestStarvation has greedy files, urgent ones too, and fewer slots than files.
// Every file gets a slot within a bound, and the urgent ones get the most.
func TestStarvation(t *testing.T) {
	priorities := []int{0, 0, 1, 2, 5, 300}
	for slots := 1; slots <= 7; slots++ {
		inBubble(t, fmt.Sprint(slots, " slots"), len(priorities), slots, func(p bubble) {
			const hold = time.Millisecond
			ctx, cancel := context.WithTimeout(p.Context(), time.Second)
			defer cancel()
			var mu sync.Mutex
			longest, got := make([]time.Duration, len(priorities)), make([]int, len(priorities))
			last := make([]time.Time, len(priorities))
			var all sync.WaitGroup
			for i, priority := range priorities {
				id := fmt.Sprint(i)
				last[i] = time.Now()
				p.add(priority, id)
				greed := func() {
					for {
						release, err := p.Acquire(ctx, id)
						if err != nil {
							return
						}
						mu.Lock()
						longest[i] = max(longest[i], time.Since(last[i]))
						last[i] = time.Now()
						got[i]++
						mu.Unlock()
						time.Sleep(hold)
						release()
					}
				}
				for range 8 {
					all.Go(greed)
				}
			}
			all.Wait()
			bound := hold * time.Duration(1+5*len(priorities)/slots)
			for i, d := range longest {
				longest[i] = max(d, time.Since(last[i]))
				require.LessOrEqual(p, longest[i], bound, "slots %v, longest waits %v", got, longest)
			}
			if slots != len(priorities) { // else each has one
				require.Greater(p, got[0], got[len(got)-1]*5/4, got)
			}
		})
	}
}

func BenchmarkPool(b *testing.B) {
	const slots, waiters = 16, 100
	ids := []string{"a", "b", "c", "d", "e"}
	p := New(len(ids), slots)
	for _, id := range ids {
		require.NoError(b, p.Enter(b.Context(), id, 0, nil))
	}
	acquire := func(id string) func() {
		release, err := p.Acquire(b.Context(), id)
		assert.NoError(b, err)
		return release
	}
	b.Run("uncontended", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			acquire("a")()
		}
	})
	b.Run(fmt.Sprint(waiters, " waiters"), func(b *testing.B) {
		var held []func()
		for range slots {
			held = append(held, acquire("a"))
		}
		var all sync.WaitGroup
		for i := range waiters {
			all.Go(func() {
				for range (b.N + i) / waiters {
					acquire(ids[i%len(ids)])()
				}
			})
		}
		for p.Usage().Waiting < min(b.N, waiters) {
			runtime.Gosched()
		}
		b.ReportAllocs()
		b.ResetTimer()
		for _, release := range held {
			release()
		}
		all.Wait()
	})
}
