package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"time"

	"github.com/littledl/littledl/internal/disk"
	"github.com/littledl/littledl/internal/event"
	"github.com/littledl/littledl/internal/exchange"
	"github.com/littledl/littledl/internal/fail"
	"github.com/littledl/littledl/internal/fetch"
	"github.com/littledl/littledl/internal/httprange"
	"github.com/littledl/littledl/internal/origin"
	"github.com/littledl/littledl/internal/recovery"
	"github.com/littledl/littledl/internal/segment"
)

// answer is one answer on its way into the file: the exchange's sink.
type answer struct {
	f       *File
	s       *segment.Segment
	src     *source
	ask     exchange.Ask
	ctx     context.Context
	v       httprange.Verdict
	at      *origin.Origin   // where redirects have led
	until   int64            // where this answer's bytes end; MaxInt64: where its body ends
	whole   bool             // the answer is the whole file, or is to be
	open    bool             // it did not say how long its body would be
	repairs bool             // what is written is compared with what was there
	added   int64            // bytes that were not there before
	limited bool             // speed limits hold for what is read
	paid    int64            // then so much may be
	hash    *disk.PrefixHash // what follows the writes; nil: nothing does
	notes   disk.Recorder    // of what it has written
}

// serve makes one request for a worker's segment.
func (f *File) serve(w *worker, a recovery.Action, src *source, u *url.URL, h *origin.Origin, k *origin.Lease) {
	ctx, cancel := w.call.under(f.ctx)
	x := &w.answer
	*x = answer{f: f, s: w.s, src: src, ctx: ctx, until: math.MaxInt64}
	f.mu.Lock()
	x.ask = f.askLocked(w.s, src, u, h)
	f.begun = true
	if f.unretried > 0 { // a failure counts as retried when the next attempt begins
		f.unretried--
		f.t.Retried()
		if f.failed.why != nil { // else that was before it was queued anew
			f.tell(event.Event{Kind: event.Retry, Source: src.raw, Origin: h.Name(), Err: f.failed.why, Wait: time.Since(f.failed.at)})
		}
	}
	f.plan.Begin(w.s, src.n, cancel, h.RTT(), time.Now())
	f.mu.Unlock()
	if f.e.Origins.Guarded() {
		s := w.s
		k.Pausing(func(on bool) {
			f.plan.Throttle(s, on, time.Now())
			f.clock.queues(on)
			f.clock.serves(!on)
		})
	}
	f.clock.serves(true)
	o := f.e.Client.Get(ctx, k, &x.ask, x)
	f.clock.serves(false)
	if stopped := f.plan.End(w.s, time.Now()); stopped {
		w.call.end()
	}
	f.settle(w, a, src, h, x, o)
}

// Accept implements exchange.Sink.
func (x *answer) Accept(a exchange.Answer) (io.WriterAt, error) {
	f, v, res := x.f, a.Verdict, a.Response
	x.v, x.at, x.open = v, a.At, res.ContentLength < 0
	if f.unconfirmed && !f.confirms(v, x.ask.Pin) {
		return nil, errRejectResume
	}
	if v.Kind == httprange.Empty && res.StatusCode == http.StatusOK && !v.Pin.Named() && !f.unconfirmed && f.output().State() == disk.Open {
		return nil, errNothing
	}
	if f.delivery != nil {
		if err := f.delivery.continues(v, f.oneAnswer(v), x.ask.Pin == nil); err != nil {
			return nil, err
		}
	}
	first := x.ask.Pin == nil || f.unconfirmed
	if first {
		if err := f.accept(x, res); err != nil {
			return nil, err
		}
	} else if v.Whole && !f.html && exchange.IsPage(res.Header) {
		return nil, pageError(res)
	} else if f.judges() {
		if err := f.judge(x, answerOf(res, v.Pin.Size)); err != nil {
			return nil, err
		}
	}
	if err := x.place(first, x.ledTo(res)); err != nil {
		return nil, err
	}
	if f.delivery == nil {
		x.notes = f.target.Record()
	}
	if v.Decode != "" {
		res.Body = x.decode(res.Body)
	} else if err := x.pay(0, v.Offset); err != nil {
		return nil, err
	}
	return x.to(), nil
}

// ledTo is where what follows may go straight to. Where another origin has led back to one that
// has credentials it may not: it would be sent them.
func (x *answer) ledTo(res *fetch.Response) *url.URL {
	if res.Strayed {
		return x.src.URL
	}
	return res.URL
}

// place says where the answer's bytes go.
func (x *answer) place(first bool, from *url.URL) error {
	f, v := x.f, x.v
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil { // the round has ended since this was asked, and ranges may have, too
		return f.err
	}
	if v.Whole && !f.stream && f.plan.Shared() { // others have parts of what this one is all of
		return &fail.Error{Class: fail.NoRanges, Op: "download", Err: fmt.Errorf("%w: the server ignored the range", fail.ErrRangeMismatch)}
	}
	x.hash, x.repairs = f.hashing, f.rec.Repairing()
	f.plan.Answered(x.s, time.Now())
	f.lastFailure = nil
	if !first {
		f.rec.Answered(x.src.n, max(v.Pin.Size, 0), v.Whole)
		x.src.servedLocked(v.Pin, x.ask.URL, from)
	}
	if v.Kind == httprange.Empty {
		f.stream, f.whole = true, true
		f.plan.Stream(x.s, 0)
		return nil
	}
	f.stream = f.stream || v.Whole // the server does not do ranges: this body is the file
	if x.whole = f.stream; x.whole {
		end := int64(segment.ToEnd)
		if v.Take >= 0 {
			end = v.Take
		}
		f.plan.Stream(x.s, end)
	}
	if v.Take >= 0 {
		x.until = v.Offset + v.Take
	}
	return nil
}

// Room implements fetch.Extent: a thief may have moved the segment's end.
func (x *answer) Room(off int64) int64 {
	room := min(x.until-off, x.f.plan.Room(x.s, off))
	if x.limited {
		room = min(room, x.paid)
	}
	return room
}

// Wrote implements fetch.Extent.
func (x *answer) Wrote(off int64, data []byte) error {
	f, n := x.f, len(data)
	if x.hash != nil {
		x.hash.Writing(off)
	}
	added, first := f.plan.Wrote(x.s, off, int64(n))
	if first {
		f.firstByte(x.s)
	}
	if x.hash != nil {
		x.hash.Wrote()
	}
	x.added += added
	f.e.Table.Count(f.t, added)
	if x.v.Decode == "" {
		x.arrived(n)
	}
	if end := off + int64(n); end > f.most {
		return f.tooMuch(end)
	}
	if err := x.notes.Wrote(off, data); err != nil || x.v.Decode != "" {
		return err
	}
	return x.pay(int64(n), off+int64(n))
}

// arrived counts bytes off the network.
func (x *answer) arrived(n int) {
	x.f.reserveMore(x.f.received.Add(int64(n)))
	x.f.e.Client.Count(int64(n))
	x.at.Received(n)
}

// Ended implements exchange.Sink: a body's own end means nothing unless nobody knows the
// size.
func (x *answer) Ended(err error) error {
	f := x.f
	if errors.Is(err, io.EOF) {
		switch n, _ := f.plan.Brought(x.s); {
		case x.whole && x.v.Take < 0:
			err = nil
		case !x.v.Whole && x.open && n > 0: // in good order, though it had told another end
			err = nil // what there is counts, and the rest is asked for
		default: // the header promised more
			err = io.ErrUnexpectedEOF
		}
	}
	x.giveBack(x.paid)
	x.paid = 0
	if noteErr := x.notes.Flush(); err == nil {
		err = noteErr
	}
	if err == nil {
		err = x.wholeEnded()
	}
	return x.broke(err)
}

// wholeEnded ends a file that is one answer.
func (x *answer) wholeEnded() error {
	f := x.f
	f.mu.Lock()
	defer f.mu.Unlock()
	if !x.whole { // whatever the file has become meanwhile
		return nil
	}
	pos, end := f.plan.Range(x.s)
	if x.v.Take < 0 { // the protocol's end of the body is the file's, unless an answer has told its length before
		switch size := f.pin.Size; {
		case size > pos:
			return io.ErrUnexpectedEOF
		case size >= 0 && size < pos:
			return &fail.Error{Class: fail.Changed, Op: "download", Err: fmt.Errorf("%w: size differs", fail.ErrRemoteChanged)}
		}
		end = pos
		if err := f.wrongSize(end); err != nil {
			return err
		}
	}
	f.whole = pos == end
	if f.whole {
		f.pin.Size = end
		f.countLocked(-f.plan.Close(end)) // what an attempt before has left behind its end
	}
	return nil
}

// Facts implements exchange.Sink.
func (x *answer) Facts() fail.Facts {
	at := x.f.facts(x.src, x.s)
	at.Little = x.f.plan.Little(x.s, x.until, minProgress)
	return at
}

// facts is what the file knows of a request to a source that has just failed, for a segment or for
// a sample.
func (f *File) facts(src *source, s *segment.Segment) fail.Facts {
	f.mu.Lock()
	defer f.mu.Unlock()
	at := fail.Facts{Served: src.pin != nil, Spare: f.rec.Spare(f.e.now(), src.n, f.healthsLocked())}
	at.Awaited = f.plan.Awaits(src.n, s)
	yes, ago := f.plan.Bringing(src.n, s, time.Now())
	at.Bringing, at.Lately, at.JustNow = yes, ago < time.Second, ago < time.Second/10
	return at
}
