package littledl

import (
	"fmt"
	"math"
	"slices"

	"github.com/littledl/littledl/internal/redact"
)

// Who is in, who waits, and who gets the next slot. The allocator's mutex guards it.

// allotment is a file's part of the budget.
type allotment struct {
	id       string
	priority int
	in       bool
	entered  chan struct{} // closed once it is in
	decision StyleDecision
	held     int           // slots, also after the file was removed
	perSlot  float64       // bytes/s, smoothed; 0: not measured yet
	work     float64       // what is left, in seconds of one slot
	passed   int           // slots others got while it waited without any, since its last
	waiters  []*slotWaiter // first come, first served
}

// slotWaiter is a caller of Acquire. err is written before ready is closed.
type slotWaiter struct {
	arrival uint64
	ready   chan struct{}
	err     error // nil: it has a slot
}

const (
	unknownWork = -1

	// Remaining time counts for a quarter of the mean at least and four times the mean
	// at most, so by 16 to 1. A step of priority counts for 64 to 1: what is more urgent
	// weighs four times as much however little of it is left.
	timeBound    = 4
	priorityBits = 6
	maxPriority  = 150 // beyond it no difference is made, so that weights stay numbers

	// patience is how often a file without a slot is passed over, for each file that
	// waits, before urgent ones no longer go ahead of it.
	patience = 4
)

func newAllotment(id string, priority int, d StyleDecision) *allotment {
	return &allotment{id: id, priority: priority, decision: d, entered: make(chan struct{}), work: unknownWork}
}

// arrive puts a file in line and lets in whom there is room for.
func (a *DynamicStyleAllocator) arrive(f *allotment) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.files[f.id] != nil {
		return fmt.Errorf("%w: %q; call RemoveFile first, or use another id", ErrDuplicateFile, redact.URL(f.id))
	}
	a.files[f.id] = f
	i, _ := slices.BinarySearchFunc(a.arriving, f.priority, func(o *allotment, priority int) int {
		if o.priority <= priority { // behind its equals
			return -1
		}
		return 1
	})
	a.arriving = slices.Insert(a.arriving, i, f)
	a.admitLocked()
	return nil
}

func (a *DynamicStyleAllocator) admitLocked() {
	for a.in < a.maxFiles && len(a.arriving) > 0 {
		f := a.arriving[0]
		a.arriving = slices.Delete(a.arriving, 0, 1)
		a.in++
		f.in = true
		close(f.entered)
	}
}

// dropLocked takes out a file that is in or in line.
func (a *DynamicStyleAllocator) dropLocked(f *allotment) {
	delete(a.files, f.id)
	if !f.in {
		i := slices.Index(a.arriving, f)
		a.arriving = slices.Delete(a.arriving, i, i+1)
		return
	}
	for len(f.waiters) > 0 {
		w := a.unqueueLocked(f, 0)
		w.err = unknownFile(f.id)
		close(w.ready)
	}
	a.in--
	a.admitLocked()
}

func (a *DynamicStyleAllocator) queueLocked(f *allotment) *slotWaiter {
	a.arrivals++
	w := &slotWaiter{arrival: a.arrivals, ready: make(chan struct{})}
	if len(f.waiters) == 0 {
		a.hungry = append(a.hungry, f)
	}
	f.waiters = append(f.waiters, w)
	a.waiting++
	return w
}

func (a *DynamicStyleAllocator) unqueueLocked(f *allotment, i int) *slotWaiter {
	w := f.waiters[i]
	f.waiters = slices.Delete(f.waiters, i, i+1)
	a.waiting--
	if len(f.waiters) == 0 {
		i := slices.Index(a.hungry, f)
		a.hungry = slices.Delete(a.hungry, i, i+1)
	}
	return w
}

// giveUp is for a waiter whose context has ended.
func (a *DynamicStyleAllocator) giveUp(f *allotment, w *slotWaiter) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if i := slices.Index(f.waiters, w); i >= 0 {
		a.unqueueLocked(f, i)
	} else if w.err == nil { // served at the same moment: pass it on
		a.putLocked(f)
	}
}

func (a *DynamicStyleAllocator) takeLocked(f *allotment) {
	f.held++
	f.passed = 0
	a.used++
}

func (a *DynamicStyleAllocator) putLocked(f *allotment) {
	f.held--
	a.used--
	a.grantLocked()
}

// releaser returns what gives one slot back, once.
func (a *DynamicStyleAllocator) releaser(f *allotment) func() {
	released := false
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		if !released {
			released = true
			a.putLocked(f)
		}
	}
}

// grantLocked hands out what is free; in debt that is nothing.
func (a *DynamicStyleAllocator) grantLocked() {
	for a.used < a.size && a.waiting > 0 {
		f := nextFile(a.hungry)
		w := a.unqueueLocked(f, 0)
		a.takeLocked(f)
		close(w.ready)
	}
}

// nextFile chooses among files that somebody waits for, and notes whom it passes over.
func nextFile(hungry []*allotment) *allotment {
	mean, impatient := meanWork(hungry), patience*len(hungry)
	next := hungry[0]
	for _, f := range hungry[1:] {
		if f.before(next, mean, impatient) {
			next = f
		}
	}
	for _, f := range hungry {
		if f != next && f.held == 0 {
			f.passed++
		}
	}
	return next
}

// report notes what is left and how fast it comes. What one slot brings is smoothed,
// because a speed may lag behind the slots that it is divided by.
func (f *allotment) report(remaining int64, speed float64) {
	f.work = unknownWork
	if remaining < 0 || !(speed >= 1 && speed <= math.MaxFloat64) { // NaN is neither
		return
	}
	perSlot := speed / float64(max(f.held, 1))
	if f.perSlot == 0 {
		f.perSlot = perSlot
	}
	f.perSlot += (perSlot - f.perSlot) / 4
	f.work = float64(remaining) / f.perSlot
}

// meanWork is the mean of what is known; 0 when nothing is.
func meanWork(files []*allotment) float64 {
	sum, known := 0.0, 0
	for _, f := range files {
		if f.work != unknownWork {
			sum += f.work
			known++
		}
	}
	return sum / float64(max(known, 1))
}

// before reports whether f gets a slot before o does.
func (f *allotment) before(o *allotment, mean float64, impatient int) bool {
	if x, y := f.load(mean), o.load(mean); x != y {
		return x < y
	}
	if x, y := f.passed >= impatient, o.passed >= impatient; x != y {
		return x
	}
	if f.priority != o.priority {
		return f.priority < o.priority
	}
	return f.waiters[0].arrival < o.waiters[0].arrival
}

// load is the number of slots a file holds for its weight; 0 when it holds none,
// whatever it weighs.
//
// Weight follows work, not the remaining time itself: that shrinks with every slot
// gained, and shares that followed it would swing to and fro. Slots in proportion to
// work are those with which all files end at the same time.
func (f *allotment) load(mean float64) float64 {
	weight := math.Ldexp(1, -priorityBits*min(f.priority, maxPriority))
	if f.work != unknownWork && mean > 0 {
		weight *= min(max(f.work/mean, 1.0/timeBound), timeBound)
	}
	return float64(f.held) / weight
}
