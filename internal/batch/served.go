package batch

import (
	"github.com/littledl/littledl/internal/origin"
	"github.com/littledl/littledl/internal/task"
)

// What GETs are answered with shows which hosts may be tested by a HEAD, and what follows.

// sample is a file of a host that a GET was answered with.
type sample struct {
	host *host
	size int64
}

// answered notes that a GET for a task has been answered by its own URL, with so many bytes.
func (p *prober) answered(t *task.Task, o *origin.Origin, size int64) {
	p.mu.Lock()
	if !p.answers {
		p.answers = true
		p.begun <- struct{}{}
	}
	h := p.hostLocked(o)
	if h.state != unheard || size < 0 || p.most() == 0 {
		p.mu.Unlock()
		return
	}
	var q *probe
	p.sweepLocked()
	if len(h.waiting) > 0 && p.inFlight < p.most() && p.r.limits.Load().PerFile > 1 {
		h.sample, h.size = t, size
		q = p.testLocked(h) // while the file has one request in flight
	} else {
		p.served[t] = sample{h, size}
	}
	p.mu.Unlock()
	if q != nil {
		p.send(q)
	}
}

// over notes that a task has ended, of which a GET may have been answered.
func (p *prober) over(t *task.Task, complete bool) {
	p.mu.Lock()
	s := p.served[t]
	delete(p.served, t)
	useful := complete && s.host != nil && s.host.state == unheard
	if useful {
		s.host.sample, s.host.size = t, s.size
	}
	p.mu.Unlock()
	if useful {
		p.poke()
	}
}

// pays reports whether a host answers HEAD, as far as is known, and HEADs are wanted at all.
// Served: it has served the very URL by GET before.
func (p *prober) pays(o *origin.Origin, served bool) bool {
	if !p.r.SmallFirst || o.NoHead() {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	h := p.hostLocked(o)
	return h.state == good || h.state != refused && served
}

// missed notes that a HEAD told nothing; status 0: there was no answer.
func (p *prober) missed(o *origin.Origin, status int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hostLocked(o).missed(status)
}
