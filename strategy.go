package littledl

import (
	"time"

	"github.com/littledl/littledl/internal/line"
	"github.com/littledl/littledl/internal/strategy"
)

// How a file is fetched, as a function of what is known.

// DownloadStyle is how many connections a file is fetched over, and whether that
// number may grow.
type DownloadStyle string

const (
	// StyleSingle is one stream.
	StyleSingle = DownloadStyle(strategy.Single)
	// StyleMulti is at most the recommended chunks at once, without growth.
	StyleMulti = DownloadStyle(strategy.Multi)
	// StyleAdaptive is the recommended chunks at once, and more where nobody waits for what
	// they need, as long as that pays.
	StyleAdaptive = DownloadStyle(strategy.Adaptive)
)

// SizeClass says how a file of a size is cut.
type SizeClass string

const (
	SizeUnknown = SizeClass(strategy.SizeUnknown) // nobody has told the size
	SizeSmall   = SizeClass(strategy.SizeSmall)   // below 5 MiB: one request
	SizeMedium  = SizeClass(strategy.SizeMedium)  // 5 to 100 MiB, both included: four chunks
	SizeLarge   = SizeClass(strategy.SizeLarge)   // above 100 MiB: eight chunks
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
	allows strategy.Selector
}

// SelectorOption sets up a StrategySelector.
type SelectorOption func(*StrategySelector) error

// NewStrategySelector makes a selector. Its error is ErrInvalidOption, for a value
// out of range and where the options leave no style to choose: single and multi
// both off, or a default style that is switched off.
func NewStrategySelector(opts ...SelectorOption) (*StrategySelector, error) {
	s := &StrategySelector{strategy.Selector{Default: strategy.Adaptive, Single: true, Multi: true, Most: 16}}
	for _, o := range opts {
		if o == nil {
			return nil, invalidOption("nil SelectorOption")
		}
		if err := o(s); err != nil {
			return nil, err
		}
	}
	switch a := s.allows; {
	case !a.Single && !a.Multi:
		return nil, invalidOption("WithSingle(false) and WithMulti(false) leave no style; drop one")
	case a.Default == strategy.Single && !a.Single:
		return nil, invalidOption("WithDefaultStyle(%q) contradicts WithSingle(false); drop one", a.Default)
	case a.Default == strategy.Multi && !a.Multi:
		return nil, invalidOption("WithDefaultStyle(%q) contradicts WithMulti(false); drop one", a.Default)
	}
	return s, nil
}

// WithDefaultStyle is the style of files worth more than one chunk. The default is StyleAdaptive.
func WithDefaultStyle(style DownloadStyle) SelectorOption {
	return func(s *StrategySelector) error {
		s.allows.Default = strategy.Style(style)
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
	return func(s *StrategySelector) error { s.allows.Single = on; return nil }
}

// WithMulti allows more than one chunk. Off, every file is StyleSingle. The default is true.
func WithMulti(on bool) SelectorOption {
	return func(s *StrategySelector) error { s.allows.Multi = on; return nil }
}

// WithMaxChunks bounds the recommended chunks of a file. The default is 16.
func WithMaxChunks(n int) SelectorOption {
	return func(s *StrategySelector) error {
		s.allows.Most = n
		if n < 1 {
			return invalidOption("WithMaxChunks(%d); it must be at least 1", n)
		}
		return nil
	}
}

// AnalyzeFile sums up what is known of a file. A negative size is unknown.
func (s *StrategySelector) AnalyzeFile(url string, size int64, supportsRange bool) FileProfile {
	return FileProfile{URL: url, Size: size, SizeClass: SizeClass(strategy.Class(size)), SupportsRange: supportsRange}
}

// SelectStyle decides by size and range support alone. Its estimate assumes an
// ordinary line.
func (s *StrategySelector) SelectStyle(p FileProfile) StyleDecision {
	return decision(s.allows.Guess(strategy.File{Size: p.Size, Ranges: p.SupportsRange}))
}

// SelectStyleFor is SelectStyle with what has been measured. Connections that are
// limited one by one are worth more of them, connections that share a limit only
// so many as fill it; an unsteady network gets fewer, and no chunk is shorter than
// what one connection, which is to be opened for it, fetches in two seconds.
func (s *StrategySelector) SelectStyleFor(p FileProfile, n NetworkProfile) StyleDecision {
	return decision(s.allows.Decide(strategy.File{Size: p.Size, Ranges: p.SupportsRange}, line.Measure(n), strategy.Fresh))
}

func decision(d strategy.Decision) StyleDecision {
	return StyleDecision{
		Style: DownloadStyle(d.Style), RecommendedChunks: d.Pieces, EstimatedSpeedup: d.Speedup,
		Confidence: d.Confidence, Reason: d.Reason,
	}
}
