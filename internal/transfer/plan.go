package transfer

import (
	"time"

	"github.com/littledl/littledl/internal/disk"
	"github.com/littledl/littledl/internal/line"
	"github.com/littledl/littledl/internal/segment"
)

// What a file's plan has to be told, and what follows from what it decides.

// prepareLocked lays out the work of a round.
func (f *File) prepareLocked() {
	f.err = nil
	f.plan.Round()
	switch {
	case f.stream:
		f.plan.Ask(0, segment.ToEnd)
	case f.pin == nil:
		f.plan.Ask(0, f.firstAskLocked())
	case f.unconfirmed: // one request until the server has said that it is the same file
		gap := f.plan.There().Gaps(0, f.pin.Size)[0]
		f.plan.Ask(gap.Lo, gap.Lo+min(gap.Hi-gap.Lo, f.firstAskLocked()))
	default:
		f.layOutLocked(nil)
	}
	f.plan.Tried(nil, f.tries)
}

// firstAskLocked is how many bytes the first request asks for: all of a file that will have no
// second connection.
func (f *File) firstAskLocked() int64 {
	b := f.e.Bounds()
	if b.OneAsk || f.sources[f.current].host.Capacity() == 1 && (!b.Turns || f.e.Files() == 1) {
		return segment.ToEnd
	}
	return f.e.FirstAsk
}

// layOutLocked cuts what is missing for as many workers as may help, and lets them in.
// First is the segment already being served, which keeps its share.
func (f *File) layOutLocked(first *segment.Segment) {
	var l segment.Layout
	f.bounds = f.e.Bounds()
	l, f.limit = f.e.Cut(f.cutLocked())
	if f.rec.Parallel() { // each source has a limit of its own to be found: who waits at one takes what it frees
		l.Segments, l.Workers, l.Settled = max(l.Segments, min(2*len(f.sources), f.limit)), f.limit, true
		l.Urgent = f.urgentLocked()
	}
	if f.delivery != nil {
		l.Piece = f.pieceLocked()
	}
	f.scaleLocked(f.plan.LayOut(l, first, f.nowLocked(time.Now())))
}

// nowLocked is what a plan decides by about the number of workers.
func (f *File) nowLocked(now time.Time) segment.Now {
	n := segment.Now{
		Time: now, Limit: f.limit, Others: f.unsampled, Idle: f.e.Idle(), Room: f.sources[f.current].host.Room(), Files: f.e.Files(),
		MayGrow: f.err == nil && f.e.MayGrow(f.priority.Load(), f.smallLocked()),
	}
	if f.e.Probed(f.t) {
		n.Others++
	}
	if f.rec.Parallel() {
		h := f.healthsLocked()
		for i, s := range f.sources {
			capacity := 0
			if f.rec.Usable(f.e.now(), i, h) {
				capacity = s.host.Capacity()
			}
			n.Capacity = append(n.Capacity, capacity)
		}
	}
	return n
}

// scaleLocked starts the workers that the plan wants.
func (f *File) scaleLocked(s segment.Scaling) {
	for range s.Regular {
		f.addWorkerLocked(worker{additional: true})
	}
	for range s.Extra {
		f.addWorkerLocked(worker{additional: true, extra: true})
	}
}

func (f *File) addWorkerLocked(w worker) {
	w.last = -1
	f.beside(&f.wg, func() { f.e.CallOut(func() { f.runWorker(&w) }) })
}

// cutLocked is what the batch has to know to say how the file is fetched.
func (f *File) cutLocked() Cut {
	return Cut{URL: f.t.URL(), Size: f.pin.Size, Origin: f.sources[f.current].host, Limit: f.bounds.PerFile}
}

// smallLocked reports whether the file is known to be small: of two of them the first stays.
func (f *File) smallLocked() bool {
	return f.pin != nil && f.pin.Size >= 0 && f.pin.Size < f.e.Small
}

// largeLocked reports whether it is known to be large: each request then has a connection of its own.
func (f *File) largeLocked() bool { return f.pin != nil && f.pin.Size > f.e.Small }

// urgentWaitsLocked reports whether a task waits that ought to have this file's place.
func (f *File) urgentWaitsLocked() bool {
	return f.e.Table.Preempts(f.priority.Load(), f.smallLocked())
}

// mayDelay reports whether the file may wait elsewhere, which bounds how many parts are held
// open meanwhile.
func (f *File) mayDelay() bool {
	return f.output().State() != disk.Open || f.e.Table.Holding() < f.e.Bounds().Holding
}

// Watch is to be called at every tick.
func (f *File) Watch(now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil || f.ctx == nil || f.ctx.Err() != nil {
		return
	}
	n := segment.Now{Time: now}
	if f.plan.Divided() {
		f.rebindLocked(now)
		n = f.nowLocked(now)
	}
	f.scaleLocked(f.plan.Tick(n))
}

// rebindLocked has other bounds hold for a file in transfer, if there are any.
func (f *File) rebindLocked(now time.Time) {
	b := f.e.Bounds()
	if b == f.bounds {
		return
	}
	f.bounds = b
	_, f.limit = f.e.Cut(f.cutLocked())
	f.plan.Rebound(f.limit, now)
}

// firstByte notes the first byte of a request.
func (f *File) firstByte(s *segment.Segment) {
	now := time.Now()
	f.plan.FirstByte(s, now)
	if !f.plan.Divided() {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.scaleLocked(f.plan.Grow(f.nowLocked(now)))
}

// Outlook is what a file has left and how fast it goes.
func (f *File) Outlook() (remaining int64, speed float64, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.pin == nil || f.pin.Size < 0 {
		return 0, 0, false
	}
	return f.pin.Size - f.plan.Len(), f.plan.Speed(), true
}

// reportMeasure tells the host what a file's transfer has shown of it.
func (f *File) reportMeasure() {
	f.mu.Lock()
	src := f.sources[f.current]
	f.mu.Unlock()
	if m := f.plan.Measured(); m.Connections > 0 {
		src.host.Measure(line.Measure{Connections: m.Connections, TotalSpeed: m.Total, MaxSpeed: m.Fastest, Stability: 1})
	}
}
