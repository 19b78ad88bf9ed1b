package transfer

import "github.com/littledl/littledl/internal/segment"

// Segment is a stretch of a file, for those who watch.
type Segment struct {
	Start, End int64 // End -1: nobody knows
	Done       int64
	Source     string // the URL, as given; "": none
}

// Segments are the whole file, in order.
func (f *File) Segments() []Segment {
	f.mu.Lock()
	pieces, urls := f.plan.Pieces(), make([]string, len(f.sources))
	for i, s := range f.sources {
		urls[i] = s.raw
	}
	f.mu.Unlock()
	all := make([]Segment, len(pieces))
	for i, p := range pieces {
		all[i] = Segment{Start: p.Lo, End: p.Hi, Done: p.Done}
		if p.Hi == segment.ToEnd {
			all[i].End = -1
		}
		if p.Source >= 0 && p.Source < len(urls) {
			all[i].Source = urls[p.Source]
		}
	}
	return all
}
