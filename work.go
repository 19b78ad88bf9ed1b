package littledl

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/littledl/littledl/internal/fetch"
	"github.com/littledl/littledl/internal/httprange"
	"github.com/littledl/littledl/internal/span"
)

// What the workers of a file do: find a segment, ask for it, go on to the next.

// prepareLocked lays out the work of a round.
func (f *file) prepareLocked() {
	f.todo, f.running, f.err, f.growth = nil, nil, nil, growth{}
	f.workers, f.target, f.early = 1, 1, 0
	f.broke = f.stream && f.pin != nil
	switch {
	case f.stream:
		f.todo = []*segment{{end: toEnd}}
	case f.pin == nil:
		f.todo = []*segment{{end: f.r.d.set.firstAsk()}}
	case f.unconfirmed: // one request until the server has said that it is the same file
		gap := f.done.Gaps(0, f.pin.Size)[0]
		f.todo = []*segment{{pos: gap.Lo, end: min(gap.Hi, gap.Lo+f.r.d.set.firstAsk())}}
	default:
		f.layOutLocked(f.done.Gaps(0, f.pin.Size), nil)
	}
	if len(f.todo) > 0 {
		f.todo[0].trouble = f.trouble
	}
}

// layOutLocked cuts the missing ranges for as many workers as may help, and lets
// them in. First is the segment already being served, which keeps its share.
func (f *file) layOutLocked(gaps []span.Range, first *segment) {
	n := chunksFor(f.pin.Size)
	begin := min(f.limit, n)
	if n = (n + begin - 1) / begin * begin; begin == 1 { // as many for each
		n = 1
	}
	if f.r.sharing != nil {
		n, begin, f.limit = f.r.sharing.decide(f, f.pin.Size)
	}
	if f.parallel { // each source has a limit of its own to be found: who waits at one takes what it frees
		n, begin, f.growth.over = max(n, min(2*len(f.sources), f.limit)), f.limit, true
	}
	if first != nil {
		// Equal shares of the whole; the first one has begun and may be asked for in two requests.
		share := min((f.pin.Size+int64(n)-1)/int64(n), f.pin.Size)
		if first.end = max(first.end, share); f.thrifty && f.sources[f.current].host.worth() > 0 {
			first.end = max(share, first.pos+f.r.d.set.cfg.MinChunkSize)
		}
		if f.pin.Size-first.end < f.r.d.set.cfg.MinChunkSize {
			first.end = f.pin.Size
		}
		gaps = []span.Range{{Lo: first.end, Hi: f.pin.Size}}
		n = max(n-1, 1)
	}
	f.todo = append(f.todo, cut(gaps, n, f.r.d.set.cfg.MinChunkSize)...)
	f.earlyLocked()
	f.target = begin
	f.staffLocked()
}

// staffLocked starts workers while there is work that has none.
func (f *file) staffLocked() {
	for f.workers < f.placesLocked(f.staffingLocked()) && f.workers < len(f.todo)+len(f.running) && f.err == nil && f.r.mayGrow(f) {
		f.hireLocked(worker{additional: true})
	}
}

func (f *file) hireLocked(w worker) {
	if f.unask != nil {
		f.unask()
	}
	f.workers++
	f.wg.Go(func() { f.employ(&w) })
}

// worker is one of those that fetch a file; each has a request in flight at most.
type worker struct {
	additional bool    // not the file's owner
	extra      bool    // one more than the file began with, which has not had a segment
	last       *source // it has served the worker lately
}

// employ has a worker serve one segment after the other until there is nothing for it.
func (f *file) employ(w *worker) {
	defer func() {
		f.mu.Lock()
		f.workers--
		f.mu.Unlock()
	}()
	for s, ok := (*segment)(nil), true; ok; {
		if !w.additional {
			f.letSmallFirst()
		}
		src := f.choose(w.last)
		w.last = nil
		s, ok = f.work(w, src, s)
		f.leave(src)
	}
}

// work is one turn of a worker: it waits for its turn, finds a segment unless it has
// one, and makes one request for it. Not ok: there is nothing more for it.
func (f *file) work(w *worker, src *source, s *segment) (next *segment, ok bool) {
	u, h := f.address(src)
	if s, ok = f.awaitHost(h, src, s); !ok {
		return s, s != nil || !f.over()
	}
	s = f.unhand(s)
	k := &ticket{pool: f.r.pool, f: f, url: u, from: h, rank: rank(f.priority, w.additional)}
	if k.acquire(f.ctx, h) != nil {
		return nil, false
	}
	if s == nil {
		if s = f.pick(w, src); s == nil {
			k.giveBack()
			return nil, false
		}
	}
	began, err := f.serve(s, src, u, h, k)
	if err == nil {
		w.last = src
	}
	s = f.settle(s, src, h, k.at, began, err)
	return s, s != nil || !f.over()
}

// unhand puts a segment back where others might get on with it while its worker waits
// for a slot: those at other sources.
func (f *file) unhand(s *segment) *segment {
	f.mu.Lock()
	defer f.mu.Unlock()
	if s == nil || !f.parallel || s.twin != nil {
		return s
	}
	f.requeueLocked(s)
	return nil
}

// letSmallFirst waits, a moment at most, until it is known whether small files
// wait that should go before the rest of this one.
func (f *file) letSmallFirst() {
	f.mu.Lock()
	begun := f.pin != nil && f.workers == 1
	f.mu.Unlock()
	if !begun || f.r.next.Load() == nobodyWaits {
		return
	}
	select {
	case <-f.r.look.settled:
	case <-f.ctx.Done():
	}
}

// over reports whether the round has ended.
func (f *file) over() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err != nil || f.ctx.Err() != nil || f.completeLocked()
}

// pick finds work for a worker that holds a slot: a segment nobody has begun,
// half of what the slowest has left, or, at the very end, the slowest's rest a
// second time. Nil: nothing that is worth a request.
func (f *file) pick(w *worker, src *source) *segment {
	now := time.Now()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil || f.ctx.Err() != nil || f.completeLocked() {
		return nil
	}
	if w.additional && f.workers > f.target {
		return nil
	}
	if !w.additional && f.givesWayLocked() {
		f.failLocked(errYield)
		return nil
	}
	var s *segment
	if s = f.nextLocked(src, now); s == nil && f.pin != nil && !f.stream && !f.unconfirmed {
		s = f.stealLocked(now, src)
	}
	if s != nil {
		f.running = append(f.running, s)
		f.t.chunks.Add(1)
		if w.extra {
			w.extra = false
			f.r.added.Add(1)
		}
	}
	return s
}

// givesWayLocked reports whether a file with one connection ought to leave its place now.
func (f *file) givesWayLocked() bool {
	return f.workers == 1 && f.pin != nil && !f.stream && !f.unconfirmed && !f.repairing && f.r.shouldYield(f)
}

// nextLocked takes a segment nobody has begun that the source may be asked for.
func (f *file) nextLocked(src *source, now time.Time) *segment {
	here := func(s *segment) bool { return s.shuns != src || !now.Before(s.until) }
	i := slices.IndexFunc(f.todo, func(s *segment) bool { return s.early && here(s) })
	if i < 0 {
		i = slices.IndexFunc(f.todo, here)
	}
	if i < 0 {
		return nil
	}
	s := f.todo[i]
	f.todo = slices.Delete(f.todo, i, i+1)
	return s
}

// request builds what is asked of the server for a segment.
func (f *file) request(s *segment, src *source, u *url.URL, h *host) (fetch.Request, httprange.Ask) {
	f.mu.Lock()
	defer f.mu.Unlock()
	pin := f.pinForLocked(src)
	ask := httprange.Ask{Name: u.Path, Served: f.pin != nil && !f.unconfirmed}
	req := fetch.Request{Method: http.MethodGet, URL: u, Header: src.header, User: src.u.User, Home: src.home}
	if !f.stream {
		ask.Ranged, ask.Start, ask.End = true, s.pos, s.end
		if f.pin == nil {
			ask.End = min(s.end, f.r.d.set.firstAsk())
		}
		req.Range = httprange.Format(ask.Start, ask.End)
		req.HTTP1 = f.pin != nil && f.pin.Size > smallSize && !h.onlyHTTP2()
	}
	if f.pin != nil && !f.stream && !h.dislikesIfRange() {
		if v := pin.IfRange(); v != "" {
			req.IfRange, ask.IfRange = v, true
		}
	}
	s.separate = req.HTTP1
	return req, ask
}
