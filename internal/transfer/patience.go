package transfer

import (
	"sync"
	"time"
)

// patience is how long something may take, where there are times that do not count: while it
// rests, while a writer of the caller's takes its time, and while its requests wait for their turn
// and none is under way. It begins with rest(false). It is safe for concurrent use; a nil one
// counts nothing.
type patience struct {
	over  func() // called when it is at an end
	mu    sync.Mutex
	spent time.Duration // before it ran last
	most  time.Duration
	since time.Time   // when it ran last
	timer *time.Timer // nil: it does not run

	rests  bool
	writes int // under way
	queued int // requests that wait for their turn
	served int // requests under way
}

func newPatience(most time.Duration, over func()) *patience {
	return &patience{most: most, over: over, rests: true}
}

// rest has the time go on no more, or again; it may be told so again and again.
func (p *patience) rest(on bool) { p.change(func() { p.rests = on }) }

// writing, queues and serves are told of the beginning of such a time, and of its end.
func (p *patience) writing(on bool) { p.change(func() { p.writes += sign(on) }) }
func (p *patience) queues(on bool)  { p.change(func() { p.queued += sign(on) }) }
func (p *patience) serves(on bool)  { p.change(func() { p.served += sign(on) }) }

func sign(on bool) int {
	if on {
		return 1
	}
	return -1
}

func (p *patience) change(do func()) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	do()
	switch runs := !p.rests && p.writes == 0 && (p.queued == 0 || p.served > 0); {
	case !runs && p.timer != nil:
		p.timer.Stop()
		p.timer = nil
		p.spent += time.Since(p.since)
	case runs && p.timer == nil:
		p.since = time.Now()
		p.timer = time.AfterFunc(max(p.most-p.spent, 0), p.over)
	}
}

// used is how much of it is over, while it rests.
func (p *patience) used() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.spent
}
