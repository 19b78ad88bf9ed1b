package concurrency

import (
	"slices"
	"time"
)

// Some hosts serve a client's newest request only: each that is let in ends those before it.
// None of them is refused, so what gives them away is the order in which answers break off.

const (
	oustTime  = 250 * time.Millisecond // after a request is sent the older ones have broken off
	oustProof = 20 * time.Millisecond  // it outlives them by that; what breaks all of them is no such thing
	ousts     = 2                      // so often, and the host serves one
	longChain = 8                      // each ousted by the next: that is proof enough
)

// oust is what was seen of that.
type oust struct {
	by    *Request // that the older ones broke off for; nil: nobody is suspected
	at    time.Time
	alone bool // one broke off for it; where several do they have another reason
	chain int  // ousted one after the other, each by the next, up to by
	times int  // proven
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
	if by == nil {
		return
	}
	if chain < longChain {
		older := slices.ContainsFunc(l.requests.running, func(r *Request) bool { return r.served && r.began.Before(by.began) })
		switch {
		case now.Sub(o.at) < oustProof, !by.served && by.ended.IsZero(), older && now.Sub(by.began) <= oustTime:
			return // it is not sure yet
		case older:
			o.times, chain = 0, 0
		case !by.served, !o.alone:
			chain = 0
		}
	}
	o.by, o.chain = nil, 0
	if o.times += chain; o.times >= ousts {
		o.times = ousts - 1 // when more are tried again, once is enough
		l.before = snapshot{}
		l.lower(1, now, true)
	}
}
