package span_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/span"
)

func set(ranges ...span.Range) *span.Set {
	s := &span.Set{}
	for _, r := range ranges {
		s.Add(r.Lo, r.Hi)
	}
	return s
}

func TestAdd(t *testing.T) {
	for name, c := range map[string]struct {
		have  []span.Range
		lo    int64
		hi    int64
		added int64
		want  []span.Range
	}{
		"first":             {nil, 5, 9, 4, []span.Range{{5, 9}}},
		"empty":             {nil, 5, 5, 0, nil},
		"backwards":         {nil, 9, 5, 0, nil},
		"extends":           {[]span.Range{{0, 4}}, 4, 6, 2, []span.Range{{0, 6}}},
		"extends downwards": {[]span.Range{{4, 6}}, 0, 4, 4, []span.Range{{0, 6}}},
		"inside":            {[]span.Range{{0, 9}}, 2, 4, 0, []span.Range{{0, 9}}},
		"around":            {[]span.Range{{2, 4}}, 0, 9, 7, []span.Range{{0, 9}}},
		"before":            {[]span.Range{{5, 9}}, 0, 4, 4, []span.Range{{0, 4}, {5, 9}}},
		"between":           {[]span.Range{{0, 2}, {8, 9}}, 4, 6, 2, []span.Range{{0, 2}, {4, 6}, {8, 9}}},
		"fills a gap":       {[]span.Range{{0, 2}, {4, 6}}, 2, 4, 2, []span.Range{{0, 6}}},
		"over several":      {[]span.Range{{0, 2}, {4, 6}, {8, 9}}, 1, 10, 5, []span.Range{{0, 10}}},
		"beyond 32 bits":    {[]span.Range{{0, 1 << 32}}, 1 << 32, 1 << 40, 1<<40 - 1<<32, []span.Range{{0, 1 << 40}}},
	} {
		t.Run(name, func(t *testing.T) {
			s := set(c.have...)
			before := s.Len()
			require.Equal(t, c.added, s.Add(c.lo, c.hi))
			require.Equal(t, c.want, s.Ranges())
			require.Equal(t, before+c.added, s.Len())
		})
	}
}

func TestRemove(t *testing.T) {
	have := []span.Range{{0, 4}, {6, 8}, {10, 20}}
	for name, c := range map[string]struct {
		lo, hi  int64
		removed int64
		want    []span.Range
	}{
		"nothing there": {4, 6, 0, have},
		"backwards":     {6, 4, 0, have},
		"head":          {0, 2, 2, []span.Range{{2, 4}, {6, 8}, {10, 20}}},
		"tail":          {15, 30, 5, []span.Range{{0, 4}, {6, 8}, {10, 15}}},
		"middle splits": {12, 15, 3, []span.Range{{0, 4}, {6, 8}, {10, 12}, {15, 20}}},
		"one":           {6, 8, 2, []span.Range{{0, 4}, {10, 20}}},
		"over several":  {3, 11, 4, []span.Range{{0, 3}, {11, 20}}},
		"all":           {0, 99, 16, []span.Range{}},
	} {
		t.Run(name, func(t *testing.T) {
			s := set(have...)
			require.Equal(t, c.removed, s.Remove(c.lo, c.hi))
			require.Equal(t, c.want, s.Ranges())
			require.Equal(t, 16-c.removed, s.Len())
		})
	}
}

func TestQueries(t *testing.T) {
	s := set(span.Range{Lo: 0, Hi: 4}, span.Range{Lo: 6, Hi: 8})
	require.True(t, s.Contains(0, 4))
	require.True(t, s.Contains(7, 8))
	require.True(t, s.Contains(5, 5), "an empty range is in every set")
	require.False(t, s.Contains(3, 5))
	require.False(t, s.Contains(0, 8))
	require.Equal(t, int64(4), s.Prefix())
	require.Equal(t, []span.Range{{4, 6}, {8, 10}}, s.Gaps(2, 10))
	require.Nil(t, s.Gaps(6, 8))
	require.Nil(t, s.Gaps(9, 9))

	require.Zero(t, set(span.Range{Lo: 1, Hi: 4}).Prefix())

	ranges := s.Ranges()
	ranges[0].Hi = 99
	require.Equal(t, int64(4), s.Prefix(), "Ranges returns a copy")

	c := s.Clone()
	s.Reset()
	require.NotZero(t, c.Len(), "a clone is of its own")
	require.NotEmpty(t, c.Ranges())
	require.Zero(t, s.Len())
	require.Zero(t, s.Prefix())
	require.Empty(t, s.Ranges())
	require.Equal(t, []span.Range{{0, 3}}, s.Gaps(0, 3))
}

// FuzzSet compares a Set with one flag per block of 2^shift bytes. Of every three bytes
// of the script the first chooses the operation, the others where.
func FuzzSet(f *testing.F) {
	f.Add([]byte{0, 0, 10, 0, 20, 30, 0, 10, 20}, uint8(0))
	f.Add([]byte{0, 0, 255, 1, 10, 20, 1, 0, 5, 1, 250, 255}, uint8(32))
	f.Add([]byte{0, 1, 2, 0, 3, 4, 0, 5, 6, 0, 7, 8, 1, 2, 7, 0, 0, 9}, uint8(54))
	f.Add([]byte{0, 9, 3, 1, 9, 3, 2, 0, 0, 0, 4, 5}, uint8(0))
	f.Fuzz(func(t *testing.T, script []byte, shift uint8) {
		block := int64(1) << (shift % 55) // 255 of them are still an int64
		var s span.Set
		var m model
		for ; len(script) >= 3; script = script[3:] {
			lo, hi := int64(script[1]), int64(script[2])
			switch script[0] % 3 {
			case 0:
				require.Equal(t, m.set(lo, hi, true)*block, s.Add(lo*block, hi*block))
			case 1:
				require.Equal(t, m.set(lo, hi, false)*block, s.Remove(lo*block, hi*block))
			case 2:
				gaps := m.runs(lo, hi, false, block)
				require.Equal(t, gaps, s.Gaps(lo*block, hi*block))
				require.Equal(t, gaps == nil, s.Contains(lo*block, hi*block))
			}
			m.check(t, &s, block)
		}
	})
}

// model is a Set as one flag per block.
type model [256]bool

// set returns how many blocks changed.
func (m *model) set(lo, hi int64, value bool) (changed int64) {
	for i := lo; i < hi; i++ {
		if m[i] != value {
			m[i] = value
			changed++
		}
	}
	return changed
}

// check compares everything a Set can be asked.
func (m *model) check(t *testing.T, s *span.Set, block int64) {
	t.Helper()
	want := m.runs(0, int64(len(m)), true, block)
	total, prefix := int64(0), int64(0)
	for _, r := range want {
		total += r.Hi - r.Lo
		if r.Lo == 0 {
			prefix = r.Hi
		}
	}
	require.Equal(t, len(want), len(s.Ranges()))
	for i, r := range s.Ranges() {
		require.Equal(t, want[i], r, "sorted, neither overlapping nor touching")
	}
	require.Equal(t, total, s.Len())
	require.Equal(t, prefix, s.Prefix())
	require.Equal(t, m.runs(0, int64(len(m))-1, false, block), s.Gaps(0, (int64(len(m))-1)*block))
}

// runs returns the runs of value in the blocks [lo, hi).
func (m *model) runs(lo, hi int64, value bool, block int64) []span.Range {
	var out []span.Range
	for i := lo; i < hi; i++ {
		if m[i] != value {
			continue
		}
		if n := len(out); n > 0 && out[n-1].Hi == i*block {
			out[n-1].Hi += block
		} else {
			out = append(out, span.Range{Lo: i * block, Hi: (i + 1) * block})
		}
	}
	return out
}

func TestAddDoesNotAllocate(t *testing.T) {
	s := set(span.Range{Lo: 0, Hi: 1}, span.Range{Lo: 1 << 40, Hi: 1<<40 + 1})
	at := int64(1)
	require.Zero(t, testing.AllocsPerRun(1000, func() {
		s.Add(at, at+100)
		at += 100
	}))
}

func BenchmarkAdd(b *testing.B) {
	const segments, step = 16, 256 << 10
	var s span.Set
	for i := range int64(segments) {
		s.Add(i<<40, i<<40+1)
	}
	b.ReportAllocs()
	i := int64(0)
	for b.Loop() {
		lo := i%segments<<40 + i/segments*step
		s.Add(lo, lo+step)
		i++
	}
}
