package segment

import (
	"errors"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"time"

	"github.com/littledl/littledl/internal/span"
	"github.com/littledl/littledl/internal/wait"
)

// game is a plan that is worked on by players and meddled with.
type game struct {
	p         *Plan
	size      int64
	sources   int
	now       func() time.Time
	players   []*player
	adopted   []span.Range // what was there before the first round
	forgotten int64
	alone     bool // nobody else wants what the file may have: it has the time to try how much pays
}

func newGame(rnd *rand.Rand, size int64, now func() time.Time) *game {
	alone := rnd.IntN(4) == 0
	if alone {
		size *= 4
	}
	g := &game{p: New(&config), size: size, sources: 1 + rnd.IntN(3), now: now, alone: alone}
	g.p.SetSources(g.sources)
	g.p.Adopt(size, nil)
	if rnd.IntN(2) == 0 {
		g.p.Adopt(size, pairs{{size / 4, size/4 + 1 + rnd.Int64N(size/4)}, {size * 3 / 4, size*3/4 + 1}}.spans())
	}
	g.adopted, g.forgotten = g.p.There().Ranges(), -g.p.Len()
	return g
}

// begin lays out a round, or begins with one request that tells whether that makes sense.
func (g *game) begin(rnd *rand.Rand) {
	g.p.Round()
	g.players = []*player{{}}
	g.p.Join(0)
	if rnd.IntN(3) > 0 {
		g.addWorkers(g.p.LayOut(g.layout(rnd), nil, g.look(rnd)))
		return
	}
	gap := g.p.There().Gaps(0, g.size)[0]
	g.p.Ask(gap.Lo, min(gap.Hi, gap.Lo+config.Whole))
}

func (g *game) layout(rnd *rand.Rand) Layout {
	l := Layout{Segments: 1 + rnd.IntN(8), Workers: 1 + rnd.IntN(6), Most: rnd.IntN(9), Down: rnd.IntN(2) == 0, Settled: rnd.IntN(3) == 0}
	if rnd.IntN(3) == 0 {
		l.Urgent = pairs{{0, g.size / 10}, {g.size / 2, g.size/2 + 100}}.spans()
	}
	return l
}

// look is what the plan is told of the rest of the world.
func (g *game) look(rnd *rand.Rand) Now {
	now := Now{Time: g.now(), Limit: 1 + rnd.IntN(8), Others: rnd.IntN(2), Idle: rnd.IntN(4), Room: rnd.IntN(8), Files: 1 + rnd.IntN(3), MayGrow: rnd.IntN(4) > 0}
	if g.alone {
		now = Now{Time: g.now(), Limit: 8, Idle: 8, Room: 8, Files: 1, MayGrow: true}
	}
	for range g.sources {
		if g.sources > 1 {
			now.Capacity = append(now.Capacity, rnd.IntN(4))
		}
	}
	return now
}

func (g *game) addWorkers(s Scaling) {
	for range s.Regular + s.Extra {
		g.players = append(g.players, &player{additional: true})
		g.p.Join(0)
	}
}

// step lets one of the players have its turn, and perhaps something else happen.
func (g *game) step(rnd *rand.Rand) {
	i := rnd.IntN(len(g.players))
	w := g.players[i]
	if !g.turn(w, rnd) {
		g.quit(w)
		g.players = slices.Delete(g.players, i, i+1)
		return
	}
	if w.asking && g.p.single { // the first answer
		g.p.Sized(g.size, true)
		first := w.s
		if g.p.Len() > 0 {
			first = nil
		}
		g.addWorkers(g.p.LayOut(g.layout(rnd), first, g.look(rnd)))
	}
	if rnd.IntN(5) == 0 {
		g.meddle(rnd)
	}
	if len(g.adopted) > 0 && rnd.IntN(500) == 0 { // it was not what it should be
		g.forgotten += g.p.Refetch(g.adopted[0].Lo, g.adopted[0].Hi)
		g.adopted = g.adopted[1:]
	}
}

// meddle is what happens to a plan beside its players.
func (g *game) meddle(rnd *rand.Rand) {
	switch rnd.IntN(7) {
	case 0:
		g.addWorkers(g.p.Scale(g.look(rnd)))
	case 1:
		g.addWorkers(g.p.Relieve(g.look(rnd)))
	case 2:
		g.addWorkers(g.p.Grow(g.look(rnd)))
	case 3:
		g.p.Shed(rnd.IntN(g.sources))
	case 4:
		g.p.Narrow(rnd.IntN(2) == 0 && !g.alone)
	default:
		g.addWorkers(g.p.Tick(g.look(rnd)))
	}
}

// end ends a round, whoever is in the middle of what.
func (g *game) end() {
	for _, w := range g.players {
		if w.asking {
			g.p.End(w.s, g.now())
		}
		if w.s != nil {
			g.p.Drop(w.s)
		}
		g.quit(w)
	}
}

func (g *game) quit(w *player) {
	g.p.Leave(w.source)
	g.p.Quit()
}

func (g *game) brought() (n int64) {
	for i := range g.sources {
		n += g.p.Bytes(i)
	}
	return n
}

// player is a worker that leaves to chance what happens to it.
type player struct {
	additional bool
	source     int
	s          *Segment
	asking     bool
	off        int64 // where its answer is
	until      int64 // where that ends
	slow       bool
	why        atomic.Pointer[error] // its request was ended
}

// turn is one step of a player; false: there is nothing more for it.
func (g *game) turn(w *player, rnd *rand.Rand) bool {
	switch {
	case w.s == nil:
		g.p.Leave(w.source)
		w.source = rnd.IntN(g.sources)
		g.p.Join(w.source)
		latency := time.Duration(rnd.IntN(200)) * time.Millisecond
		w.s = g.p.Take(Worker{Source: w.source, Additional: w.additional, Mixed: g.sources > 1, Latency: latency, At: g.now().Sub(zero)}, g.now())
		return w.s != nil
	case w.asking && (w.why.Load() != nil || rnd.IntN(40) == 0):
		g.fails(w, rnd)
	case w.asking:
		g.reads(w, rnd)
	case g.p.Finished(w.s):
		w.s = nil // others have it
	default:
		g.asks(w, rnd)
	}
	return true
}

func (g *game) asks(w *player, rnd *rand.Rand) {
	lo, hi := g.p.Range(w.s)
	w.why.Store(nil)
	g.p.Begin(w.s, w.source, func(why error) { w.why.Store(&why) }, 0, g.now())
	g.p.Answered(w.s, g.now())
	w.asking, w.off, w.until, w.slow = true, lo, hi, rnd.IntN(4) == 0
	if rnd.IntN(8) == 0 {
		w.until = lo + rnd.Int64N(hi-lo) // the answer is short
	}
}

func (g *game) reads(w *player, rnd *rand.Rand) {
	if room := min(w.until-w.off, g.p.Room(w.s, w.off)); room > 0 {
		n := 1 + rnd.Int64N(min(room, 400))
		if w.slow {
			n = 1
		}
		if _, first := g.p.Wrote(w.s, w.off, n); first {
			g.p.FirstByte(w.s, g.now())
		}
		w.off += n
		return
	}
	w.asking = false
	g.p.End(w.s, g.now())
	if g.p.Finished(w.s) {
		g.p.Done(w.s)
		w.s = nil
	}
}

func (g *game) fails(w *player, rnd *rand.Rand) {
	w.asking = false
	g.p.End(w.s, g.now())
	if g.p.Failed(w.s, rnd.IntN(2) == 0, g.now()) {
		w.s = nil
		return
	}
	if why := w.why.Load(); rnd.IntN(2) == 0 || why != nil && errors.Is(*why, ErrShed) {
		if rnd.IntN(2) == 0 {
			g.p.Tried(w.s, wait.Tries{Source: w.source, Until: g.now().Sub(zero) + time.Duration(rnd.IntN(300))*time.Millisecond})
		}
		g.p.Return(w.s)
		w.s = nil
	}
}
