// Package span keeps account of which bytes of a file are there. A counter
// cannot: bytes that arrive twice, from a retry or a hedge, would be counted
// twice, and a file with a hole would look complete.
package span

import (
	"slices"
	"sort"
)

// Range is the bytes from Lo up to but not including Hi.
type Range struct{ Lo, Hi int64 }

// Set is a set of bytes, kept as sorted ranges that neither overlap nor touch.
// Offsets are those of a file: zero or more. The zero value is the empty set.
// A Set is not safe for concurrent use.
type Set struct {
	ranges []Range
	n      int64 // bytes in ranges
}

// Add puts [lo, hi) into the set and returns how many of these bytes were not
// in it before. It adds nothing if hi <= lo. Extending a range that is there
// already does not allocate.
func (s *Set) Add(lo, hi int64) (added int64) {
	if hi <= lo {
		return 0
	}
	i, j := s.touching(lo, hi)
	if i == j {
		s.ranges = slices.Insert(s.ranges, i, Range{lo, hi})
		s.n += hi - lo
		return hi - lo
	}
	had := int64(0)
	for _, r := range s.ranges[i:j] {
		had += r.Hi - r.Lo
	}
	merged := Range{min(lo, s.ranges[i].Lo), max(hi, s.ranges[j-1].Hi)}
	s.ranges[i] = merged
	s.ranges = slices.Delete(s.ranges, i+1, j)
	added = merged.Hi - merged.Lo - had
	s.n += added
	return added
}

// Remove takes [lo, hi) out of the set and returns how many of these bytes
// were in it.
func (s *Set) Remove(lo, hi int64) (removed int64) {
	if hi <= lo {
		return 0
	}
	i, j := s.overlapping(lo, hi)
	if i == j {
		return 0
	}
	first, last := s.ranges[i], s.ranges[j-1]
	for _, r := range s.ranges[i:j] {
		removed += min(r.Hi, hi) - max(r.Lo, lo)
	}
	var keep [2]Range // what is left of the first and the last range
	k := 0
	if first.Lo < lo {
		keep[k] = Range{first.Lo, lo}
		k++
	}
	if last.Hi > hi {
		keep[k] = Range{hi, last.Hi}
		k++
	}
	s.ranges = slices.Replace(s.ranges, i, j, keep[:k]...)
	s.n -= removed
	return removed
}

// Contains reports whether every byte of [lo, hi) is in the set. It is true of
// an empty range.
func (s *Set) Contains(lo, hi int64) bool {
	if hi <= lo {
		return true
	}
	i, j := s.overlapping(lo, hi)
	return j-i == 1 && s.ranges[i].Lo <= lo && hi <= s.ranges[i].Hi
}

// Len is the number of bytes in the set.
func (s *Set) Len() int64 { return s.n }

// Prefix is the end of the range that starts at byte 0, or 0 if none does.
func (s *Set) Prefix() int64 {
	if len(s.ranges) == 0 || s.ranges[0].Lo != 0 {
		return 0
	}
	return s.ranges[0].Hi
}

// Gaps returns the parts of [lo, hi) that are not in the set, in order; nil if
// there are none.
func (s *Set) Gaps(lo, hi int64) []Range {
	if hi <= lo {
		return nil
	}
	var gaps []Range
	i, j := s.overlapping(lo, hi)
	for _, r := range s.ranges[i:j] {
		if lo < r.Lo {
			gaps = append(gaps, Range{lo, r.Lo})
		}
		lo = r.Hi
	}
	if lo < hi {
		gaps = append(gaps, Range{lo, hi})
	}
	return gaps
}

// Without returns what is left of sorted ranges when [lo, hi) is taken out.
func Without(ranges []Range, lo, hi int64) []Range {
	var left []Range
	for _, r := range ranges {
		if r.Lo < min(r.Hi, lo) {
			left = append(left, Range{r.Lo, min(r.Hi, lo)})
		}
		if max(r.Lo, hi) < r.Hi {
			left = append(left, Range{max(r.Lo, hi), r.Hi})
		}
	}
	return left
}

// Ranges returns a copy of the ranges in the set, in order; nil if it is empty.
func (s *Set) Ranges() []Range { return slices.Clone(s.ranges) }

// Clone returns a set of the same bytes.
func (s *Set) Clone() *Set { return &Set{slices.Clone(s.ranges), s.n} }

// Reset empties the set and keeps its memory.
func (s *Set) Reset() {
	s.ranges = s.ranges[:0]
	s.n = 0
}

// touching returns i and j such that ranges[i:j] are those that overlap
// [lo, hi) or end or begin where it does.
func (s *Set) touching(lo, hi int64) (i, j int) {
	i = sort.Search(len(s.ranges), func(k int) bool { return s.ranges[k].Hi >= lo })
	for j = i; j < len(s.ranges) && s.ranges[j].Lo <= hi; j++ {
	}
	return i, j
}

// overlapping returns i and j such that ranges[i:j] have bytes in [lo, hi).
func (s *Set) overlapping(lo, hi int64) (i, j int) {
	i = sort.Search(len(s.ranges), func(k int) bool { return s.ranges[k].Hi > lo })
	for j = i; j < len(s.ranges) && s.ranges[j].Lo < hi; j++ {
	}
	return i, j
}
