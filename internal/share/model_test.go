package share

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/replay"
)

// model knows how many calls must be served after each step, and of which file
// the next may be.
type model struct {
	bubble
	rnd      *rand.Rand
	size     int
	maxFiles int
	used     int
	in       []*modelFile // in the order they entered
	outside  []*modelFile // in line, best first
	holding  []*heldSlot
}

type modelFile struct {
	id       string
	priority int
	enter    *call
	waiting  []*call
	held     int
}

type heldSlot struct {
	file *modelFile
	call *call
}

// TestAgainstModel does random things one at a time, and looks after each who
// was served.
func TestAgainstModel(t *testing.T) {
	rnd := rand.New(rand.NewPCG(replay.Seed(t), 0))
	for range 30 {
		size, maxFiles := 1+rnd.IntN(8), 1+rnd.IntN(5)
		inBubble(t, "", maxFiles, size, func(p bubble) {
			m := &model{bubble: p, rnd: rnd, size: size, maxFiles: maxFiles}
			for range 250 {
				m.step()
				m.look()
			}
			m.end()
		})
	}
}

func (m *model) step() {
	op := m.rnd.IntN(20)
	if op < 3 && len(m.in)+len(m.outside) < 8 {
		m.arrives()
		return
	}
	if op == 3 && len(m.outside) > 0 {
		m.turnsAway()
		return
	}
	if len(m.in) == 0 {
		return
	}
	f := m.in[m.rnd.IntN(len(m.in))]
	switch {
	case op < 9:
		f.waiting = append(f.waiting, m.acquire(f.id))
	case op < 14 && len(m.holding) > 0:
		m.releases()
	case op == 14 && len(f.waiting) > 0:
		i := m.rnd.IntN(len(f.waiting))
		finish(f.waiting[i])
		require.ErrorIs(m, f.waiting[i].err, context.Canceled)
		f.waiting = slices.Delete(f.waiting, i, i+1)
	case op == 15:
		m.leaves(f)
	case op == 16:
		m.size = 1 + m.rnd.IntN(8)
		m.Resize(m.size)
	case op == 17:
		require.NoError(m, m.Report(f.id, m.rnd.Int64N(1e9)-1e8, m.rnd.Float64()*1e6-1e5))
	case op == 18:
		if release, ok := m.TryAcquire(f.id); ok {
			require.Less(m, m.used, m.size)
			f.waiting = append(f.waiting, served1(f.id, release))
		} else {
			require.GreaterOrEqual(m, m.used, m.size)
		}
	}
}

// served1 is a call that has come back.
func served1(id string, release func()) *call {
	c := &call{file: id, done: make(chan struct{}), release: release}
	close(c.done)
	return c
}

func (m *model) arrives() {
	f := &modelFile{id: fmt.Sprint(m.rnd.IntN(12)), priority: m.rnd.IntN(4)}
	known := func(o *modelFile) bool { return o.id == f.id }
	f.enter = m.enter(f.id, f.priority)
	if slices.ContainsFunc(m.in, known) || slices.ContainsFunc(m.outside, known) {
		<-f.enter.done
		require.ErrorIs(m, f.enter.err, ErrDuplicateFile)
		return
	}
	m.outside = append(m.outside, f)
	slices.SortStableFunc(m.outside, func(a, b *modelFile) int { return cmp.Compare(a.priority, b.priority) })
}

func (m *model) turnsAway() {
	i := m.rnd.IntN(len(m.outside))
	finish(m.outside[i].enter)
	require.ErrorIs(m, m.outside[i].enter.err, context.Canceled)
	m.outside = slices.Delete(m.outside, i, i+1)
}

func (m *model) leaves(f *modelFile) {
	m.Leave(f.id)
	m.Leave(f.id)
	for _, c := range f.waiting {
		<-c.done
		require.ErrorIs(m, c.err, ErrUnknownFile)
	}
	m.in = slices.DeleteFunc(m.in, func(o *modelFile) bool { return o == f })
}

func (m *model) releases() {
	i := m.rnd.IntN(len(m.holding))
	h := m.holding[i]
	m.holding = slices.Delete(m.holding, i, i+1)
	h.file.held--
	m.used--
	for range 1 + m.rnd.IntN(3) { // once is enough
		h.call.release()
	}
}

// look compares what happened with what must have.
func (m *model) look() {
	synctest.Wait()
	for len(m.in) < m.maxFiles && len(m.outside) > 0 {
		f := m.outside[0]
		require.True(m, f.enter.over() && f.enter.err == nil, "there is a place for file %s", f.id)
		m.in, m.outside = append(m.in, f), m.outside[1:]
	}
	for _, f := range m.outside {
		require.False(m, f.enter.over(), "file %s is in out of turn", f.id)
	}

	served, waiting := m.collect()
	m.used += served
	require.Equal(m, Usage{Files: len(m.in), Size: m.size, Used: m.used, Waiting: waiting}, m.Usage())
	if served > 0 {
		require.LessOrEqual(m, m.used, m.size, "served in debt")
	}
	if waiting > 0 {
		require.GreaterOrEqual(m, m.used, m.size, "a slot is free while somebody waits")
	}
	m.checkInvariants(m.T)
}

// collect finds who was served since the last look.
func (m *model) collect() (served, waiting int) {
	poor, poorServed := false, false // who waited without a slot
	for _, f := range m.in {
		n := 0
		for n < len(f.waiting) && f.waiting[n].over() {
			m.holding = append(m.holding, &heldSlot{f, f.waiting[n]})
			n++
		}
		f.waiting = f.waiting[n:]
		for _, c := range f.waiting {
			require.False(m, c.over(), "file %s: first come, first served", f.id)
		}
		poor = poor || f.held == 0 && n == 0 && len(f.waiting) > 0
		poorServed = poorServed || f.held == 0 && n == 1
		f.held += n
		served, waiting = served+n, waiting+len(f.waiting)
	}
	if served == 1 && poor {
		require.True(m, poorServed, "a file got more before every file had one")
	}
	return served, waiting
}

// end gives everything back and finds nothing left.
func (m *model) end() {
	for _, f := range m.outside {
		finish(f.enter)
	}
	for len(m.in) > 0 {
		m.leaves(m.in[0])
	}
	for _, h := range m.holding {
		h.call.release()
	}
	m.usage(0, m.size, 0, 0)
}
