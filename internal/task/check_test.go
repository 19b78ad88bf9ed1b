package task

import (
	"path/filepath"
	"slices"

	"github.com/stretchr/testify/require"
)

// places are how often each task is in the queue, delayed, owned or in the list of another.
func (g *game) places() map[*Task]int {
	in := map[*Task]int{}
	for t := range g.tab.tasks.all() {
		if t.at >= 0 {
			in[t]++
		}
		if w := t.some().nextWaiter; w != nil {
			in[w]++
		}
	}
	for i, w := range g.tab.delayed {
		require.Equal(g, delayedAt(i), w.task.at)
		in[w.task]++
	}
	for _, t := range g.owned {
		in[t]++
	}
	for t := range g.tab.held {
		require.Equal(g, Paused, t.status)
		in[t]++
	}
	for _, t := range g.tab.wishes {
		require.True(g, t.has(wished))
		if !t.status.Ended() {
			in[t]++
		}
	}
	return in
}

// check compares the table with what is true of its tasks one by one.
func (g *game) check() {
	g.Helper()
	tab := g.tab
	require.Equal(g, len(g.owned), tab.taken)
	require.LessOrEqual(g, tab.taken, tab.cfg.Places)
	require.Equal(g, len(g.begun), len(tab.active))
	queued, called, places := 0, map[string]*Task{}, g.places()
	for t := range tab.tasks.all() {
		if t.status.Ended() {
			require.Zero(g, places[t], "%s has ended", t.ID())
		} else if places[t] != 1 {
			g.Fatalf("%s is in %d places", t.ID(), places[t])
		}
		if t.at >= 0 {
			queued++
		}
		if t.at >= 0 || slices.Contains(g.owned, t) {
			g.checkList(t)
		}
		require.Equal(g, t.told() != nil, t.status == Failed || t.status == Cancelled)
		if !t.status.Ended() && t.has(named) && !t.has(duplicate) {
			at := filepath.Clean(t.Dir()) + "/" + t.name()
			require.Nil(g, called[at], at)
			called[at] = t
		}
	}
	require.Equal(g, queued, tab.ready.Len())
	g.checkSums()
	g.checkCrowd()
}

// checkList: who waits, waits for one that wants the same and will tell.
func (g *game) checkList(t *Task) {
	for w := t.some().nextWaiter; w != nil; w = w.some().nextWaiter {
		require.Equal(g, g.tab.key(t), g.tab.key(w))
		require.True(g, w.has(duplicate))
		require.LessOrEqual(g, t.priority(), w.priority(), "the more urgent wish counts")
	}
}

func (g *game) checkSums() {
	var want totals
	var downloaded int64
	var hintedOnes, holding int
	for t := range g.tab.tasks.all() {
		want.files++
		lost := t.status == Failed || t.status == Cancelled
		switch t.status {
		case Completed:
			want.completed++
		case Failed:
			want.failed++
		case Cancelled:
			want.cancelled++
		}
		switch {
		case t.has(counted):
			want.sized++
			want.bytes += t.size
			if lost {
				want.lost += t.size - t.downloaded.Load()
			}
		case !t.has(duplicate):
			want.unknown++
			if lost {
				want.lostUnknown++
			}
		}
		if !t.has(duplicate) {
			downloaded += t.downloaded.Load()
		}
		if t.has(hinted) {
			hintedOnes++
			require.GreaterOrEqual(g, t.at, int32(0))
		}
	}
	for _, w := range g.tab.delayed {
		if w.holds {
			holding++
		}
	}
	for _, holds := range g.tab.held {
		if holds {
			holding++
		}
	}
	have := g.tab.totals
	have.reused, have.saved, have.floor = 0, 0, 0
	require.Equal(g, want, have)
	require.Equal(g, downloaded, g.tab.downloaded.Load())
	require.Equal(g, hintedOnes, g.tab.hinted)
	require.Equal(g, holding, g.tab.Holding())
}

// checkCrowd: what transfers see without the lock is how it is.
func (g *game) checkCrowd() {
	best := g.tab.ready.best()
	crowded := best != nil && g.tab.taken == g.tab.cfg.Places
	require.Equal(g, crowded, g.tab.Crowded())
	for priority := range int32(4) {
		small := crowded && g.tab.cfg.SmallFirst && best.size >= 0 && best.size < g.tab.cfg.Small
		require.Equal(g, crowded && (best.priority() < priority || best.priority() == priority && small), g.tab.Preempts(priority, false))
		require.Equal(g, crowded && best.priority() < priority, g.tab.Preempts(priority, true))
	}
}

// endOf is End, and for whose sake others have ended.
func endOf(tab *Table, t *Task, to Status, op string, err error) (others []*Task) {
	_, all := tab.End(t, to, op, err)
	for _, s := range all {
		others = append(others, s.Task)
	}
	return others
}
