package recovery

import "time"

// Measure is how far a file is from its end. Each outcome that decides something makes it
// smaller, whatever servers do; nothing makes it larger but news, such as another file's
// answer or a pause. It is compared from the left, like the digits of a number: what raises
// a component lowers one to the left of it, and none falls without end. So no sequence of
// outcomes is endless.
type Measure [15]int64

// Measure is that of a file of this size.
func (f *File) Measure(size int64) (m Measure) {
	if f.dead != nil {
		return m
	}
	m[1] = int64(f.displaced)
	m[2] = int64(f.changes)
	m[3] = size - f.most
	m[7] = one(f.size == 0)
	m[10] = size - f.have
	m[11] = one(f.open)
	m[13] = f.timeLeft(f.short.Spent())
	for i := range f.n() {
		s := f.source(i)
		m[0] += one(!s.tried)
		m[1] += int64(s.forms)
		m[4] += int64(s.recalls + s.returns + s.companions + s.refreshes)
		m[5] += one(s.fallback)
		m[6] += one(!s.plain)
		m[8] += int64(f.retryBudget() - s.retriesSpent + s.patience)
		m[9] += [...]int64{Active: 3, Blocked: 3, Suspended: 2, Different: 1, Rejected: 0}[s.standing]
		m[12] += one(!s.pinned) + one(!s.verified)
		m[14] += f.timeLeft(s.waited.Spent())
	}
	return m
}

// timeLeft is what is left until the retry deadline, in milliseconds. It may be negative:
// by the last failure, and while others are served, but not without end.
func (f *File) timeLeft(spent time.Duration) int64 {
	return int64((f.lim.MaxElapsed - spent) / time.Millisecond)
}

func one(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
