package transfer

import (
	"time"

	"github.com/littledl/littledl/internal/pace"
)

// Bytes are taken of the speed limits before they are read: those of all files, of the host that
// sends them, and of the file.

func (x *answer) limiters() [3]*pace.Limiter {
	return [3]*pace.Limiter{x.f.pace, x.at.Speed(), x.f.e.Limiter}
}

// grain is how many bytes are to be taken at once; 0: nothing limits them.
func (x *answer) grain() (least int64) {
	for _, l := range x.limiters() {
		if n := l.Grain(); n > 0 && (least == 0 || n < least) {
			least = n
		}
	}
	return least
}

// pay notes that so many bytes were read, and returns when more may be, from off on.
func (x *answer) pay(n, off int64) error {
	grain := x.grain()
	x.paid = max(x.paid-n, 0)
	if x.limited = grain > 0; !x.limited || x.paid > 0 {
		return nil
	}
	want := min(grain, x.until-off, x.f.plan.Room(x.s, off))
	if want <= 0 {
		return nil
	}
	if err := x.take(want); err != nil {
		return err
	}
	x.paid = want
	return nil
}

// take waits until so many bytes may be read.
func (x *answer) take(n int64) error {
	plan := x.f.plan
	plan.Throttle(x.s, true, time.Now())
	defer func() { plan.Throttle(x.s, false, time.Now()) }()
	all := x.limiters()
	for i, l := range all {
		if err := l.Take(x.ctx, n); err != nil {
			for _, before := range all[:i] {
				before.Return(n)
			}
			return err
		}
	}
	return nil
}

// giveBack returns what was taken, and not read.
func (x *answer) giveBack(n int64) {
	if n > 0 {
		for _, l := range x.limiters() {
			l.Return(n)
		}
	}
}
