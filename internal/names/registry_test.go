package names

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/replay"
	"github.com/littledl/littledl/internal/safename"
)

// owner is a task as names knows it, and what a test knows of it.
type owner struct {
	seq   int32
	given string // the name that its caller gave
	byURL string // the one that it has by its URL else
	nth   int32
	name  string // once it is settled
	lost  bool   // what was kept for it has been given to another
	ended bool
	next  int32 // how many tasks there were then
	start int   // the one it ended in
}

// nameGame plays random tasks against names.
type nameGame struct {
	*testing.T
	*rand.Rand
	n     *Registry
	all   []*owner
	last  map[string]*owner // who had a name last
	start int
}

const gameDir = "dir"

// TestNamesAtRandom: no two tasks that have not ended have one name; one that has ended
// gives its name to those that come later, and in the next Start to all; and a task has its
// own back unless it has gone to another.
func TestNamesAtRandom(t *testing.T) {
	seed := replay.Seed(t)
	for i := range 200 {
		g := &nameGame{T: t, Rand: rand.New(rand.NewPCG(seed, uint64(i))), n: New(), last: map[string]*owner{}}
		for range 200 {
			g.step()
			g.check()
		}
	}
}

func (g *nameGame) step() {
	open := slices.DeleteFunc(slices.Clone(g.all), func(o *owner) bool { return o.ended })
	switch k := g.IntN(20); {
	case k < 8 || len(open) == 0:
		g.add()
	case k < 13:
		g.settle(open[g.IntN(len(open))])
	case k < 19:
		g.end(open[g.IntN(len(open))])
	default:
		g.next(open)
	}
}

func (g *nameGame) add() {
	o := &owner{seq: int32(len(g.all)), byURL: []string{"a", "A", "b", "a (1)"}[g.IntN(4)]}
	if g.IntN(4) > 0 {
		plain := g.mayHave(o, o.byURL)
		o.nth, _ = g.n.Promise(o.seq, gameDir, o.byURL, 0)
		require.Equal(g, plain, o.nth == 0, "%s %d", o.byURL, o.nth)
		g.all = append(g.all, o)
		require.True(g, g.mayHave(o, g.called(o)), g.called(o))
		return
	}
	given := []string{"a", "a (1)", "c"}[g.IntN(3)]
	var by *owner
	for _, other := range g.all {
		if !other.ended && (other.given == given || safename.Fold(other.name) == given) {
			by = other
		}
	}
	_, _, ok := g.n.Reserve(o.seq, gameDir, given)
	require.Equal(g, by == nil, ok, given)
	if ok {
		for _, other := range g.all {
			other.lost = other.lost || g.promised(other) == given
		}
		o.given, g.last[given] = given, o
		g.all = append(g.all, o)
	}
}

// called is the name that a task has or that is kept for it.
func (g *nameGame) called(o *owner) string {
	switch {
	case o.name != "":
		return o.name
	case o.given != "":
		return o.given
	}
	return safename.Numbered(o.byURL, int(o.nth))
}

// mayHave reports whether a name is free for a task by the rules.
func (g *nameGame) mayHave(o *owner, name string) bool {
	name = safename.Fold(name)
	if last := g.last[name]; last != nil && last != o && (!last.ended || last.next > o.seq && last.start == g.start) {
		return false
	}
	return !slices.ContainsFunc(g.all, func(other *owner) bool { return other != o && g.promised(other) == name })
}

// promised is the name that is kept for a task which has none yet.
func (g *nameGame) promised(o *owner) string {
	if o.ended || o.lost || o.name != "" || o.given != "" {
		return ""
	}
	return safename.Fold(g.called(o))
}

// settle does what the first answer of a task does.
func (g *nameGame) settle(o *owner) {
	if o.name != "" {
		if o.given == "" && g.IntN(2) == 0 { // somebody else has put a file there
			c, _ := g.claim(o, o.byURL, 0)
			g.rename(o, o.name, c)
		}
		return
	}
	if o.given != "" {
		o.name = o.given
		return
	}
	promised, name, number := g.called(o), o.byURL, int(o.nth)
	if g.IntN(3) == 0 { // the server has another name
		name = "c"
		n, _ := g.n.Promise(o.seq, gameDir, name, 0)
		number = int(n)
	}
	for range g.IntN(3) { // there are files in the way
		c, n := g.claim(o, name, number)
		_, _, ok := g.n.Reserve(int32(len(g.all)), gameDir, c)
		require.False(g, ok, "it is being looked at")
		g.n.Release(o.seq, gameDir, c)
		number = n + 1
	}
	c, _ := g.claim(o, name, number)
	g.rename(o, promised, c)
}

// claim finds the first number that a task may have.
func (g *nameGame) claim(o *owner, name string, number int) (string, int) {
	for !g.mayHave(o, safename.Numbered(name, number)) {
		number++
	}
	c, n := g.n.Claim(o.seq, gameDir, name, number)
	require.Equal(g, number, n, name)
	require.Equal(g, safename.Numbered(name, n), c)
	return c, n
}

// rename gives a task a name that it has claimed for one that it had.
func (g *nameGame) rename(o *owner, was, name string) {
	if was != name {
		g.n.Release(o.seq, gameDir, was)
		if key := safename.Fold(was); g.last[key] == o {
			delete(g.last, key)
		}
	}
	g.n.Take(o.seq, gameDir, name)
	g.last[safename.Fold(name)], o.name = o, name
}

func (g *nameGame) end(o *owner) {
	g.n.End(o.seq, gameDir, g.called(o), int32(len(g.all)))
	if o.given != "" && o.name != "" {
		g.n.End(o.seq, gameDir, o.given, int32(len(g.all)))
	}
	o.ended, o.next, o.start = true, int32(len(g.all)), g.start
}

// next ends a Start and begins another, which tries some of the tasks again.
func (g *nameGame) next(open []*owner) {
	for _, o := range open {
		g.end(o)
	}
	g.n.EndStart()
	g.start++
	for _, o := range g.all {
		if g.IntN(4) > 0 || o.name == "" && o.given != "" {
			continue
		}
		if o.name == "" {
			o.ended, o.lost = false, false
			o.nth, _ = g.n.Promise(o.seq, gameDir, o.byURL, o.nth)
			continue
		}
		name := safename.Fold(o.name)
		last := g.last[name]
		o.ended = last != nil && last != o || slices.ContainsFunc(g.all, func(other *owner) bool { return other != o && g.promised(other) == name })
		require.Equal(g, !o.ended, g.n.Reclaim(o.seq, gameDir, o.name, false))
		if !o.ended {
			g.last[name] = o
		}
	}
}

// check compares the names of the tasks that have not ended.
func (g *nameGame) check() {
	has := map[string]*owner{}
	for _, o := range g.all {
		if o.ended || o.name == "" {
			continue
		}
		name := safename.Fold(o.name)
		require.Nil(g, has[name], "%q of two tasks", name)
		has[name] = o
		require.True(g, g.n.Has(o.seq, gameDir, o.name), o.name)
	}
}

// TestNumbersOfOneName: numbers are given in order, those that are free again first, and
// without a search through all of them.
func TestNumbersOfOneName(t *testing.T) {
	n := New()
	const many = 50_000
	for i := range int32(many) {
		nth, used := n.Promise(i, gameDir, "a", 0)
		require.Equal(t, i, nth)
		require.False(t, used)
	}
	n.End(7, gameDir, "a (7)", many)
	n.Claim(8, gameDir, "a", 8)
	n.Take(8, gameDir, "a (8)")
	n.End(8, gameDir, "a (8)", many)
	for i, want := range []int32{7, 8, many} {
		nth, used := n.Promise(int32(many+i), gameDir, "a", 0)
		require.Equal(t, want, nth)
		require.Equal(t, want == 8, used, "the promise of 7 was never kept")
	}
	name, number := n.Claim(many+3, gameDir, "a", maxNumbered+1)
	require.Equal(t, fmt.Sprintf("a (%d)", many+1), name)
	require.Equal(t, many+1, number)
}
