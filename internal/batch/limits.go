package batch

import (
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
