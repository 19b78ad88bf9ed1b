// Package strategy decides how a file is fetched: over how many connections, and in how many pieces.
//
// One connection is seldom the best for a large file and always for a small one; how many are
// depends on the size, on what was measured on the way to the host, and on what the caller allows.
// All of that is arithmetic, and the same input has the same answer: there is neither a clock nor
// a state, so that a decision can be shown, tested and explained in a sentence.
package strategy

import (
	"fmt"
	"time"

	"github.com/littledl/littledl/internal/line"
)

// Style is how many connections a file is fetched over, and whether that number may grow.
type Style string

const (
	Single   Style = "single"   // one stream
	Multi    Style = "multi"    // as many as are recommended, without growth
	Adaptive Style = "adaptive" // more where nobody waits for what they need
)

// Sizes, in bytes.
const (
	Small = line.FirstRange // below: one request
	Large = 100 << 20       // above: eight pieces, from Small on: four
)

// SizeClass names how a file of a size is cut.
type SizeClass string

const (
	SizeUnknown SizeClass = "unknown" // nobody has told the size
	SizeSmall   SizeClass = "small"   // one request
	SizeMedium  SizeClass = "medium"
	SizeLarge   SizeClass = "large"
)

// Class is that of a size; negative: nobody has told it.
func Class(size int64) SizeClass {
	switch {
	case size < 0:
		return SizeUnknown
	case size < Small:
		return SizeSmall
	case size <= Large:
		return SizeMedium
	}
	return SizeLarge
}

// Pieces is how many a file of this size is cut into to begin with.
func Pieces(size int64) int {
	switch {
	case size < Small:
		return 1
	case size <= Large:
		return 4
	}
	return 8
}

// How long fetching one piece should take at least. A connection that is opened for it has to
// find its speed first. In a batch connections are kept from one file to the next, and where a
// piece is short only the round trips that begin and end it cost.
const (
	Fresh = 2 * time.Second
	Kept  = 250 * time.Millisecond
)

// Selector is what the caller allows.
type Selector struct {
	Default       Style // of files worth more than one connection
	Single, Multi bool  // they are allowed
	Most          int   // connections
}

// File is what is known of a file before it is fetched.
type File struct {
	Size   int64 // bytes; negative: unknown
	Ranges bool  // the server serves parts of it
}

// Decision is how a file should be fetched.
type Decision struct {
	Style      Style
	Pieces     int     // at least 1
	Speedup    float64 // against one stream; 1..Pieces
	Confidence float64 // in the estimate, 0..1
	Reason     string  // one short sentence
}

// Guess decides by what is known of the file alone. Its estimate assumes an ordinary line.
func (s Selector) Guess(f File) Decision {
	switch {
	case !f.Ranges:
		return s.one(1, "The server does not serve ranges.")
	case f.Size < 0:
		return s.one(0.5, "The size is not known.")
	case f.Size < Small:
		return s.one(0.9, "A small file takes one request.")
	case !s.Multi:
		return s.one(1, "More than one chunk is switched off.")
	case s.Default == Single:
		return s.one(1, "One stream is the default style.")
	}
	k := min(Pieces(f.Size), s.Most)
	if k == 1 {
		return s.one(1, "One chunk is the limit.")
	}
	return Decision{
		Style: s.Default, Pieces: k, Speedup: line.Ordinary().Speedup(f.Size, k), Confidence: 0.5,
		Reason: fmt.Sprintf("A %s file is cut into %d; nothing is measured yet.", Class(f.Size), k),
	}
}

// one is a decision for a single stream.
func (s Selector) one(confidence float64, reason string) Decision {
	style := Single
	if !s.Single {
		style = s.Default
	}
	return Decision{Style: style, Pieces: 1, Speedup: 1, Confidence: confidence, Reason: reason}
}
