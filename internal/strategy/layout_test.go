package strategy

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/line"
	"github.com/littledl/littledl/internal/segment"
)

const mib = 1 << 20

// TestPlain: no piece is nobody's, so all workers have as many.
func TestPlain(t *testing.T) {
	for _, size := range []int64{-1, 0, Small - 1, Small, Large, Large + 1} {
		for limit := 1; limit < 20; limit++ {
			l := Plain(size, limit)
			require.Equal(t, min(limit, Pieces(size)), l.Workers)
			require.Zero(t, l.Segments%l.Workers, "%d bytes, %d connections", size, limit)
			require.GreaterOrEqual(t, l.Workers*2, min(l.Segments, 2*limit))
			require.Equal(t, limit, l.Most)
			if limit == 1 {
				require.Equal(t, 1, l.Segments)
			}
		}
	}
}

// TestShared: what the selector says, within the budget's share of a file.
func TestShared(t *testing.T) {
	apart := line.Measure{RTT: 10 * time.Millisecond, Connections: 4, TotalSpeed: 4 * mib, MaxSpeed: mib, Stability: 1}
	all := Selector{Default: Adaptive, Single: true, Multi: true, Most: 16}
	multi, single, few := all, all, all
	multi.Default, single.Default, few.Most = Multi, Single, 3
	for name, c := range map[string]struct {
		s     Selector
		size  int64
		limit int
		b     Budget
		want  segment.Layout
		most  int
	}{
		"alone":               {all, 1 << 30, 32, Budget{1, 32}, segment.Layout{Segments: 16, Workers: 16, Most: 16, Down: true}, 32},
		"among many":          {all, 1 << 30, 32, Budget{16, 32}, segment.Layout{Segments: 8, Workers: 8, Most: 16, Down: true}, 32},
		"as many for each":    {all, 1 << 30, 5, Budget{1, 32}, segment.Layout{Segments: 15, Workers: 5, Most: 16, Down: true}, 5},
		"small":               {all, mib, 32, Budget{1, 32}, Whole(), 1},
		"few":                 {few, 1 << 30, 32, Budget{1, 32}, segment.Layout{Segments: 3, Workers: 3, Most: 3, Down: true}, 32},
		"multi does not grow": {multi, 1 << 30, 5, Budget{1, 32}, segment.Layout{Segments: 16, Workers: 5}, 5},
		"single":              {single, 1 << 30, 32, Budget{1, 32}, Whole(), 1},
	} {
		l, most := c.s.Shared(c.size, apart, c.limit, c.b)
		require.Equal(t, c.want, l, name)
		require.Equal(t, c.most, most, name)
	}
}
