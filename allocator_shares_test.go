package littledl

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestAllocatorFirstSlots: those without a slot go first, the urgent ones ahead.
func TestAllocatorFirstSlots(t *testing.T) {
	allocBubble(t, "", 5, 4, func(a allocation) {
		a.add(3, "has")
		a.add(2, "slow")
		a.add(1, "early", "late")
		a.add(0, "urgent")
		held := a.take("has", 4)
		rich := a.crowd("has", 4)
		slow, early, late, urgent := a.acquire("slow"), a.acquire("early"), a.acquire("late"), a.acquire("urgent")
		order := []*allocCall{urgent, early, late, slow}
		for i, release := range held {
			release()
			synctest.Wait()
			require.Equal(a, i+1, served(order))
			require.True(a, order[i].over(), order[i].file)
		}
		require.Zero(a, served(rich))
		finish(rich...)
	})
}

// shares lets files that all want everything share the budget, and says who has what.
func (a allocation) shares(slots int, ids ...string) map[string]int {
	calls := map[string][]*allocCall{}
	first := a.take(ids[0], a.GetStats().MaxChunks)
	for range slots {
		for _, id := range ids {
			calls[id] = append(calls[id], a.acquire(id))
		}
	}
	for _, release := range first {
		release()
	}
	require.NoError(a, a.Resize(slots))
	synctest.Wait()
	got := map[string]int{}
	for id, c := range calls {
		got[id] = served(c)
		require.Equal(a, got[id], served(c[:got[id]]), "first come, first served")
		finish(c...)
	}
	return got
}

func TestAllocatorWeights(t *testing.T) {
	allocBubble(t, "equals differ by one slot at most", 2, 1, func(a allocation) {
		a.add(3, "a", "b")
		got := a.shares(9, "a", "b")
		require.Equal(a, 9, got["a"]+got["b"])
		require.InDelta(a, got["a"], got["b"], 1)
	})
	allocBubble(t, "equals that trade slots for long", 2, 7, func(a allocation) { tradeSlots(a) })
	allocBubble(t, "by remaining time", 3, 1, func(a allocation) {
		a.add(0, "long", "short", "unknown")
		require.NoError(a, a.UpdateFile("long", 90e6, 1e6))
		require.NoError(a, a.UpdateFile("short", 10e6, 1e6/3.)) // 90 s against 30 s
		require.NoError(a, a.UpdateFile("unknown", 1e12, 1))
		require.NoError(a, a.UpdateFile("unknown", 1e12, 0))
		require.Equal(a, map[string]int{"long": 6, "short": 2, "unknown": 4}, a.shares(12, "long", "short", "unknown"))
	})
	allocBubble(t, "by what the slots in use explain of it", 2, 6, func(a allocation) {
		a.add(0, "many", "one")
		a.take("many", 5)
		a.take("one", 1)
		require.NoError(a, a.UpdateFile("many", 50e6, 5e6)) // 10 s with five slots
		require.NoError(a, a.UpdateFile("one", 50e6, 1e6))  // 50 s with one: the same work
		calls := append(a.crowd("many", 8), a.crowd("one", 8)...)
		require.NoError(a, a.Resize(12))
		synctest.Wait()
		require.Equal(a, 1, served(calls[:8]))
		require.Equal(a, 5, served(calls[8:]))
		finish(calls...)
	})
	allocBubble(t, "what is urgent outweighs any remaining time", 2, 1, func(a allocation) {
		a.add(4, "urgent")
		a.add(5, "huge")
		require.NoError(a, a.UpdateFile("urgent", 1, 1e6))
		require.NoError(a, a.UpdateFile("huge", 1e15, 1e6))
		got := a.shares(10, "urgent", "huge")
		require.GreaterOrEqual(a, got["urgent"], 4*got["huge"])
		require.Positive(a, got["huge"], "every file progresses")
	})
}

// tradeSlots has slots released in random order; two files that always wait hold the
// same number of them, but for one.
func tradeSlots(a allocation) {
	seed := rand.Uint64()
	a.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	a.add(0, "a", "b")
	waiting, has := append(a.crowd("a", 9), a.crowd("b", 9)...), map[string]int{}
	var holding []*allocCall
	for step := range 300 {
		waiting = slices.DeleteFunc(waiting, func(c *allocCall) bool {
			if c.over() {
				holding = append(holding, c)
				has[c.file]++
			}
			return c.over()
		})
		require.Len(a, holding, 7)
		if step > 100 { // at first all are a's
			require.InDelta(a, has["a"], has["b"], 1)
		}
		i := rnd.IntN(len(holding))
		c := holding[i]
		holding = slices.Delete(holding, i, i+1)
		has[c.file]--
		waiting = append(waiting, a.acquire(c.file))
		c.release()
		synctest.Wait()
	}
	finish(waiting...)
}

// TestAllocatorNumbers: no report breaks the weights.
func TestAllocatorNumbers(t *testing.T) {
	odd := []float64{0, -1, 0.5, 1, 1e300, math.MaxFloat64, math.SmallestNonzeroFloat64, math.Inf(1), math.Inf(-1), math.NaN()}
	for _, remaining := range []int64{-1, 0, 1, math.MaxInt64} {
		for _, speed := range odd {
			allocBubble(t, "", 3, 3, func(a allocation) {
				a.add(0, "a", "b")
				a.add(math.MaxInt, "c")
				held := a.take("a", 3)
				for range 2 {
					require.NoError(a, a.UpdateFile("a", remaining, speed))
					require.NoError(a, a.UpdateFile("b", remaining, 10))
				}
				calls := slices.Concat(a.crowd("a", 3), a.crowd("b", 3), a.crowd("c", 3))
				for _, release := range held {
					release()
				}
				synctest.Wait()
				for i, c := range calls {
					require.Equal(a, i%3 == 0, c.over(), "the first of each file")
				}
				require.NoError(a, a.UpdateFile("a", 1e6, 1))
				require.Positive(a, a.files["a"].work)
				finish(calls...)
			})
		}
	}
}

// TestAllocatorFlow: what small files leave goes to the large one while it runs.
func TestAllocatorFlow(t *testing.T) {
	allocBubble(t, "", 5, 8, func(a allocation) {
		small := []string{"1", "2", "3", "4"}
		var releases []func()
		for _, id := range small {
			a.add(0, id)
			releases = append(releases, a.take(id, 1)...)
		}
		a.add(9, "large")
		large := a.crowd("large", 10)
		require.Equal(a, 4, served(large))
		for i, release := range releases {
			release()
			a.RemoveFile(small[i])
			a.stats(4-i, 8, 8, 5-i)
			require.Equal(a, 5+i, served(large))
		}
		finish(large...)
	})
}

// allocTransfer is a file in virtual time, to which a slot brings 1 MB/s.
type allocTransfer struct {
	mu      sync.Mutex
	unasked float64 // MB
	left    float64
	moved   float64 // since the last report
	speed   float64 // MB/s
	over    time.Duration
}

// piece is the next one to ask for; 0 when there is none.
func (f *allocTransfer) piece() float64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := min(0.4, f.unasked)
	f.unasked -= n
	return n
}

func (f *allocTransfer) arrived(n float64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.left -= n
	f.moved += n
}

// report is what UpdateFile is told; of the speed a part counts, the rest is what it was.
func (f *allocTransfer) report(every time.Duration, part float64) (remaining int64, speed float64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.speed += part * (f.moved/every.Seconds() - f.speed)
	f.moved = 0
	return int64(f.left * 1e6), f.speed * 1e6
}

// TestAllocatorEndsTogether runs files of very different sizes over 15 slots. A perfect
// share has them all end after 20 s, an equal one after 5, 9, 15 and 20 s.
func TestAllocatorEndsTogether(t *testing.T) {
	for name, part := range map[string]float64{"speed of the moment": 1, "speed that lags behind": 0.2} {
		allocBubble(t, name, 5, 15, func(a allocation) {
			a.add(0, "start")
			start := a.take("start", 15)
			var files []*allocTransfer
			var all sync.WaitGroup
			begin := time.Now()
			for i, size := range []float64{160, 80, 40, 20} {
				f := &allocTransfer{unasked: size, left: size}
				files = append(files, f)
				a.add(0, fmt.Sprint(i))
				all.Go(func() {
					a.transfer(fmt.Sprint(i), f, part)
					f.over = time.Since(begin)
				})
			}
			synctest.Wait()
			for _, release := range start {
				release()
			}
			time.Sleep(5 * time.Second) // speeds have become known
			for range 100 {
				time.Sleep(97 * time.Millisecond)
				a.mu.Lock()
				has := a.files["0"].held
				a.mu.Unlock()
				require.InDelta(a, 8, has, 1, "shares swing")
			}
			all.Wait()
			for i, f := range files {
				require.InDelta(a, 20, f.over.Seconds(), 5, "%d", i)
			}
		})
	}
}

// transfer has a file fetched by as many workers as there are slots.
func (a allocation) transfer(id string, f *allocTransfer, part float64) {
	const every = 500 * time.Millisecond
	defer a.RemoveFile(id)
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	done := make(chan struct{})
	go func() {
		defer close(done)
		var workers sync.WaitGroup
		for range a.GetStats().MaxChunks {
			workers.Go(func() {
				for a.fetch(id, f) {
				}
			})
		}
		workers.Wait()
	}()
	for {
		select {
		case <-ticker.C:
			remaining, speed := f.report(every, part)
			assert.NoError(a, a.UpdateFile(id, remaining, speed))
		case <-done:
			return
		}
	}
}

// fetch gets one piece; false when all are asked for.
func (a allocation) fetch(id string, f *allocTransfer) bool {
	release, err := a.Acquire(a.Context(), id)
	if !assert.NoError(a, err) {
		return false
	}
	defer release()
	n := f.piece()
	time.Sleep(time.Duration(n * float64(time.Second)))
	f.arrived(n)
	return n > 0
}
