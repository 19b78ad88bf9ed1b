package task

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/digest"
	"github.com/littledl/littledl/internal/names"
	"github.com/littledl/littledl/internal/safename"
)

// game plays a batch at random, and looks at the table after every move.
type game struct {
	*testing.T
	*rand.Rand
	tab   *Table
	now   time.Time
	owned []*Task        // in a place, each owned by a worker
	begun map[*Task]bool // of them, those in transfer
}

// TestAtRandom: whatever happens to tasks in whatever order, each is in one place, all sums
// agree with the tasks, no two have one name, and in the end every task has ended.
func TestAtRandom(t *testing.T) {
	t.Parallel()
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 0))
		g := &game{
			Rand: r, now: time.Unix(0, 0), begun: map[*Task]bool{},
			tab: New(Config{Places: 1 + r.IntN(4), SmallFirst: r.IntN(2) == 0, Small: 5 * mib, Threshold: []int64{0, mib}[r.IntN(2)], ByDigest: r.IntN(2) == 0}),
		}
		if !t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { g.T = t; g.play() }) {
			break
		}
	}
}

func (g *game) play() {
	for range 1 + g.IntN(3) { // Starts
		g.tab.BeginStart()
		g.check()
		for range 100 {
			g.move()
			g.check()
		}
		if g.IntN(3) == 0 {
			g.cancel()
		}
		for !g.tab.Idle(true) {
			g.grant()
			for t := range g.tab.held {
				g.tab.Resume(t)
			}
			g.check()
			g.now = g.tab.Due(g.now)
			g.take()
			for len(g.owned) > 0 {
				g.step(g.owned[0])
				g.check()
			}
		}
		for t := range g.tab.tasks.all() {
			require.True(g, t.status.Ended(), "%s is left behind", t.ID())
			w := t.some().wish
			require.False(g, w != nil && w.kind == Remove, "%s is not removed", t.ID())
		}
		failed, _, all := g.tab.EndStart()
		c := g.tab.Totals()
		require.Len(g, failed, c.Failed+c.Cancelled)
		require.Equal(g, all, c.Files > 0 && c.Completed == c.Files)
		require.Zero(g, c.Remaining)
	}
}

func (g *game) move() {
	switch g.IntN(14) {
	case 10, 11:
		g.wish()
	case 12:
		if t := g.any(); t != nil {
			g.tab.Resume(t)
		}
	case 13:
		if t := g.any(); t != nil {
			g.tab.SetPriority(t, g.IntN(3))
		}
	case 0, 1:
		g.add()
	case 2, 3:
		g.take()
	case 4:
		if t := g.tab.Unsized(1 + g.IntN(4)); t != nil {
			g.tab.Hint(t, int64(g.IntN(20))*mib)
		}
	case 5:
		g.now = g.now.Add(time.Duration(g.IntN(3)) * time.Second)
		g.tab.Due(g.now)
	default:
		if len(g.owned) > 0 {
			g.step(g.owned[g.IntN(len(g.owned))])
		}
	}
}

func (g *game) add() {
	s := Spec{Dir: []string{"a", "a/", "b"}[g.IntN(3)], Priority: g.IntN(3)}
	file := g.IntN(4)
	if g.IntN(5) == 0 {
		s.Filename = fmt.Sprint("given", g.IntN(3))
	}
	if g.IntN(4) == 0 {
		s.Say().Tag = g.Int()
	}
	if g.IntN(4) == 0 {
		s.Hash = digest.Sum{Algorithm: "md5", Bytes: fmt.Sprint(file % 2)}
	}
	if g.IntN(6) == 0 {
		s.Header = http.Header{"X": {"y"}}
	}
	t, err := g.tab.Add(fmt.Sprintf("http://files.test/%d/x%d", file, file/2), s)
	if err != nil {
		var taken *NameTakenError
		require.ErrorAs(g, err, &taken)
		return
	}
	require.Same(g, t, g.tab.ByID(t.ID()))
}

// any is some task; nil: there is none.
func (g *game) any() *Task {
	if g.tab.tasks.n == 0 {
		return nil
	}
	return g.tab.tasks.find(g.IntN(g.tab.tasks.n))
}

// wish has a caller wish something of some task.
func (g *game) wish() {
	t := g.any()
	if t == nil {
		return
	}
	running := g.tab.Wish(t, []Wish{Pause, Pause, Cancel, Remove}[g.IntN(4)], errors.New("wished"))
	require.Equal(g, running != nil, running == t && g.begun[t])
	g.check()
	if g.IntN(2) == 0 {
		g.grant()
	}
}

// grant does what is wished of tasks that wait.
func (g *game) grant() {
	for t := g.tab.Granted(); t != nil; t = g.tab.Granted() {
		g.granted(t)
		g.tab.Done()
		g.check()
	}
}

func (g *game) granted(t *Task) {
	switch kind, cause := g.tab.Wished(t); kind {
	case None:
		g.tab.Requeue(t)
	case Pause:
		g.tab.Rest(t, g.IntN(2) == 0)
	case Cancel:
		g.tab.End(t, Cancelled, "download", cause)
	case Remove:
		g.tab.Remove(t, Cancelled, cause)
		require.Nil(g, g.tab.ByID(t.ID()))
	}
}

func (g *game) take() {
	for range 1 + g.IntN(3) {
		if t := g.tab.Take(); t != nil {
			g.owned = append(g.owned, t)
		}
	}
}

// step is one thing that the owner of a task does.
func (g *game) step(t *Task) {
	if !g.begun[t] {
		g.begin(t)
		return
	}
	if t.some().wish != nil && g.IntN(2) == 0 {
		g.leave(t, false)
		g.owned = slices.DeleteFunc(g.owned, func(o *Task) bool { return o == t })
		g.granted(t)
		g.tab.Next(false)
		return
	}
	switch g.IntN(8) {
	case 0:
		g.tab.Known(t, int64(g.IntN(21)-1)*mib, g.IntN(2) == 0)
	case 1:
		g.tab.Count(t, int64(1+g.IntN(100)))
	case 2:
		g.tab.Drop(t)
	case 3:
		g.leave(t, false)
		g.tab.Requeue(t)
		g.next(t)
	case 4:
		g.leave(t, false)
		g.tab.Delay(t, g.now.Add(time.Duration(g.IntN(5))*time.Second), g.IntN(2) == 0)
		g.next(t)
	case 5:
		g.leave(t, false)
		g.end(t, Failed, errors.New("failed"))
	case 6:
		g.tab.Reused(t, int64(g.IntN(9))*mib)
		g.name(t)
		g.leave(t, true)
		g.end(t, Completed, nil)
	default:
		g.tab.Count(t, int64(g.IntN(100)))
		g.name(t)
		g.leave(t, g.IntN(5) > 0)
		g.end(t, Completed, nil)
	}
}

func (g *game) begin(t *Task) {
	if !g.tab.Named(t) {
		g.end(t, Failed, errors.New("its name is another's"))
		return
	}
	turn, first := g.tab.Turn(t)
	switch {
	case turn == Follow:
		g.next(t)
	case turn == Fetch:
		g.tab.Begin(t, t)
		g.tab.Move(t, []Status{Probing, Paused, Downloading}[g.IntN(3)])
		if t.status == Paused {
			g.tab.Move(t, Downloading)
		}
		g.begun[t] = true
	case g.IntN(3) == 0:
		g.tab.Changed(first.Task)
	case turn == Share:
		require.True(g, first.Shares)
		g.tab.Shared(t, first.Task)
		require.Equal(g, first.Name, t.name())
		g.end(t, Completed, nil)
	default:
		g.name(t)
		if g.IntN(3) > 0 {
			g.tab.Copied(t, first.Task)
		} else {
			g.tab.Reused(t, first.Size)
		}
		g.end(t, Completed, nil)
	}
}

// name settles what a task is called.
func (g *game) name(t *Task) {
	n := g.tab.Names(t, names.OfURL(t.url))
	if t.given() != "" {
		require.True(g, n.Take(t.given()))
		return
	}
	number, _ := n.Number(n.byURL)
	name := safename.Numbered(n.byURL, number)
	if !n.Free(name) {
		name, _ = n.Claim(n.byURL, number)
	}
	require.True(g, n.Take(name))
}

func (g *game) leave(t *Task, complete bool) {
	var print Print
	if complete {
		print = Print(1 + t.seq)
	}
	g.tab.Leave(t, nil, "", print)
	delete(g.begun, t)
}

func (g *game) end(t *Task, to Status, why error) {
	others := endOf(g.tab, t, to, "download", why)
	for _, o := range others {
		require.Equal(g, to, o.status)
		if to == Completed {
			require.Equal(g, t.name(), o.name())
		} else {
			require.Equal(g, t.some().failure.err, o.some().failure.err)
			require.Equal(g, o.ID(), o.told().TaskID)
		}
	}
	g.next(t)
}

// next has the worker of a task that is no longer its own go on to another.
func (g *game) next(t *Task) {
	g.owned = slices.DeleteFunc(g.owned, func(o *Task) bool { return o == t })
	if next, _ := g.tab.Next(g.IntN(4) > 0); next != nil {
		g.owned = append(g.owned, next)
	}
}

// cancel ends all tasks there are.
func (g *game) cancel() {
	why := errors.New("cancelled")
	for len(g.owned) > 0 {
		t := g.owned[0]
		if g.begun[t] {
			g.leave(t, false)
		}
		g.tab.End(t, Cancelled, "download", why)
		g.owned = g.owned[1:]
		g.tab.Next(false)
	}
	for !g.tab.Idle(true) {
		g.grant()
		queued := g.tab.Drain()
		require.True(g, slices.IsSortedFunc(queued, func(a, b *Task) int { return int(a.seq - b.seq) }))
		for _, t := range queued {
			g.tab.End(t, Cancelled, "download", why)
		}
	}
	require.True(g, g.tab.Idle(true))
	g.check()
}
