package origin

import (
	"context"
	"net/url"
	"time"

	"github.com/littledl/littledl/internal/budget"
	"github.com/littledl/littledl/internal/concurrency"
)

// Claim is who asks.
type Claim struct {
	Rank int64  // the lowest goes first
	File string // its id in the shared budget, where there is one
}

// Lease is the right to have a request in flight: a slot of the origin that is asked, and of
// no other, and then, where files share a budget, one of the file's. This order is the same
// everywhere, so that nobody waits in a circle. A lease serves one request after the other;
// it is not safe for concurrent use. It is not to be held over a wait.
type Lease struct {
	claim Claim
	home  *Origin      // that it is for
	at    *Origin      // whose slot it holds, or held last
	slot  *budget.Slot // nil: none
	share func()       // gives the file's slot back; nil: there is none
	keep  bool         // from one request to the next

	asked   *Origin // by the latest hop; nil: none was asked
	request *concurrency.Request
}

// Lease is a claim to ask the origin. It holds no slot yet.
func (o *Origin) Lease(c Claim) *Lease { return &Lease{claim: c, home: o} }

// Renew makes one that holds no slot a claim to ask another origin, or for somebody else.
func (l *Lease) Renew(o *Origin, c Claim) {
	if l.slot != nil {
		panic("origin: a lease that is held is renewed")
	}
	*l = Lease{claim: c, home: o}
}

// Acquire waits for the slots, unless they are held. When ctx ends first its cause is
// returned; with an error nothing is held.
func (l *Lease) Acquire(ctx context.Context) error {
	if l.slot != nil {
		return nil
	}
	return l.acquire(ctx, l.home)
}

func (l *Lease) acquire(ctx context.Context, o *Origin) (err error) {
	if l.slot, err = o.group.Acquire(ctx, l.claim.Rank); err != nil {
		l.slot = nil
		return err
	}
	l.at = o
	if shared := o.table.conf.Share; shared != nil {
		if l.share, err = shared.Acquire(ctx, l.claim.File); err != nil {
			l.share = nil
			l.Release()
		}
	}
	return err
}

// TryAcquire is Acquire where all slots are free at once; false: nothing is held.
func (l *Lease) TryAcquire() (ok bool) {
	if l.slot != nil {
		return true
	}
	if l.slot, ok = l.home.group.TryAcquire(); !ok {
		l.slot = nil
		return false
	}
	l.at = l.home
	if shared := l.home.table.conf.Share; shared != nil {
		if l.share, ok = shared.TryAcquire(l.claim.File); !ok {
			l.share = nil
			l.Release()
		}
	}
	return ok
}

// Keep has the slots kept when a request is over, since another follows at once.
func (l *Lease) Keep() { l.keep = true }

// Release gives back what is held. Calling it again does nothing.
func (l *Lease) Release() {
	if l.share != nil {
		l.share()
		l.share = nil
	}
	if l.slot != nil {
		l.slot.Release()
		l.slot = nil
	}
}

// Admit is asked before every hop of a request, and waits for the slots of one that leads to
// another origin. What it returns is called when the hop is over.
func (l *Lease) Admit(ctx context.Context, u *url.URL) (release func(), err error) {
	o := l.home.table.Of(u)
	if l.slot == nil || o != l.at {
		l.Release()
		if err := l.acquire(ctx, o); err != nil {
			return nil, err
		}
	}
	l.request, l.asked = o.sent(), o
	return l.ended, nil
}

func (l *Lease) ended() {
	l.asked.ended(l.request)
	if !l.keep {
		l.Release()
	}
}

// At is the origin that was asked by the latest hop; nil: none was.
func (l *Lease) At() *Origin { return l.asked }

// Answered notes with that origin a useful answer to the request, which was begun at a time;
// the origin's Done must be called when the body has ended.
func (l *Lease) Answered(began time.Time) {
	o := l.asked
	o.mu.Lock()
	defer o.mu.Unlock()
	o.answeredLocked(began)
	o.limit.Answered(l.request)
}

// Interrupted notes with that origin that its answer broke off.
func (l *Lease) Interrupted() {
	o, now := l.asked, time.Now()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.health.Interrupted(o.table.At(now))
	o.limit.Interrupted(l.request, now)
	o.resizeLocked()
}

// Refused notes with that origin that its answer means too many requests in flight.
func (l *Lease) Refused() { l.tooMany((*concurrency.Limit).Refused) }

// TurnedAway is Refused for a connection that was not let in, or ended at once.
func (l *Lease) TurnedAway() { l.tooMany((*concurrency.Limit).TurnedAway) }

func (l *Lease) tooMany(event func(*concurrency.Limit, *concurrency.Request, time.Time) int) {
	if o := l.asked; o != nil && o.table.conf.Adaptive {
		o.mu.Lock()
		defer o.mu.Unlock()
		event(&o.limit, l.request, time.Now())
		o.resizeLocked()
	}
}
