package batch

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/littledl/littledl/internal/origin"
	"github.com/littledl/littledl/internal/task"
	"github.com/littledl/littledl/internal/transfer"
)

// prober asks for the sizes of files that wait in the queue, so that small ones
// can go first and the totals are known early. Its HEADs are hints: a refused or
// lying one changes nothing but the order, and they stop where they do not pay.
type prober struct {
	r       *Run
	wake    chan struct{}
	done    chan struct{} // closed by close
	settled chan struct{} // closed when the first sweep is over or took too long
	once    sync.Once
	wg      sync.WaitGroup

	mu       sync.Mutex // guards all below
	inFlight int        // HEADs in flight
	run      int        // sizes in a row of one class
	class    int
	skipped  int
	stride   int // one in as many is asked for
	nudges   int
	misses   map[string]int // by host: HEADs that told nothing
	probes   map[*task.Task]*probe
}

// probe is a HEAD under way.
type probe struct {
	cancel context.CancelFunc
	done   chan struct{} // closed when its request is over
}

const (
	settleTime   = 250 * time.Millisecond
	maxAhead     = 64
	maxMisses    = 8   // after that many HEADs that told nothing a host is not asked again
	sameClassRun = 32  // after that many sizes of one class only one in as many is asked for,
	maxStride    = 512 // then one in twice as many, and so on up to this
)

func newProber(r *Run) *prober {
	return &prober{
		r: r, wake: make(chan struct{}, 1), done: make(chan struct{}), settled: make(chan struct{}), misses: map[string]int{}, stride: sameClassRun,
		probes: map[*task.Task]*probe{},
	}
}

func (p *prober) poke() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// nudge is poke for every task that leaves the queue: while sizes are all of one
// class there is next to nothing to ask, and waking up for it would cost more.
func (p *prober) nudge() {
	p.mu.Lock()
	p.nudges++
	useful := p.run < sameClassRun || p.nudges%(sameClassRun/2) == 0
	p.mu.Unlock()
	if useful {
		p.poke()
	}
}

func (p *prober) close() { close(p.done) }

func (p *prober) settle() { p.once.Do(func() { close(p.settled) }) }

func (p *prober) isSettled() bool {
	select {
	case <-p.settled:
		return true
	default:
		return false
	}
}

// loop sends HEADs, a quarter of the connections at a time, until close.
func (p *prober) loop() {
	ctx, cancel := context.WithCancel(p.r.ctx)
	defer p.wg.Wait()
	defer cancel()
	defer p.settle()
	if p.most() == 0 {
		p.settle()
	}
	slow := time.NewTimer(settleTime)
	defer slow.Stop()
	for {
		select {
		case <-p.done:
			return
		case <-slow.C:
			p.settle()
		case <-p.wake:
			for t, own := p.choose(ctx); t != nil; t, own = p.choose(ctx) {
				p.wg.Go(func() { p.r.callOut(callerCode, func() { p.ask(own, t) }) })
			}
		}
	}
}

// choose takes the next task worth a HEAD, and makes the context to ask in; nil: none
// now.
func (p *prober) choose(ctx context.Context) (*task.Task, context.Context) {
	paused := p.r.paused.Load()
	p.mu.Lock() // also while the table is asked, so that whoever has been given a task finds the HEAD for it
	defer p.mu.Unlock()
	if p.inFlight >= p.most() {
		return nil, nil
	}
	for !paused {
		t := p.r.Table.Unsized(max(maxAhead, 4*p.r.Places))
		if t == nil {
			break
		}
		if p.skipLocked() {
			continue
		}
		p.inFlight++
		ctx, cancel := context.WithCancel(ctx)
		p.probes[t] = &probe{cancel, make(chan struct{})}
		return t, ctx
	}
	if p.inFlight == 0 {
		p.settle()
	}
	return nil, nil
}

// most is how many HEADs may be in flight: a quarter of the connections. The only one
// is never free while there is anything to fetch.
func (p *prober) most() int {
	switch n := p.r.Connections; n {
	case 1:
		return 0
	default:
		return max(1, n/4)
	}
}

// skipLocked spares the HEADs that would tell what is known: sizes are all of one class.
func (p *prober) skipLocked() bool {
	if p.run < sameClassRun {
		return false
	}
	p.skipped++
	if p.skipped < p.stride {
		return true
	}
	p.skipped, p.stride = 0, min(2*p.stride, maxStride)
	return false
}

// saw learns from a size, wherever it came from.
func (p *prober) saw(size int64) {
	class := p.r.Class(size)
	p.mu.Lock()
	defer p.mu.Unlock()
	if class != p.class {
		p.class, p.run, p.skipped, p.stride = class, 0, 0, sameClassRun
	}
	p.run++
}

// cancelOf is what cancels the HEAD that is under way for a task; nil: none is.
func (p *prober) cancelOf(t *task.Task) context.CancelFunc {
	p.mu.Lock()
	defer p.mu.Unlock()
	if q := p.probes[t]; q != nil {
		return q.cancel
	}
	return nil
}

// await returns when no HEAD is under way for a task. One that takes long is ended, but
// none at once: its server would count a request of its connection still when it sees the
// next one, and the connection is lost.
func (p *prober) await(t *task.Task) {
	p.mu.Lock()
	q := p.probes[t]
	p.mu.Unlock()
	if q == nil {
		return
	}
	timer := time.AfterFunc(settleTime, q.cancel)
	defer timer.Stop()
	<-q.done // its context is the Start's
}

// ask sends one HEAD and sorts the task by what it says.
func (p *prober) ask(ctx context.Context, t *task.Task) {
	defer p.answered(t) // whatever ends it
	if size := p.head(ctx, t); size >= 0 {
		p.saw(size)
		p.r.Table.Hint(t, size) // before it counts as answered
	}
}

// answered notes that no HEAD is under way for a task any more.
func (p *prober) answered(t *task.Task) {
	p.mu.Lock()
	p.inFlight--
	q := p.probes[t]
	delete(p.probes, t)
	p.mu.Unlock()
	q.cancel()
	close(q.done)
	p.poke()
}

// isRefused reports that a host does not answer HEAD with a size.
func (p *prober) isRefused(origin string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.misses[origin] >= maxMisses
}

// missed notes that a HEAD told nothing; status 0: there was no answer. A file may be
// missing on a host that answers HEAD well, but 405 speaks for all of them.
func (p *prober) missed(origin string, status int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch status {
	case http.StatusNotFound, http.StatusGone, http.StatusOK:
		p.misses[origin]++
	default:
		p.misses[origin] = maxMisses
	}
}

func (p *prober) head(ctx context.Context, t *task.Task) int64 {
	s, o, err := p.r.engine.Source(t.URL(), t.Spec().Header)
	if err != nil {
		return -1
	}
	c := origin.Claim{File: proberID, Rank: transfer.Rank(p.r.Table.Priority(t), true)}
	told, ok := p.r.engine.Head(ctx, &s, o, c, func() bool { return p.r.Table.Queued(t) })
	if ok && told.Pin.Size < 0 {
		p.missed(s.Home, told.Status)
	}
	if !ok {
		return -1
	}
	return told.Pin.Size
}
