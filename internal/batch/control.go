package batch

import (
	"sync"

	"github.com/littledl/littledl/internal/fail"
	"github.com/littledl/littledl/internal/origin"
)

// Control is one downloader's: what pauses, resumes and ends its Starts, of which one runs at
// a time. The zero value has none. Its methods may be called at any time, from any goroutine,
// and wait for nothing.
type Control struct {
	mu      sync.Mutex
	run     *Run // nil: idle
	paused  bool
	stopped bool
	past    Past
	origins []origin.Stats // of the last Start
}

// Past is what Starts have come to.
type Past struct {
	Speed    float64 // bytes/s: the last one's
	Received int64   // bytes off the network, in all of them
	Added    int     // workers beyond those that files began with
	Paused   bool
}

// Begin has a Start run from now on; make makes it. Errors: fail.ErrStopped, fail.ErrRunning.
func (c *Control) Begin(make func() *Run) (*Run, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.stopped:
		return nil, fail.ErrStopped
	case c.run != nil:
		return nil, fail.ErrRunning
	}
	if c.run = make(); c.paused {
		c.run.Pause()
	}
	return c.run, nil
}

// End has it run no more. Stopped: there will be no other.
func (c *Control) End() (stopped bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.past, c.origins, c.run = c.readLocked(), atRest(c.run.engine.Origins.Stats()), nil
	c.past.Speed = 0
	return c.stopped
}

// Read returns what Starts have come to, the one that runs included, and that one, if any.
func (c *Control) Read() (Past, *Run) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.readLocked(), c.run
}

func (c *Control) readLocked() Past {
	p := c.past
	p.Paused = c.paused
	if r := c.run; r != nil {
		p = Past{Paused: p.Paused, Speed: r.Speed(), Received: p.Received + r.engine.Client.Received(), Added: p.Added + int(r.joined.Load())}
	}
	return p
}

// Stopped reports whether Stop was called.
func (c *Control) Stopped() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stopped
}

// Wake tells the Start that runs, if any, that there is something new to do.
func (c *Control) Wake() {
	c.mu.Lock()
	r := c.run
	c.mu.Unlock()
	if r != nil {
		r.Wake()
	}
}

// Pause pauses the Start that runs, or the next. The only error is fail.ErrStopped.
func (c *Control) Pause() error {
	return c.act(func() { c.paused = true }, (*Run).Pause)
}

// Resume is the end of Pause, with the same error.
func (c *Control) Resume() error {
	return c.act(func() { c.paused = false }, (*Run).Resume)
}

// Cancel ends the Start that runs, with the same error.
func (c *Control) Cancel() error {
	return c.act(func() {}, func(r *Run) { r.cancel(fail.ErrCancelled) })
}

// act does something to the Start that runs, after what it is to be for the next.
func (c *Control) act(first func(), then func(*Run)) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return fail.ErrStopped
	}
	if first(); c.run != nil {
		then(c.run)
	}
	return nil
}

// Adjust does something to the Start that runs, after what it is to be for the next, with the
// same error.
func (c *Control) Adjust(first func(), then func(*Run)) error { return c.act(first, then) }

// Origins are what the Start that runs knows of origins, or what the last one did.
func (c *Control) Origins() []origin.Stats {
	c.mu.Lock()
	r, past := c.run, c.origins
	c.mu.Unlock()
	switch {
	case r == nil:
		return past
	case r.Speed() == 0: // what a host has brought before a pause would else stay its speed
		return atRest(r.engine.Origins.Stats())
	}
	return r.engine.Origins.Stats()
}

// atRest are origins that bring nothing.
func atRest(all []origin.Stats) []origin.Stats {
	for i := range all {
		all[i].Speed = 0
	}
	return all
}

// Stop is Cancel for good. Last: nothing runs that would clear up when it ends, nor was it
// stopped before.
func (c *Control) Stop() (last bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	last, c.stopped = !c.stopped && c.run == nil, true
	if c.run != nil {
		c.run.cancel(fail.ErrCancelled)
	}
	return last
}
