package batch

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/littledl/littledl/internal/exchange"
	"github.com/littledl/littledl/internal/origin"
	"github.com/littledl/littledl/internal/task"
	"github.com/littledl/littledl/internal/transfer"
)

// prober asks for the sizes of files that wait in the queue, so that small ones
// can go first and the totals are known early. Its HEADs are hints: a refused or
// lying one changes nothing but the order, and they stop where they do not pay.
type prober struct {
	r       *Run
	ctx     context.Context // of all HEADs
	cancel  context.CancelFunc
	wake    chan struct{}
	done    chan struct{} // closed by close
	settled chan struct{} // closed when the first sweep is over or took too long
	begun   chan struct{} // capacity 1: the first answer has come
	once    sync.Once
	wg      sync.WaitGroup

	mu       sync.Mutex // guards all below
	answers  bool       // there was one
	inFlight int        // HEADs in flight
	run      int        // sizes in a row of one class
	class    int
	skipped  int
	stride   int // one in as many is asked for
	nudges   int
	hosts    map[string]*host
	many     int                   // of those, before it is looked who may be forgotten
	waits    []*host               // those with tasks that wait
	served   map[*task.Task]sample // when they are over
	probes   map[*task.Task]*probe
}

const (
	settleTime   = 250 * time.Millisecond
	maxAhead     = 64
	maxWaiting   = 1024 // tasks that wait for their host to be found good, and to have its time
	sameClassRun = 32   // after that many sizes of one class only one in as many is asked for,
	manyHosts    = 10_000
	maxStride    = 512 // then one in twice as many, and so on up to this
)

func newProber(r *Run) *prober {
	p := &prober{
		r: r, wake: make(chan struct{}, 1), done: make(chan struct{}), settled: make(chan struct{}), begun: make(chan struct{}, 1),
		stride: sameClassRun, many: manyHosts, hosts: map[string]*host{}, served: map[*task.Task]sample{}, probes: map[*task.Task]*probe{},
	}
	p.ctx, p.cancel = context.WithCancel(r.ctx)
	return p
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
	defer p.finish()
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
		case <-p.begun: // before an answer nobody can be asked
			slow.Reset(settleTime)
		case <-slow.C:
			p.settle()
		case <-p.wake:
			for q := p.choose(); q != nil; q = p.choose() {
				p.send(q)
			}
		}
	}
}

// choose takes the next task worth a HEAD; nil: none now.
func (p *prober) choose() *probe {
	paused := p.r.paused.Load()
	p.mu.Lock() // also while the table is asked, so that whoever has been given a task finds the HEAD for it
	defer p.mu.Unlock()
	if p.inFlight >= p.most() || paused {
		return nil
	}
	p.sweepLocked()
	var q *probe
	for _, h := range p.waits {
		if q = p.chooseAtLocked(h); q != nil {
			break
		}
	}
	p.waits = slices.DeleteFunc(p.waits, func(h *host) bool { return len(h.waiting) == 0 })
	if q == nil && p.inFlight == 0 && len(p.waits) == 0 {
		p.settle()
	}
	return q
}

// chooseAtLocked is choose among the tasks of one host.
func (p *prober) chooseAtLocked(h *host) *probe {
	switch {
	case h.mayTest():
		return p.testLocked(h)
	case !h.mayAsk():
		return nil
	}
	t := h.next(func(t *task.Task) bool { return p.r.Table.Unhinted(t, p.ahead()) && !p.skipLocked() })
	if t == nil {
		return nil
	}
	return p.beginLocked(t, h, -1)
}

// sweepLocked has tasks of the queue wait for a HEAD to them.
func (p *prober) sweepLocked() {
	waiting := 0
	for _, h := range p.waits {
		waiting += len(h.waiting)
	}
	for range maxWaiting - waiting {
		t := p.r.Table.Unsized(p.ahead())
		if t == nil {
			return
		}
		if t.Spec().Plain {
			continue
		}
		o, err := p.r.engine.Origins.OfRaw(t.URL())
		if err != nil {
			continue
		}
		h := p.hostLocked(o)
		if h.state == refused || o.NoHead() {
			continue
		}
		if len(h.waiting) == 0 && !slices.Contains(p.waits, h) {
			p.waits = append(p.waits, h)
		}
		h.waiting = append(h.waiting, t)
	}
}

// ahead is how many tasks of the queue may have sizes that HEADs have told.
func (p *prober) ahead() int { return max(maxAhead, 4*p.r.limits.Load().Places) }

// most is how many HEADs may be in flight: a quarter of the connections. The only one
// is never free while there is anything to fetch.
func (p *prober) most() int {
	switch n := p.r.limits.Load().Connections; {
	case n == 1, !p.r.SmallFirst, p.r.Locked:
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

func (p *prober) hostLocked(o *origin.Origin) *host {
	h := p.hosts[o.Name()]
	if h == nil {
		if len(p.hosts) >= p.many {
			maps.DeleteFunc(p.hosts, func(_ string, h *host) bool { return h.isIdle() })
			p.many = max(manyHosts, 2*len(p.hosts))
		}
		h = &host{}
		p.hosts[o.Name()] = h
	}
	return h
}

// source is a task's URL, which was found good when it was added, and its origin.
func (p *prober) source(t *task.Task) (*exchange.Source, *origin.Origin) {
	s, o, err := p.r.engine.Source(t.URL(), t.Spec().Header)
	if err != nil {
		panic("batch: " + t.ID() + " has no URL")
	}
	return &s, o
}

// limited reports whether a host bears fewer requests than there may be.
func (p *prober) limited(o *origin.Origin) bool { return o.Capacity() < p.r.limits.Load().Connections }

// size is what a HEAD told; -1: nothing.
func size(h exchange.Head) int64 {
	if h.Status != http.StatusOK || !h.Useful() {
		return -1
	}
	return h.Pin.Size
}

// claim is by what a HEAD for a task takes its slot.
func (p *prober) claim(t *task.Task) origin.Claim {
	return origin.Claim{File: proberID, Rank: transfer.Rank(p.r.Table.Priority(t), true), Rides: true}
}
