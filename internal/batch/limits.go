package batch

import (
	"cmp"
	"math"

	"github.com/littledl/littledl/internal/origin"
	"github.com/littledl/littledl/internal/transfer"
)

// Limits are how much there may be at once. They may change while a Start runs.
type Limits struct {
	Places      int   // files in transfer
	Connections int   // requests in flight
	Slots       int   // of those, where files do not share them
	PerHost     int   // at one origin
	PerFile     int   // of one file
	Speed       int64 // bytes/s; 0: any
}

// Wanted is what a caller has said of limits; 0: nothing.
type Wanted struct {
	Places      int // never 0
	Connections int
	PerHost     int
	PerFile     int   // never 0
	Given       bool  // that was said, and is no default
	Most        int   // of one file in any case
	Shared      int   // requests in flight that all files share; 0: each has its own
	Speed       int64 // bytes/s
}

// Limits are what that comes to. Of limits that were given none is lowered by a default.
func (w Wanted) Limits() Limits {
	l := Limits{Places: w.Places, Speed: w.Speed}
	most := cmp.Or(w.Most, max(16, w.PerFile, w.Shared))
	l.PerFile = min(w.PerFile, most)
	if w.Shared > 0 {
		l.Connections = min(w.Shared, cmp.Or(w.Connections, w.Shared))
		l.Slots = math.MaxInt32 // none of its own where the budget has one
		if !w.Given {
			l.PerFile = min(l.Connections, most)
		}
	} else {
		l.Connections = cmp.Or(w.Connections, l.Places*l.PerFile)
		l.Slots = l.Connections
	}
	l.PerHost = min(l.Connections, cmp.Or(w.PerHost, l.Connections))
	return l
}

// limits are those, and what follows from them for files.
type limits struct {
	Limits
	bounds transfer.Bounds
}

func (r *Run) bounded(l Limits) *limits {
	return &limits{l, transfer.Bounds{
		PerFile: l.PerFile,
		OneAsk:  l.PerFile == 1 && (l.Connections > 1 || l.Places == 1),
		Turns:   r.engine.Shared && l.Connections == 1 && l.Places > 1,
		Holding: 2*l.Places + 16,
	}}
}

// SetLimits has other limits hold from now on. What is under way beyond them ends by itself, and
// nothing new begins before there is room.
func (r *Run) SetLimits(l Limits) {
	r.limits.Store(r.bounded(l))
	r.Slots.Resize(l.Slots)
	r.engine.Origins.SetMost(origin.Most{Each: l.PerHost, InAll: l.Connections})
	if r.Share != nil {
		r.Share.resize(l.Connections, r.Allowed())
	}
	r.engine.Limiter.Set(l.Speed)
	r.Wake()
	r.prober.poke()
}
