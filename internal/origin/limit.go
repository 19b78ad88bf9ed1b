package origin

import (
	"time"

	"github.com/littledl/littledl/internal/concurrency"
	"github.com/littledl/littledl/internal/event"
	"github.com/littledl/littledl/internal/health"
)

// How many requests an origin may have in flight follows what becomes of them. Its slots are
// resized under the lock, or two changes might come to them in the other order.

// sent notes a request of a lease.
func (o *Origin) sent() *concurrency.Request {
	now := time.Now()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked = now
	o.health.Sent()
	return o.limit.Begin(now)
}

// ended notes that it is over.
func (o *Origin) ended(t *concurrency.Request) {
	now := time.Now()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.health.Ended()
	o.limit.End(t, now)
}

func (o *Origin) tick(now time.Time) {
	used, waiting := o.group.Usage().Used, o.lanes.Usage().Waiting
	o.mu.Lock()
	defer o.mu.Unlock()
	o.limit.Tick(now, concurrency.Usage{Used: used, Waiting: waiting, Received: o.received.Load()})
	o.resizeLocked()
}

// resizeLocked gives out as many slots as the origin bears; as long as it serves nobody one, so
// that who comes first finds out for all whether it does again.
func (o *Origin) resizeLocked() {
	n := o.limit.Allowed()
	if o.health.State >= health.Busy {
		n = 1
	}
	o.group.Resize(n)
	if o.guarded() {
		o.lanes.Resize(n)
	}
	o.tellLocked(n)
}

// told is what was last told of an origin.
type told struct {
	state   health.State
	allowed int
}

// tellLocked tells of what is otherwise than it was told.
func (o *Origin) tellLocked(allowed int) {
	events, was := o.table.conf.Events, o.told
	if events == nil {
		return
	}
	if o.told = (told{o.health.State, allowed}); o.told.state != was.state {
		e := event.Event{Kind: event.HostUp, Origin: o.name}
		if o.health.State >= health.Busy {
			e.Kind, e.Err, e.Wait = event.HostBusy, o.lastErr, max(o.health.Until-o.table.At(time.Now()), 0)
			if o.health.State == health.Down {
				e.Kind = event.HostDown
			}
		}
		if o.health.State != health.Unheard && (was.state != health.Unheard || o.health.State >= health.Busy) {
			events.Tell(e)
		}
	}
	if allowed != was.allowed {
		events.Tell(event.Event{Kind: event.HostLimit, Origin: o.name, Limit: allowed})
	}
}

// Refused notes with the origin that was asked that its answer means too many requests in flight.
func (l *Lease) Refused() { l.tooMany((*concurrency.Limit).Refused) }

// TurnedAway is Refused for a connection that was not let in, or ended at once.
func (l *Lease) TurnedAway() { l.tooMany((*concurrency.Limit).TurnedAway) }

func (l *Lease) tooMany(event func(*concurrency.Limit, *concurrency.Request, time.Time) int) {
	o := l.asked
	if o == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.separateLocked(l.request) && o.table.conf.Adaptive {
		event(&o.limit, l.request, time.Now())
		o.resizeLocked()
	}
}
