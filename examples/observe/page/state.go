package page

import (
	"cmp"
	"slices"
	"time"

	"github.com/littledl/littledl"
)

const (
	maxFiles    = 12  // that are shown
	maxLooked   = 100 // that are looked at for those
	maxHosts    = 16
	maxSegments = 96 // of a file
)

// state is what a browser is sent.
type state struct {
	Watching  bool                `json:"watching"`
	Stats     littledl.BatchStats `json:"stats"`
	Hosts     []host              `json:"hosts"`
	MoreHosts int                 `json:"moreHosts"`
	Files     []shown             `json:"files"`
	MoreFiles int                 `json:"moreFiles"`
	Ended     []ended             `json:"ended"` // the latest first
	MoreEnded int                 `json:"moreEnded"`
	Log       []line              `json:"log"` // what the page has not had yet
}

type host struct {
	Origin   string  `json:"origin"`
	State    string  `json:"state"`
	Wait     int64   `json:"wait"` // seconds until it is asked again
	Allowed  int     `json:"allowed"`
	InFlight int     `json:"inFlight"`
	Speed    float64 `json:"speed"`
	Bytes    int64   `json:"bytes"`
	Trip     int64   `json:"trip"` // milliseconds
	Protocol string  `json:"protocol"`
}

// shown is a file that has begun and not ended.
type shown struct {
	ID       string    `json:"id"`
	Name     string    `json:"name"`
	URL      string    `json:"url"`
	State    string    `json:"state"` // waiting, asking, receiving or paused
	Size     int64     `json:"size"`  // -1: not known
	Done     int64     `json:"done"`
	Requests int       `json:"requests"` // segments that are filling
	Segments []segment `json:"segments"` // where there are several
	Sources  []string  `json:"sources"`  // hosts
}

type segment struct {
	Start  int64 `json:"start"`
	End    int64 `json:"end"`
	Done   int64 `json:"done"`
	Source int   `json:"source"` // of sources; -1: nobody's yet
}

// state is the one of this moment, with the lines of the log after the one of that number, and
// the number of its last line.
func (p *Page) state(after int64) (state, int64) {
	s := state{Hosts: []host{}, Files: []shown{}}
	p.mu.Lock()
	s.Log, s.Ended = p.story.since(after), append([]ended{}, p.story.ended...)
	s.MoreEnded = p.story.endeds - len(s.Ended)
	last := p.story.last
	active := make([]file, 0, len(p.story.files))
	for _, f := range p.story.files {
		active = append(active, *f)
	}
	p.mu.Unlock()
	slices.Reverse(s.Ended)
	b := p.batch.Load()
	if b == nil {
		return s, last
	}
	s.Watching, s.Stats = true, (*b).GetStats()
	s.Files = show(*b, active)
	s.MoreFiles = len(active) - len(s.Files)
	hosts := (*b).GetHosts()
	for _, h := range hosts[:min(len(hosts), maxHosts)] {
		s.Hosts = append(s.Hosts, hostFrom(h))
	}
	s.MoreHosts = len(hosts) - len(s.Hosts)
	return s, last
}

// show looks at files in the order of their beginnings, those in transfer first.
func show(b Batch, active []file) []shown {
	slices.SortFunc(active, func(x, y file) int { return cmp.Compare(x.nth, y.nth) })
	all := make([]shown, 0, min(len(active), maxLooked))
	for _, f := range active[:min(len(active), maxLooked)] {
		segments, _ := b.GetSegments(f.id) // one that is unknown by now has none
		all = append(all, f.shown(segments))
	}
	slices.SortStableFunc(all, func(x, y shown) int { return cmp.Compare(rank(x), rank(y)) })
	return all[:min(len(all), maxFiles)]
}

func rank(f shown) int {
	switch {
	case len(f.Segments) > 0: // large ones stay where they are
		return 0
	case f.State == "waiting":
		return 2
	}
	return 1
}

func (f *file) shown(segments []littledl.Segment) shown {
	s := shown{ID: f.id, Name: f.name, URL: f.url, State: "waiting", Size: -1, Segments: []segment{}, Sources: []string{}}
	for _, g := range segments {
		s.Done += g.Done
		if s.Size = g.End; g.End < 0 || g.Done < g.End-g.Start && g.Source != "" {
			s.Requests++
		}
	}
	switch {
	case f.paused:
		s.State = "paused"
	case s.Done > 0 && segments != nil:
		s.State = "receiving"
	case segments != nil:
		s.State = "asking"
	}
	if len(segments) > 1 && s.Size > 0 {
		s.draw(segments)
	}
	return s
}

// draw has the segments as they are drawn: not more than a page has room for, so that of many
// neighbours one is made.
func (s *shown) draw(segments []littledl.Segment) {
	least := s.Size / maxSegments
	for _, g := range segments {
		next := segment{g.Start, g.End, g.Done, s.source(g.Source)}
		if n := len(s.Segments) - 1; n >= 0 && len(segments) > maxSegments && s.Segments[n].End-s.Segments[n].Start < least {
			s.Segments[n].End, s.Segments[n].Done = next.End, s.Segments[n].Done+next.Done
			continue
		}
		s.Segments = append(s.Segments, next)
	}
}

// source is the number of the host of a URL.
func (s *shown) source(raw string) int {
	name := hostOf(raw)
	if raw == "" {
		return -1
	}
	i := slices.Index(s.Sources, name)
	if i < 0 {
		i = len(s.Sources)
		s.Sources = append(s.Sources, name)
	}
	return i
}

func hostFrom(h littledl.HostStats) host {
	wait := int64(0)
	if !h.Until.IsZero() {
		wait = int64(max(time.Until(h.Until), 0).Round(time.Second) / time.Second)
	}
	return host{
		Origin: clean(h.Origin), State: string(h.State), Wait: wait, Allowed: h.Allowed, InFlight: h.InFlight, Speed: h.Speed,
		Bytes: h.Bytes, Trip: h.RoundTrip.Round(time.Millisecond).Milliseconds(), Protocol: clean(h.Protocol),
	}
}
