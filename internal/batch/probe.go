package batch

import (
	"context"
	"slices"
	"time"

	"github.com/littledl/littledl/internal/exchange"
	"github.com/littledl/littledl/internal/origin"
	"github.com/littledl/littledl/internal/task"
)

// probe is a HEAD under way.
type probe struct {
	task    *task.Task
	source  *exchange.Source
	host    *host
	origin  *origin.Origin
	want    int64 // the size that a GET has told; -1: it is to be found out
	limited bool  // the host bears few requests, and would count one that is given up
	ctx     context.Context
	cancel  context.CancelFunc
	done    chan struct{} // closed when its request is over

	sent bool // guarded by prober.mu: before, and while it waits on its way, it costs nothing to give it up
}

// beginLocked makes a HEAD for a task.
func (p *prober) beginLocked(t *task.Task, h *host, want int64) *probe {
	s, o := p.source(t)
	q := &probe{task: t, source: s, host: h, origin: o, want: want, limited: p.limited(o), done: make(chan struct{})}
	q.ctx, q.cancel = context.WithCancel(p.ctx)
	p.inFlight++
	h.inFlight++
	p.probes[t] = q
	return q
}

// testLocked makes the first HEAD to a host.
func (p *prober) testLocked(h *host) *probe {
	q := p.beginLocked(h.sample, h, h.size)
	h.state, h.sample = onTrial, nil
	return q
}

// send sends a HEAD, beside.
func (p *prober) send(q *probe) {
	p.wg.Go(func() { p.r.callOut(callerCode, func() { p.ask(q) }) })
}

// ask sends one HEAD and sorts the task by what it says.
func (p *prober) ask(q *probe) {
	status, told := 0, int64(-1)
	defer func() { p.ended(q, status, told) }() // whatever ends it
	c := p.claim(q.task)
	c.Wanted, c.Sends = func() bool { return p.wanted(q) }, func() { p.sends(q) }
	h, sent := p.r.engine.Head(q.ctx, q.source, q.origin, c)
	if !sent {
		return
	}
	if status, told = max(h.Status, noAnswer), size(h); told >= 0 && q.want < 0 {
		p.saw(told)
		p.r.Table.Hint(q.task, told) // before it counts as answered
	}
}

// noAnswer stands for the status of a HEAD that was not answered.
const noAnswer = 1

// wanted is asked when it is a HEAD's turn to be sent, but for what the caller is to grant.
func (p *prober) wanted(q *probe) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	q.sent = false
	switch {
	case q.ctx.Err() != nil:
		return false
	case q.want < 0:
		return p.r.Table.Queued(q.task)
	}
	return slices.ContainsFunc(q.host.waiting, p.r.Table.Queued)
}

// sends notes that it is under way from now on.
func (p *prober) sends(q *probe) {
	p.mu.Lock()
	q.sent = true
	p.mu.Unlock()
}

// ended notes that no HEAD is under way for a task any more. Status 0: it was not sent.
func (p *prober) ended(q *probe, status int, told int64) {
	p.mu.Lock()
	p.inFlight--
	q.host.inFlight--
	delete(p.probes, q.task)
	switch {
	case q.want >= 0:
		if q.host.tested(status, told == q.want); q.host.state == unheard {
			p.served[q.task] = sample{q.host, q.want} // when that is over
		}
	case status != 0 && told < 0:
		q.host.missed(status)
	}
	last := p.inFlight == 0
	p.mu.Unlock()
	q.cancel()
	close(q.done)
	p.poke()
	p.r.wakeIf(last)
}

// isUnderWay reports whether there is a HEAD for a task.
func (p *prober) isUnderWay(t *task.Task) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.probes[t] != nil
}

// await returns when no HEAD is under way for a task whose file has no room for one. One that
// takes long is ended, but none at once: its server would count a request of its connection
// still when it sees the next one, and the connection is lost. Where few are borne, it is not
// ended at all.
func (p *prober) await(t *task.Task) {
	p.mu.Lock()
	q := p.probes[t]
	wait := q != nil && (q.limited || p.r.limits.Load().PerFile == 1)
	sent := wait && q.sent
	p.mu.Unlock()
	switch {
	case !wait:
		return
	case !sent:
		q.cancel()
	case !q.limited:
		timer := time.AfterFunc(settleTime, q.cancel)
		defer timer.Stop()
	}
	<-q.done // its context is the Start's
}

// giveUp ends all HEADs, but for those that a host would count still, and reports whether none is
// under way. The Start is woken when the last of them has ended.
func (p *prober) giveUp() (none bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, q := range p.probes {
		if !q.sent || !q.limited {
			q.cancel()
		}
	}
	return p.inFlight == 0
}

// finish returns when none is.
func (p *prober) finish() {
	p.giveUp()
	p.wg.Wait() // they have no more time than a HEAD is given
	p.cancel()
}
