package origin

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/littledl/littledl/internal/budget"
	"github.com/littledl/littledl/internal/concurrency"
)

// Claim is who asks.
type Claim struct {
	Rank int64  // the lowest goes first
	File string // its id in the shared budget, where there is one
	// Rides: the request may be one of several on a connection of HTTP/2, and is to count for
	// nothing then: the first of them counts for all.
	Rides bool
	// Wanted is asked when it would be the request's turn, before the caller is asked for its
	// grant; nil: it is wanted. Sends is told when it has all that it needs; nil: nobody wants to
	// know. Either comes anew with each hop that waits.
	Wanted func() bool
	Sends  func()
}

// ErrUnwanted is why a lease was not acquired that nobody wants any more.
var ErrUnwanted = errors.New("the request is not wanted any more")

// Lease is the right to have a request in flight: a slot of the origin that is asked, and of
// no other, and then, where files share a budget, one of the file's. Before those come the turn at
// an origin that wants time between two requests, and what the caller grants: both may take long,
// so no slot is held meanwhile. This order is the same everywhere, so that nobody waits in a
// circle. A lease serves one request after the other; it is not safe for concurrent use. It is not
// to be held over a wait.
type Lease struct {
	claim Claim
	home  *Origin      // that it is for
	at    *Origin      // whose slot it holds, or held last
	turn  *budget.Slot // until the request is begun; nil: none
	slot  *budget.Slot // of a lane; nil: none
	rest  func()       // gives back what comes with a lane of its own; nil: nothing does
	keep  bool         // from one request to the next
	pause func(bool)   // is told while a hop waits; nil: nobody wants to know
	sends *atomic.Pointer[turns]

	asked   *Origin // by the latest hop, or would have been; nil: none yet
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
	l.at = o
	if t := o.quota.turns; t != nil {
		if l.turn, err = t.wait(ctx, l.claim.Rank); err != nil {
			l.turn = nil
			return err
		}
	}
	if l.slot, err = o.lanes.Acquire(ctx, l.claim.Rank, l.claim.Rides); err != nil {
		l.slot = nil
		l.Release()
		return err
	}
	if w := l.claim.Wanted; w != nil && o.guarded() && !w() {
		l.Release()
		return ErrUnwanted
	}
	if !l.slot.Rides() {
		if l.rest, err = o.enter(ctx, l.claim); err != nil {
			l.rest = nil
			l.Release()
			return err
		}
	}
	l.offer()
	if l.claim.Sends != nil {
		l.claim.Sends()
	}
	return nil
}

// TryAcquire is Acquire where all slots are free at once, and nothing else is waited for; false:
// nothing is held.
func (l *Lease) TryAcquire() (ok bool) {
	if l.slot != nil {
		return true
	}
	if l.home.guarded() {
		return false
	}
	if l.slot, ok = l.home.lanes.TryAcquire(l.claim.Rides); !ok {
		l.slot = nil
		return false
	}
	l.at = l.home
	if shared := l.home.table.conf.Share; shared != nil && !l.slot.Rides() {
		if l.rest, ok = shared.TryAcquire(l.claim.File); !ok {
			l.rest = nil
			l.Release()
			return false
		}
	}
	l.offer()
	return true
}

// offer lets others ride along: what comes with the lane is then for whoever is the last of them.
func (l *Lease) offer() {
	if l.claim.Rides && !l.slot.Rides() && l.at.table.conf.Streams > 1 {
		l.slot.Offer(l.rest)
		l.rest = nil
	}
}

// Home is the origin that it is for.
func (l *Lease) Home() *Origin { return l.home }

// Pausing has a function told while a hop to another origin waits for its slots, and when it has
// them: the request's time does not go on.
func (l *Lease) Pausing(tell func(on bool)) { l.pause = tell }

// Begin is called before each request: what the one before has met is forgotten.
func (l *Lease) Begin() { l.asked, l.request = nil, nil }

// Resting is why an origin that a redirect leads to is not asked: it serves nobody, and is to be
// left alone for so long.
type Resting struct {
	For time.Duration
	Err error // why it was of no use to who asked it last
}

func (e *Resting) Error() string { return e.Err.Error() }
func (e *Resting) Unwrap() error { return e.Err }

// Keep has the slots kept when a request is over, since another follows at once.
func (l *Lease) Keep() { l.keep = true }

// Release gives back what is held. Calling it again does nothing.
func (l *Lease) Release() {
	if l.turn != nil {
		l.turn.Release()
		l.turn = nil
	}
	if l.rest != nil {
		l.rest()
		l.rest = nil
	}
	if l.slot != nil {
		l.slot.Release()
		l.slot = nil
	}
}

// Admit implements fetch.Admitter. It waits for the slots of a hop that leads to another origin,
// which has then answered the hop before as it should.
func (l *Lease) Admit(ctx context.Context, u *url.URL) (lane int, err error) {
	o := l.home.table.Of(u)
	if l.asked != nil && l.asked != o {
		l.asked.redirected()
	}
	if l.slot == nil || o != l.at {
		l.Release()
		if err := l.hop(ctx, o); err != nil {
			return 0, err
		}
	}
	l.asked = o
	if o != l.home { // who is asked at home was looked at before
		if err := o.resting(); err != nil {
			l.Release()
			return 0, err
		}
	}
	l.request = o.sent()
	l.begin(o)
	return l.slot.Lane(), nil
}

// hop is acquire in the middle of a request.
func (l *Lease) hop(ctx context.Context, o *Origin) error {
	if l.pause != nil && o.guarded() {
		l.pause(true)
		defer l.pause(false)
	}
	return l.acquire(ctx, o)
}

// begin ends the lease's turn: the next is to wait from now on.
func (l *Lease) begin(o *Origin) {
	t := o.quota.turns
	if l.sends != nil {
		l.sends.Store(t)
	}
	if t != nil {
		t.begun()
	}
	if l.turn != nil {
		l.turn.Release()
		l.turn = nil
	}
}

// Leave implements fetch.Admitter.
func (l *Lease) Leave() {
	l.asked.ended(l.request)
	if !l.keep || l.at.guarded() { // of those each request has its own right
		l.Release()
	}
}

// At is the origin that was asked by the request's latest hop, or would have been; nil: none.
func (l *Lease) At() *Origin { return l.asked }

// Answered notes with that origin a useful answer to the request, which was begun at a time, and
// in which protocol it came. Over must be called when the
// body has ended.
func (l *Lease) Answered(began time.Time, protocol string) {
	o := l.asked
	o.mu.Lock()
	defer o.mu.Unlock()
	o.answeredLocked(began)
	o.limit.Answered(l.request, time.Now())
	o.protocol = protocol
	if l.claim.Rides {
		o.rodeLocked(strings.HasPrefix(protocol, "HTTP/2"))
	}
}

// Over notes that the body of a useful answer has ended; well: all that was wanted has come.
func (l *Lease) Over(well bool) {
	o := l.asked
	o.mu.Lock()
	defer o.mu.Unlock()
	o.health.Done()
	if well {
		o.limit.Finished(l.request, time.Now())
	}
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

// CutOff is Interrupted for an answer that had hardly begun: it may have been one too many, and is
// no sign that others break off as well.
func (l *Lease) CutOff() {
	o := l.asked
	o.mu.Lock()
	defer o.mu.Unlock()
	o.limit.CutOff(l.request, time.Now())
	o.resizeLocked()
}

// Spoke notes with that origin in which protocol an answer of no use came.
func (l *Lease) Spoke(protocol string) {
	o := l.asked
	o.mu.Lock()
	defer o.mu.Unlock()
	o.protocol = protocol
}
