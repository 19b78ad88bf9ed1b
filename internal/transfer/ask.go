package transfer

import (
	"net/url"

	"github.com/littledl/littledl/internal/exchange"
	"github.com/littledl/littledl/internal/origin"
	"github.com/littledl/littledl/internal/segment"
)

// What a request asks for.

// askLocked is what is asked of a source for a segment.
func (f *File) askLocked(s *segment.Segment, src *source, u *url.URL, h *origin.Origin) exchange.Ask {
	ask := exchange.Ask{
		Source: &src.Source, URL: u, Origin: h, Name: f.spec.Filename, Pin: f.pinForLocked(src), Page: f.html, Served: f.pin != nil && !f.unconfirmed,
		Refusals: f.plan.Tries(s).Refusals,
	}
	if ask.Instead = f.rec.Instead(src.n); f.stream || ask.Instead {
		return ask
	}
	ask.Ranged = true
	ask.Lo, ask.Hi = f.plan.Range(s)
	if f.pin == nil {
		ask.Hi = min(ask.Hi, f.firstAskLocked())
	}
	if ask.Most = f.mostLocked(src, h); ask.Most > 0 {
		ask.Hi = min(ask.Hi, ask.Lo+ask.Most)
	}
	if ask.Hi == segment.ToEnd {
		ask.Hi = -1
	}
	ask.Separate = f.largeLocked()
	return ask
}

// mostLocked is how long a range may be at a source; 0: as long as one likes.
func (f *File) mostLocked(src *source, h *origin.Origin) int64 {
	own, known := f.rec.Most(src.n), h.Ranges().Most
	if own == 0 || known > 0 && known < own {
		return known
	}
	return own
}
