package concurrency

import "time"

// The rule by which a host's number of requests in flight follows what the host
// can bear. It is pure: time and counts are passed in.

// load is what was seen of one host since the last decision.
type load struct {
	limit   int // the caller's: never exceeded
	ceiling int // the lowest number that was refused so far; 0: none
	refusal bool
	serving int           // requests being served besides the refused one
	first   bool          // the first refusal of this episode: not one of those under way at the last cut
	quiet   time.Duration // since the last refusal
	holdOff time.Duration // how long to stay below the ceiling before trying it again
	busy    bool          // every slot was in use
	goodput float64       // bytes/s now
	before  float64       // bytes/s before the last change; 0: no change is on trial
}

// next returns how many requests a host may have in flight from now on.
//
// A refusal brings it down to what is being served, at most half of what it was;
// refusals of requests already under way then only take away themselves. Without
// refusals it grows by one while growing pays, up to just below what was refused,
// and beyond that only after a quiet time.
func next(current int, w load) int {
	if w.refusal {
		n := min(current, w.serving)
		if w.first && w.ceiling == 0 {
			n = min(n, current/2)
		}
		return max(n, 1)
	}
	if w.before > 0 && current > 1 {
		hoped := w.before / float64(current-1)
		if w.goodput < w.before+hoped/2 {
			return current - 1 // the last step brought less than half of its share
		}
	}
	if !w.busy || current >= w.limit {
		return min(current, w.limit)
	}
	if w.ceiling > 0 && current+1 >= w.ceiling && w.quiet < w.holdOff {
		return current
	}
	return current + 1
}
