package transfer

import (
	"sync"
	"time"
)

// patience is how long something may take, where there are times that do not count. Its own
// begins with rest(false). It is safe for concurrent use.
type patience struct {
	over  func() // called when it is at an end
	mu    sync.Mutex
	spent time.Duration // before it ran last
	most  time.Duration
	since time.Time   // when it ran last
	timer *time.Timer // nil: it rests
}

func newPatience(most time.Duration, over func()) *patience {
	return &patience{most: most, over: over}
}

// rest has the time go on no more, or again; it may be told so again and again.
func (p *patience) rest(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case on && p.timer != nil:
		p.timer.Stop()
		p.timer = nil
		p.spent += time.Since(p.since)
	case !on && p.timer == nil:
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
