package littledl

import (
	"fmt"
	"math"
	"time"

	"github.com/littledl/littledl/internal/line"
)

// How a file is fetched, as a function of what is known. Pure: no clock, no state.

// DownloadStyle is how many connections a file is fetched over, and whether that
// number may grow.
type DownloadStyle string

const (
	// StyleSingle is one stream.
	StyleSingle DownloadStyle = "single"
	// StyleMulti is at most the recommended chunks at once, without growth.
	StyleMulti DownloadStyle = "multi"
	// StyleAdaptive is the recommended chunks at once, and more where nobody waits for what
	// they need, as long as that pays.
	StyleAdaptive DownloadStyle = "adaptive"
)

// SizeClass says how a file of a size is cut.
type SizeClass string

const (
	SizeUnknown SizeClass = "unknown" // nobody has told the size
	SizeSmall   SizeClass = "small"   // below 5 MiB: one request
	SizeMedium  SizeClass = "medium"  // 5 to 100 MiB, both included: four chunks
	SizeLarge   SizeClass = "large"   // above 100 MiB: eight chunks
)

// FileProfile is what is known of a file before it is fetched.
type FileProfile struct {
	URL           string
	Size          int64     // bytes; negative: unknown
	SizeClass     SizeClass // follows from Size, which alone decides
	SupportsRange bool      // RFC 9110, section 14
}

// NetworkProfile is what has been measured on the way to a host. The zero value
// is nothing yet; so is one without a speed.
type NetworkProfile struct {
	// RTT is one round trip.
	RTT time.Duration
	// Connections is how many were in use for TotalSpeed. With one it cannot be told
	// whether connections are limited one by one or all together.
	Connections int
	// TotalSpeed is in bytes/s over all of them at once.
	TotalSpeed float64
	// MaxSpeed is the bytes/s that the fastest single one has reached, be it before
	// the others joined in: a limit on the sum shows as a TotalSpeed well below
	// Connections times MaxSpeed. It counts once the connection has found its speed, which
	// over TCP takes some ten round trips: what it brought before makes a limit on the sum
	// look like one on each.
	MaxSpeed float64
	// Trend is the relative change of TotalSpeed over the last samples, -1..1.
	Trend float64
	// Stability is 1 where speed does not vary, down to 0.
	Stability float64
}

// StyleDecision is how a file should be fetched.
type StyleDecision struct {
	Style             DownloadStyle
	RecommendedChunks int     // at least 1
	EstimatedSpeedup  float64 // against one stream; 1..RecommendedChunks
	Confidence        float64 // in the estimate, 0..1
	Reason            string  // one short sentence
}

// StrategySelector decides how files are fetched. It only computes: it holds no
// state but its options, the same input gets the same answer, and it is safe for
// concurrent use. Make it with NewStrategySelector.
type StrategySelector struct {
	style         DownloadStyle
	single, multi bool
	max           int
}

// SelectorOption sets up a StrategySelector.
type SelectorOption func(*StrategySelector) error

// NewStrategySelector makes a selector. Its error is ErrInvalidOption, for a value
// out of range and where the options leave no style to choose: single and multi
// both off, or a default style that is switched off.
func NewStrategySelector(opts ...SelectorOption) (*StrategySelector, error) {
	s := &StrategySelector{style: StyleAdaptive, single: true, multi: true, max: 16}
	for _, o := range opts {
		if o == nil {
			return nil, invalidOption("nil SelectorOption")
		}
		if err := o(s); err != nil {
			return nil, err
		}
	}
	switch {
	case !s.single && !s.multi:
		return nil, invalidOption("WithSingle(false) and WithMulti(false) leave no style; drop one")
	case s.style == StyleSingle && !s.single:
		return nil, invalidOption("WithDefaultStyle(%q) contradicts WithSingle(false); drop one", s.style)
	case s.style == StyleMulti && !s.multi:
		return nil, invalidOption("WithDefaultStyle(%q) contradicts WithMulti(false); drop one", s.style)
	}
	return s, nil
}

// WithDefaultStyle is the style of files worth more than one chunk. The default is StyleAdaptive.
func WithDefaultStyle(style DownloadStyle) SelectorOption {
	return func(s *StrategySelector) error {
		s.style = style
		switch style {
		case StyleSingle, StyleMulti, StyleAdaptive:
			return nil
		}
		return invalidOption("WithDefaultStyle(%q); use one of the Style constants", style)
	}
}

// WithSingle allows StyleSingle. Off, a file that one chunk is enough for, or
// that cannot be had otherwise, gets the default style with one chunk, which in
// StyleAdaptive may still grow. The default is true.
func WithSingle(on bool) SelectorOption {
	return func(s *StrategySelector) error { s.single = on; return nil }
}

// WithMulti allows more than one chunk. Off, every file is StyleSingle. The default is true.
func WithMulti(on bool) SelectorOption {
	return func(s *StrategySelector) error { s.multi = on; return nil }
}

// WithMaxChunks bounds the recommended chunks of a file. The default is 16.
func WithMaxChunks(n int) SelectorOption {
	return func(s *StrategySelector) error {
		s.max = n
		if n < 1 {
			return invalidOption("WithMaxChunks(%d); it must be at least 1", n)
		}
		return nil
	}
}

// AnalyzeFile sums up what is known of a file. A negative size is unknown.
func (s *StrategySelector) AnalyzeFile(url string, size int64, supportsRange bool) FileProfile {
	return FileProfile{URL: url, Size: size, SizeClass: sizeClass(size), SupportsRange: supportsRange}
}

func sizeClass(size int64) SizeClass {
	switch {
	case size < 0:
		return SizeUnknown
	case size < smallSize:
		return SizeSmall
	case size <= largeSize:
		return SizeMedium
	}
	return SizeLarge
}

// SelectStyle decides by size and range support alone. Its estimate assumes an
// ordinary line.
func (s *StrategySelector) SelectStyle(p FileProfile) StyleDecision {
	switch {
	case !p.SupportsRange:
		return s.one(1, "The server does not serve ranges.")
	case p.Size < 0:
		return s.one(0.5, "The size is not known.")
	case p.Size < smallSize:
		return s.one(0.9, "A small file takes one request.")
	case !s.multi:
		return s.one(1, "More than one chunk is switched off.")
	case s.style == StyleSingle:
		return s.one(1, "One stream is the default style.")
	}
	class := sizeClass(p.Size)
	k := min(chunksFor(p.Size), s.max)
	if k == 1 {
		return s.one(1, "One chunk is the limit.")
	}
	return StyleDecision{
		Style: s.style, RecommendedChunks: k, EstimatedSpeedup: line.Ordinary().Speedup(p.Size, k), Confidence: 0.5,
		Reason: fmt.Sprintf("A %s file is cut into %d; nothing is measured yet.", class, k),
	}
}

// one is a decision for a single stream.
func (s *StrategySelector) one(confidence float64, reason string) StyleDecision {
	style := StyleSingle
	if !s.single {
		style = s.style
	}
	return StyleDecision{Style: style, RecommendedChunks: 1, EstimatedSpeedup: 1, Confidence: confidence, Reason: reason}
}

// SelectStyleFor is SelectStyle with what has been measured. Connections that are
// limited one by one are worth more of them, connections that share a limit only
// so many as fill it; an unsteady network gets fewer, and no chunk is shorter than
// what one connection, which is to be opened for it, fetches in two seconds.
func (s *StrategySelector) SelectStyleFor(p FileProfile, n NetworkProfile) StyleDecision {
	return s.selectFor(p, line.Measure(n), shortestFresh)
}

// selectFor is SelectStyleFor with chunks that take at least so long.
func (s *StrategySelector) selectFor(p FileProfile, m line.Measure, shortest time.Duration) StyleDecision {
	d := s.SelectStyle(p)
	l, ok := line.Of(m)
	if d.RecommendedChunks == 1 || !ok {
		return d
	}
	k, reason := s.chunks(p.Size, l, shortest)
	if k == 1 || l.Seconds(p.Size, k) > 1.1*l.Seconds(p.Size, 1) {
		if k > 1 {
			reason = "Opening more connections takes longer than they save."
		}
		return s.one(l.Confidence(1), reason)
	}
	d.RecommendedChunks, d.Reason = k, reason
	d.EstimatedSpeedup, d.Confidence = l.Speedup(p.Size, k), l.Confidence(k)
	return d
}

// How long fetching one chunk should take at least. A connection that is opened for it
// has to find its speed first. In a batch connections are kept from one file to the next,
// and where a chunk is short only the round trips that begin and end it cost.
const (
	shortestFresh = 2 * time.Second
	shortestKept  = 250 * time.Millisecond
)

// chunks is how many connections such a file is worth on such a line, and what
// decided it. It never falls with size.
func (s *StrategySelector) chunks(size int64, l line.Line, shortest time.Duration) (k int, reason string) {
	k = chunksFor(size)
	switch {
	case l.Connections == 1:
		reason = fmt.Sprintf("One connection was measured; whether %d add up is not known.", k)
	case math.IsInf(l.All, 1):
		k, reason = max(2*k, 2*l.Connections), "Connections are limited one by one, so more add up."
	default:
		// Two where one would do: the second fills the gaps between the first's requests.
		k, reason = min(max(2, int(math.Ceil(l.All/l.One-0.25))), l.Connections), "Connections share a limit, which a few fill."
	}
	if k > s.max {
		k, reason = s.max, fmt.Sprintf("%d chunks are the limit.", s.max)
	}
	if steady := max(1, int(math.Round(float64(k)*(1+l.Stability)/2))); steady < k {
		k, reason = steady, "The network is unsteady, so fewer."
	}
	if long := float64(size) / (l.One * shortest.Seconds()); long < float64(k) {
		k, reason = max(1, int(long)), fmt.Sprintf("More chunks would take less than %v each.", shortest)
	}
	return k, reason
}
