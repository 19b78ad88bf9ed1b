package share

import "math"

// Which file gets the next slot.

const (
	unknownWork = -1

	// Remaining time counts for a quarter of the mean at least and four times the mean
	// at most, so by 16 to 1. A step of priority counts for 64 to 1: what is more urgent
	// weighs four times as much however little of it is left.
	timeBound    = 4
	priorityBits = 6
	maxPriority  = 150 // beyond it no difference is made, so that weights stay numbers

	// starvedAfter is how often a file without a slot is passed over, for each file that
	// waits, before urgent ones no longer go ahead of it.
	starvedAfter = 4
)

// nextFile chooses among files that somebody waits for, and notes whom it passes over.
func nextFile(contending []*file) *file {
	mean, starved := meanWork(contending), starvedAfter*len(contending)
	next := contending[0]
	for _, f := range contending[1:] {
		if f.before(next, mean, starved) {
			next = f
		}
	}
	for _, f := range contending {
		if f != next && f.held == 0 {
			f.passed++
		}
	}
	return next
}

// report notes what is left and how fast it comes. What one slot brings is smoothed,
// because a speed may lag behind the slots that it is divided by.
func (f *file) report(remaining int64, speed float64) {
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
func meanWork(files []*file) float64 {
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
func (f *file) before(o *file, mean float64, starved int) bool {
	if x, y := f.load(mean), o.load(mean); x != y {
		return x < y
	}
	if x, y := f.passed >= starved, o.passed >= starved; x != y {
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
func (f *file) load(mean float64) float64 {
	weight := math.Ldexp(1, -priorityBits*min(f.priority, maxPriority))
	if f.work != unknownWork && mean > 0 {
		weight *= min(max(f.work/mean, 1.0/timeBound), timeBound)
	}
	return float64(f.held) / weight
}
