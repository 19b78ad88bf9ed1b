package share

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

	"github.com/littledl/littledl/internal/replay"
)

// TestFirstSlots: those without a slot go first, the urgent ones ahead.
func TestFirstSlots(t *testing.T) {
	inBubble(t, "", 5, 4, func(p bubble) {
		p.add(3, "has")
		p.add(2, "slow")
		p.add(1, "early", "late")
		p.add(0, "urgent")
		held := p.take("has", 4)
		rich := p.crowd("has", 4)
		slow, early, late, urgent := p.acquire("slow"), p.acquire("early"), p.acquire("late"), p.acquire("urgent")
		order := []*call{urgent, early, late, slow}
		for i, release := range held {
			release()
			synctest.Wait()
			require.Equal(p, i+1, served(order))
			require.True(p, order[i].over(), order[i].file)
		}
		require.Zero(p, served(rich))
		finish(rich...)
	})
}

// shares lets files that all want everything share the budget, and says who has what.
func (p bubble) shares(slots int, ids ...string) map[string]int {
	calls := map[string][]*call{}
	first := p.take(ids[0], p.Usage().Size)
	for range slots {
		for _, id := range ids {
			calls[id] = append(calls[id], p.acquire(id))
		}
	}
	for _, release := range first {
		release()
	}
	p.Resize(slots)
	synctest.Wait()
	got := map[string]int{}
	for id, c := range calls {
		got[id] = served(c)
		require.Equal(p, got[id], served(c[:got[id]]), "first come, first served")
		finish(c...)
	}
	return got
}

func TestWeights(t *testing.T) {
	inBubble(t, "equals differ by one slot at most", 2, 1, func(p bubble) {
		p.add(3, "a", "b")
		got := p.shares(9, "a", "b")
		require.Equal(p, 9, got["a"]+got["b"])
		require.InDelta(p, got["a"], got["b"], 1)
	})
	inBubble(t, "equals that trade slots for long", 2, 7, func(p bubble) { tradeSlots(p) })
	inBubble(t, "by remaining time", 3, 1, func(p bubble) {
		p.add(0, "long", "short", "unknown")
		require.NoError(p, p.Report("long", 90e6, 1e6))
		require.NoError(p, p.Report("short", 10e6, 1e6/3.)) // 90 s against 30 s
		require.NoError(p, p.Report("unknown", 1e12, 1))
		require.NoError(p, p.Report("unknown", 1e12, 0))
		require.Equal(p, map[string]int{"long": 6, "short": 2, "unknown": 4}, p.shares(12, "long", "short", "unknown"))
	})
	inBubble(t, "by what the slots in use explain of it", 2, 6, func(p bubble) {
		p.add(0, "many", "one")
		p.take("many", 5)
		p.take("one", 1)
		require.NoError(p, p.Report("many", 50e6, 5e6)) // 10 s with five slots
		require.NoError(p, p.Report("one", 50e6, 1e6))  // 50 s with one: the same work
		calls := append(p.crowd("many", 8), p.crowd("one", 8)...)
		p.Resize(12)
		synctest.Wait()
		require.Equal(p, 1, served(calls[:8]))
		require.Equal(p, 5, served(calls[8:]))
		finish(calls...)
	})
	inBubble(t, "what is urgent outweighs any remaining time", 2, 1, func(p bubble) {
		p.add(4, "urgent")
		p.add(5, "huge")
		require.NoError(p, p.Report("urgent", 1, 1e6))
		require.NoError(p, p.Report("huge", 1e15, 1e6))
		got := p.shares(10, "urgent", "huge")
		require.GreaterOrEqual(p, got["urgent"], 4*got["huge"])
		require.Positive(p, got["huge"], "every file progresses")
	})
}

// tradeSlots has slots released in random order; two files that always wait hold the
// same number of them, but for one.
func tradeSlots(p bubble) {
	rnd := rand.New(rand.NewPCG(replay.Seed(p), 0))
	p.add(0, "a", "b")
	waiting, has := append(p.crowd("a", 9), p.crowd("b", 9)...), map[string]int{}
	var holding []*call
	for step := range 300 {
		waiting = slices.DeleteFunc(waiting, func(c *call) bool {
			if c.over() {
				holding = append(holding, c)
				has[c.file]++
			}
			return c.over()
		})
		require.Len(p, holding, 7)
		if step > 100 { // at first all are a's
			require.InDelta(p, has["a"], has["b"], 1)
		}
		i := rnd.IntN(len(holding))
		c := holding[i]
		holding = slices.Delete(holding, i, i+1)
		has[c.file]--
		waiting = append(waiting, p.acquire(c.file))
		c.release()
		synctest.Wait()
	}
	finish(waiting...)
}

// TestNumbers: no report breaks the weights.
func TestNumbers(t *testing.T) {
	odd := []float64{0, -1, 0.5, 1, 1e300, math.MaxFloat64, math.SmallestNonzeroFloat64, math.Inf(1), math.Inf(-1), math.NaN()}
	for _, remaining := range []int64{-1, 0, 1, math.MaxInt64} {
		for _, speed := range odd {
			inBubble(t, "", 3, 3, func(p bubble) {
				p.add(0, "a", "b")
				p.add(math.MaxInt, "c")
				held := p.take("a", 3)
				for range 2 {
					require.NoError(p, p.Report("a", remaining, speed))
					require.NoError(p, p.Report("b", remaining, 10))
				}
				calls := slices.Concat(p.crowd("a", 3), p.crowd("b", 3), p.crowd("c", 3))
				for _, release := range held {
					release()
				}
				synctest.Wait()
				for i, c := range calls {
					require.Equal(p, i%3 == 0, c.over(), "the first of each file")
				}
				require.NoError(p, p.Report("a", 1e6, 1))
				require.Positive(p, p.files["a"].work)
				finish(calls...)
			})
		}
	}
}

// TestFlow: what small files leave goes to the large one while it runs.
func TestFlow(t *testing.T) {
	inBubble(t, "", 5, 8, func(p bubble) {
		small := []string{"1", "2", "3", "4"}
		var releases []func()
		for _, id := range small {
			p.add(0, id)
			releases = append(releases, p.take(id, 1)...)
		}
		p.add(9, "large")
		large := p.crowd("large", 10)
		require.Equal(p, 4, served(large))
		for i, release := range releases {
			release()
			p.Leave(small[i])
			p.usage(4-i, 8, 8, 5-i)
			require.Equal(p, 5+i, served(large))
		}
		finish(large...)
	})
}

// transfer is a file in virtual time, to which a slot brings 1 MB/s.
type transfer struct {
	mu      sync.Mutex
	unasked float64 // MB
	left    float64
	moved   float64 // since the last report
	speed   float64 // MB/s
	over    time.Duration
}

// piece is the next one to ask for; 0 when there is none.
func (f *transfer) piece() float64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := min(0.4, f.unasked)
	f.unasked -= n
	return n
}

func (f *transfer) arrived(n float64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.left -= n
	f.moved += n
}

// report is what UpdateFile is told; of the speed a part counts, the rest is what it was.
func (f *transfer) report(every time.Duration, part float64) (remaining int64, speed float64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.speed += part * (f.moved/every.Seconds() - f.speed)
	f.moved = 0
	return int64(f.left * 1e6), f.speed * 1e6
}

// TestEndsTogether runs files of very different sizes over 15 slots. A perfect
// share has them all end after 20 s, an equal one after 5, 9, 15 and 20 s.
func TestEndsTogether(t *testing.T) {
	for name, part := range map[string]float64{"speed of the moment": 1, "speed that lags behind": 0.2} {
		inBubble(t, name, 5, 15, func(p bubble) {
			p.add(0, "start")
			start := p.take("start", 15)
			var files []*transfer
			var all sync.WaitGroup
			begin := time.Now()
			for i, size := range []float64{160, 80, 40, 20} {
				f := &transfer{unasked: size, left: size}
				files = append(files, f)
				p.add(0, fmt.Sprint(i))
				all.Go(func() {
					p.transfer(fmt.Sprint(i), f, part)
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
				p.mu.Lock()
				has := p.files["0"].held
				p.mu.Unlock()
				require.InDelta(p, 8, has, 1, "shares swing")
			}
			all.Wait()
			for i, f := range files {
				require.InDelta(p, 20, f.over.Seconds(), 5, "%d", i)
			}
		})
	}
}

// transfer has a file fetched by as many workers as there are slots.
func (p bubble) transfer(id string, f *transfer, part float64) {
	const every = 500 * time.Millisecond
	defer p.Leave(id)
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	done := make(chan struct{})
	go func() {
		defer close(done)
		var workers sync.WaitGroup
		for range p.Usage().Size {
			workers.Go(func() {
				for p.fetch(id, f) {
				}
			})
		}
		workers.Wait()
	}()
	for {
		select {
		case <-ticker.C:
			remaining, speed := f.report(every, part)
			assert.NoError(p, p.Report(id, remaining, speed))
		case <-done:
			return
		}
	}
}

// fetch gets one piece; false when all are asked for.
func (p bubble) fetch(id string, f *transfer) bool {
	release, err := p.Acquire(p.Context(), id)
	if !assert.NoError(p, err) {
		return false
	}
	defer release()
	n := f.piece()
	time.Sleep(time.Duration(n * float64(time.Second)))
	f.arrived(n)
	return n > 0
}
