package littledl

import (
	"cmp"

	"github.com/littledl/littledl/internal/segment"
	"github.com/littledl/littledl/internal/transfer"
)

// How a file is cut.

// chunksFor is how many segments a file of this size is cut into to begin with.
func chunksFor(size int64) int {
	switch {
	case size < smallSize:
		return 1
	case size <= largeSize:
		return 4
	}
	return 8
}

// segments is what the plans of all files have in common.
func (s *settings) segments() segment.Config {
	c := segment.Config{
		Least: cmp.Or(s.cfg.MinChunkSize, mib), Part: cmp.Or(s.cfg.MinChunkSize, 64<<10), Whole: s.firstAsk(),
		Stall: s.cfg.StallTimeout, Opening: s.cfg.ConnectTimeout + s.cfg.HeaderTimeout, Stalled: ErrStalled,
	}
	if s.cfg.HTTPClient != nil { // that may know no such limits
		c.Opening = c.Stall
	}
	return c
}

// cut says how a file is fetched, and over how many connections at most.
func cut(c transfer.Cut) (segment.Layout, int) {
	n := chunksFor(c.Size)
	begin := min(c.Limit, n)
	if n = (n + begin - 1) / begin * begin; begin == 1 { // as many for each
		n = 1
	}
	return segment.Layout{Segments: n, Workers: begin, Most: c.Limit}, c.Limit
}
