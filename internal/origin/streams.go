package origin

import (
	"time"

	"github.com/littledl/littledl/internal/concurrency"
)

// How many requests ride on one connection, where an origin speaks HTTP/2.

// streams is what is known of that.
type streams struct {
	on        bool      // they share connections
	separated time.Time // they do no more, since it had refused one; zero: it has not
}

// rodeLocked notes an answer, over HTTP/2 or not.
func (o *Origin) rodeLocked(multiplexed bool) {
	switch s := &o.streams; {
	case s.on == multiplexed || o.table.conf.Streams <= 1:
	case s.on: // it has had enough of HTTP/2
		o.separateLocked(nil)
	case s.separated.IsZero():
		s.on = true
		o.lanes.Share(o.table.conf.Streams)
	}
}

// separateLocked has each request have a connection of its own once one has been refused, before
// there are fewer connections. False: so they have, and had when it was sent.
func (o *Origin) separateLocked(refused *concurrency.Request) bool {
	s := &o.streams
	if s.on {
		*s = streams{separated: time.Now()}
		o.lanes.Share(1)
		return true
	}
	return refused != nil && refused.Began().Before(s.separated)
}
