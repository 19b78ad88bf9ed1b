package recovery

import (
	"time"

	"github.com/littledl/littledl/internal/fail"
	"github.com/littledl/littledl/internal/health"
	"github.com/littledl/littledl/internal/wait"
)

// Standing is what a source is still good for. Each is in exactly one.
type Standing uint8

const (
	Active    Standing = iota // in use, or not tried yet
	Suspended                 // was silent, or busy, while another could be asked; comes back at the price of a recall
	Blocked                   // its origin serves nobody; comes back for nothing in the same outage, else at the price of a return
	Different                 // has another file than the others, or no ranges; of use alone, after all others, once
	Rejected                  // of no use
)

// source is the record of one URL.
type source struct {
	standing  Standing
	gen       int           // goes out with every request, and changes with every failure that counts
	epoch     int           // of its origin: the outage that its waits are charged to
	notBefore time.Duration // who comes to it from another does not ask before

	pinned    bool // has served, or was compared: its version is the one that is fetched
	verified  bool // may serve beside others: it was compared, or a digest will tell
	plain     bool // has no ranges: one answer from byte 0
	instead   bool // since it refused them
	renewed   bool // is to be, or was, asked anew for where it leads, and has not served since
	expired   bool // the caller is to give a fresh URL for it
	refreshed bool // he has, and it has not served since
	brought   bool // has brought bytes, ever
	tried     bool // was asked alone, in a repair
	suspected bool // had delivered other bytes than the one that is asked alone now

	attempts int          // failed in a row, without a byte
	strikes  int          // connections that it ended in a row, and was forgiven
	refusals int          // times in a row that it put off who had left it alone before; those asked at once are one
	waited   wait.Account // for it, without a byte; outages cost their origin, and this hardly anything
	most     int64        // of a range, where it refused a longer one; 0: it did not
	share    int64        // bytes that it had delivered when a digest came out wrong

	// What is left of its budgets, or was spent of them.

	recalls, returns int
	refreshes        int  // fresh URLs that the caller is asked for
	forms            int  // ways of asking otherwise, where it refuses ranges
	companions       int  // requests that may be one too many beside others of the file
	fallback         bool // it may come back though it is different, when no other is left
	retriesSpent     int  // failures that brought next to nothing
	shortAnswers     int  // answers that did
	patience         int  // times that it may bring the file too slowly

	err *fail.Error // the latest failure that counts
}

func (l *Limits) source() source {
	return source{recalls: l.recalls, returns: l.returns, companions: l.companions, forms: l.forms, patience: l.patience, fallback: true, plain: l.once}
}

// become changes the standing. What was asked before tells nothing any more.
func (s *source) become(to Standing) {
	s.standing = to
	s.gen++
}

// block leaves a source since its origin serves nobody. One that was asked as the last there is
// may be so again, at the price of a return: an outage does not use that up.
func (s *source) block(h *health.Health, now time.Duration) {
	s.settle(h, now)
	if !s.fallback && s.returns > 0 {
		s.returns--
		s.fallback = true
	}
	s.become(Blocked)
}

// settle charges what follows to the outage that is on. If another one was waited for in vain
// before that costs a return, as if the source had been left for it. False: there is none left.
func (s *source) settle(h *health.Health, now time.Duration) bool {
	other := s.epoch != h.Epoch && s.waited.Spent() > 0
	s.epoch = h.Epoch
	if !other || s.returns == 0 {
		return !other
	}
	s.returns--
	s.waited.Clear(now)
	return true
}

// recall takes a source back, at its price.
func (s *source) recall(h *health.Health, now time.Duration) {
	switch {
	case s.standing == Suspended:
		s.recalls--
		s.fresh(now)
	case s.epoch != h.Epoch:
		s.returns--
		s.epoch = h.Epoch
		s.fresh(now)
	}
	s.become(Active)
}

// fresh forgets what went wrong in a row.
func (s *source) fresh(now time.Duration) {
	s.attempts, s.strikes, s.refusals = 0, 0, 0
	s.waited.Clear(now)
}
