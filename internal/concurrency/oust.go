package concurrency

import (
	"slices"
	"time"
)

// Some hosts serve a client's newest request only: each that is let in ends those before it.
// None of them is refused, so what gives them away is the order in which answers break off.

const (
	oustTime   = 250 * time.Millisecond // after a request is sent the older ones have broken off
	oustProof  = 20 * time.Millisecond  // it outlives them by that; what breaks all of them is no such thing
	ousts      = 2                      // so often, and the host serves one
	longChain  = 8                      // each ousted by the next: that is proof enough
	manyBreaks = 4                      // in whatever order: so is that, if none has gone on beside a newer one
)

// oust is what was seen of that.
type oust struct {
	by    *Request // that the older ones broke off for; nil: nobody is suspected
	at    time.Time
	alone bool // one broke off for it; where several do they have another reason
	chain int  // ousted one after the other, each by the next, up to by
	times int  // proven
	inAnyOrder
}

// suspectOust looks whether an answer may have broken off since a newer request had been let in.
// That may be ousted itself, before it could be proven.
func (l *Limit) suspectOust(t *Request, now time.Time) {
	o := &l.oust
	var newest *Request
	for _, r := range l.requests.running {
		if r.began.After(t.began) && (newest == nil || r.began.After(newest.began)) {
			newest = r
		}
	}
	switch {
	case newest != nil && now.Sub(newest.began) <= oustTime:
		switch {
		case t == o.by:
			o.chain, o.alone = o.chain+1, true
		case newest != o.by:
			o.chain, o.alone = 1, true
		default:
			o.alone = false
		}
		o.by, o.at = newest, now
	case t == o.by: // it has not outlived them
		o.by, o.chain = nil, 0
	}
}

// proveOust counts a suspicion that has come true: the newest request is served, and it alone.
// Where an older one still goes on beside it after a while, nobody is ousted here.
func (l *Limit) proveOust(now time.Time) {
	o, by, chain := &l.oust, l.oust.by, l.oust.chain
	if o.proven(l.requests.running, now) {
		l.ousts(now)
		return
	}
	if by == nil {
		return
	}
	if chain < longChain {
		older := slices.ContainsFunc(l.requests.running, func(r *Request) bool { return r.served() && r.began.Before(by.began) })
		switch {
		case now.Sub(o.at) < oustProof, !by.served() && by.ended.IsZero(), older && now.Sub(by.began) <= oustTime:
			return // it is not sure yet
		case older:
			o.times, chain = 0, 0
		case !by.served(), !o.alone:
			chain = 0
		}
	}
	o.by, o.chain = nil, 0
	if o.times += chain; o.times >= ousts {
		l.ousts(now)
	}
}

// ousts notes that the host serves the newest request only.
func (l *Limit) ousts(now time.Time) {
	l.oust.times = ousts - 1 // when more are tried again, once is enough
	l.oust.breaks, l.oust.due = manyBreaks-1, time.Time{}
	l.before = snapshot{}
	l.lower(1, now, true)
}

// inAnyOrder is what many requests have shown that are sent at once, by several files or over one
// connection: in which order a host meets those is not known here. But of their answers none goes
// on, and none ends well, beside one that was let in after it.
type inAnyOrder struct {
	breaks int       // of answers beside newer ones, in a row
	latest *Request  // of those
	beside int       // breaks beside that
	due    time.Time // there were enough, and by now others would go on side by side; zero: there were not
}

// brokeOff counts a break.
func (o *inAnyOrder) brokeOff(running []*Request, t *Request, now time.Time) {
	newest := newestAnswered(running, t)
	switch {
	case newest != nil && now.Sub(newest.answered) <= oustTime:
		if newest != o.latest {
			o.latest, o.beside = newest, 0
		}
		o.beside++
		o.breaks++
	case t == o.latest: // it was no reason for the others to break off, since it does so itself
		o.breaks, o.latest = max(o.breaks-o.beside, 0), nil
	}
	switch {
	case o.breaks < manyBreaks:
		o.due = time.Time{}
	case o.due.IsZero():
		o.due = now.Add(oustTime + oustProof)
	}
}

// proven reports whether enough were ended, and nothing has shown that newer ones were not why.
func (o *inAnyOrder) proven(running []*Request, now time.Time) bool {
	if bothArrive(running, now) {
		*o = inAnyOrder{}
	}
	return !o.due.IsZero() && !now.Before(o.due) && o.breaks >= manyBreaks
}

// finished: what ends well beside a newer one was not ended by it.
func (o *oust) finished(running []*Request, t *Request, now time.Time) {
	if n := newestAnswered(running, t); n != nil && now.Sub(n.answered) > oustProof {
		*o = oust{}
	}
}

// newestAnswered is the latest of the requests that were answered after t; nil: none was.
func newestAnswered(running []*Request, t *Request) (n *Request) {
	for _, r := range running {
		if r != t && r.answered.After(t.answered) && (n == nil || r.answered.After(n.answered)) {
			n = r
		}
	}
	return n
}

// bothArrive reports whether two answers have arrived side by side for longer than an older one may.
func bothArrive(running []*Request, now time.Time) bool {
	n := 0
	for _, r := range running {
		if r.served() && now.Sub(r.answered) > oustTime+oustProof {
			n++
		}
	}
	return n > 1
}
