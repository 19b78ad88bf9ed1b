package strategy

import (
	"fmt"
	"math"
	"time"

	"github.com/littledl/littledl/internal/line"
)

// Decide is Guess with what has been measured, and pieces that take at least so long.
func (s Selector) Decide(f File, m line.Measure, shortest time.Duration) Decision {
	d := s.Guess(f)
	l, ok := line.Of(m)
	if d.Pieces == 1 || !ok {
		return d
	}
	k, reason := s.worth(f.Size, l, shortest)
	if k == 1 || l.Seconds(f.Size, k) > 1.1*l.Seconds(f.Size, 1) {
		if k > 1 {
			reason = "Opening more connections takes longer than they save."
		}
		return s.one(l.Confidence(1), reason)
	}
	d.Pieces, d.Reason = k, reason
	d.Speedup, d.Confidence = l.Speedup(f.Size, k), l.Confidence(k)
	return d
}

// worth is how many connections such a file is worth on such a line, and what decided it. It
// never falls with size.
func (s Selector) worth(size int64, l line.Line, shortest time.Duration) (k int, reason string) {
	k = Pieces(size)
	switch {
	case l.Connections == 1:
		reason = fmt.Sprintf("One connection was measured; whether %d add up is not known.", k)
	case math.IsInf(l.All, 1):
		k, reason = max(2*k, 2*l.Connections), "Connections are limited one by one, so more add up."
	default:
		// Two where one would do: the second fills the gaps between the first's requests.
		k, reason = min(max(2, int(math.Ceil(l.All/l.One-0.25))), l.Connections), "Connections share a limit, which a few fill."
	}
	if k > s.Most {
		k, reason = s.Most, fmt.Sprintf("%d chunks are the limit.", s.Most)
	}
	if steady := max(1, int(math.Round(float64(k)*(1+l.Stability)/2))); steady < k {
		k, reason = steady, "The network is unsteady, so fewer."
	}
	if long := float64(size) / (l.One * shortest.Seconds()); long < float64(k) {
		k, reason = max(1, int(long)), fmt.Sprintf("More chunks would take less than %v each.", shortest)
	}
	return k, reason
}
