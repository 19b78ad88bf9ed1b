package littledl

import (
	"context"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/littledl/littledl/internal/fetch"
)

// lookahead asks for the sizes of files that wait in the queue, so that small ones
// can go first and the totals are known early. Its HEADs are hints: a refused or
// lying one changes nothing but the order, and they stop where they do not pay.
type lookahead struct {
	r       *run
	wake    chan struct{}
	done    chan struct{} // closed by close
	settled chan struct{} // closed when the first sweep is over or took too long
	once    sync.Once
	wg      sync.WaitGroup

	// Guarded by d.mu.
	next    int // index of the next task to consider
	ahead   int // sizes learned for tasks that still wait
	flying  int // HEADs in flight
	run     int // sizes in a row of one class
	class   int
	skipped int
	stride  int // one in as many is asked for
	nudges  int
	misses  map[string]int // by host: HEADs that told nothing
	asking  map[*task]context.CancelFunc
}

const (
	headTimeout  = 5 * time.Second
	settleTime   = 250 * time.Millisecond
	aheadAtMost  = 64
	maxMisses    = 8   // after that many HEADs that told nothing a host is not asked again
	sameClassRun = 32  // after that many sizes of one class only one in as many is asked for,
	maxStride    = 512 // then one in twice as many, and so on up to this
)

func newLookahead(r *run) *lookahead {
	return &lookahead{
		r: r, wake: make(chan struct{}, 1), done: make(chan struct{}), settled: make(chan struct{}), misses: map[string]int{}, stride: sameClassRun,
		asking: map[*task]context.CancelFunc{},
	}
}

func (l *lookahead) poke() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// nudgeLocked is poke for every task that leaves the queue: while sizes are all of one
// class there is next to nothing to ask, and waking up for it would cost more.
func (l *lookahead) nudgeLocked() {
	if l.nudges++; l.run < sameClassRun || l.nudges%(sameClassRun/2) == 0 {
		l.poke()
	}
}

func (l *lookahead) close() { close(l.done) }

func (l *lookahead) settle() { l.once.Do(func() { close(l.settled) }) }

func (l *lookahead) isSettled() bool {
	select {
	case <-l.settled:
		return true
	default:
		return false
	}
}

// loop sends HEADs, a quarter of the connections at a time, until close.
func (l *lookahead) loop() {
	ctx, cancel := context.WithCancel(l.r.ctx)
	defer l.wg.Wait()
	defer cancel()
	defer l.settle()
	if l.most() == 0 {
		l.settle()
	}
	slow := time.NewTimer(settleTime)
	defer slow.Stop()
	for {
		select {
		case <-l.done:
			return
		case <-slow.C:
			l.settle()
		case <-l.wake:
			for t, own := l.choose(ctx); t != nil; t, own = l.choose(ctx) {
				l.wg.Go(func() { l.ask(own, t) })
			}
		}
	}
}

// choose takes the next task worth a HEAD, and makes the context to ask in; nil: none
// now.
func (l *lookahead) choose(ctx context.Context) (*task, context.Context) {
	d := l.r.d
	d.mu.Lock()
	defer d.mu.Unlock()
	if l.flying >= l.most() {
		return nil, nil
	}
	waiting := d.ready.Len()
	if waiting > 1 && l.ahead < max(aheadAtMost, 4*d.set.files) && !d.paused {
		for ; l.next < len(d.tasks); l.next++ {
			t := d.tasks[l.next]
			if t.at < 0 || t == d.ready.best() || t.size >= 0 || t.has(flagLooked) || t.twin != nil { // the best is about to start
				continue
			}
			t.flags |= flagLooked
			if l.skipLocked() {
				continue
			}
			l.next++
			l.flying++
			ctx, l.asking[t] = context.WithCancel(ctx)
			return t, ctx
		}
	}
	if l.flying == 0 {
		l.settle()
	}
	return nil, nil
}

// most is how many HEADs may be in flight: a quarter of the connections. The only one
// is never free while there is anything to fetch.
func (l *lookahead) most() int {
	switch n := l.r.d.set.connections(); n {
	case 1:
		return 0
	default:
		return max(1, n/4)
	}
}

// skipLocked spares the HEADs that would tell what is known: sizes are all of one class.
func (l *lookahead) skipLocked() bool {
	if l.run < sameClassRun {
		return false
	}
	l.skipped++
	if l.skipped < l.stride {
		return true
	}
	l.skipped, l.stride = 0, min(2*l.stride, maxStride)
	return false
}

// sawLocked learns from a size, wherever it came from.
func (l *lookahead) sawLocked(size int64) {
	class := chunksFor(size)
	if class != l.class {
		l.class, l.run, l.skipped, l.stride = class, 0, 0, sameClassRun
	}
	l.run++
}

// leftLocked notes that a task has left the queue.
func (l *lookahead) leftLocked(t *task) {
	if t.hinted {
		t.hinted = false
		l.ahead--
	}
}

// ask sends one HEAD and sorts the task by what it says.
func (l *lookahead) ask(ctx context.Context, t *task) {
	size := l.head(ctx, t)
	d := l.r.d
	d.mu.Lock()
	l.flying--
	l.asking[t]()
	delete(l.asking, t)
	if size >= 0 {
		l.sawLocked(size)
		if t.at >= 0 && t.size < 0 {
			d.sizeLocked(t, size)
			t.hinted = true
			l.ahead++
			d.ready.moved(t)
			l.r.publishNextLocked()
		}
	}
	d.mu.Unlock()
	l.poke()
}

// isRefused reports that a host does not answer HEAD with a size.
func (l *lookahead) isRefused(origin string) bool {
	l.r.d.mu.Lock()
	defer l.r.d.mu.Unlock()
	return l.misses[origin] >= maxMisses
}

// missed notes that a HEAD told nothing; status 0: there was no answer. A file may be
// missing on a host that answers HEAD well, but 405 speaks for all of them.
func (l *lookahead) missed(origin string, status int) {
	l.r.d.mu.Lock()
	defer l.r.d.mu.Unlock()
	switch status {
	case http.StatusNotFound, http.StatusGone, http.StatusOK:
		l.misses[origin]++
	default:
		l.misses[origin] = maxMisses
	}
}

// waits reports whether a task is still in the queue.
func (l *lookahead) waits(t *task) bool {
	l.r.d.mu.Lock()
	defer l.r.d.mu.Unlock()
	return t.at >= 0
}

func (l *lookahead) head(ctx context.Context, t *task) int64 {
	u, err := url.Parse(t.url)
	if err != nil {
		return -1
	}
	h := l.r.pool.host(u)
	host := h.origin
	skip := l.isRefused(host)
	if wait, err := h.wait(time.Now(), 0); skip || wait > 0 || err != nil {
		return -1
	}
	k := &ticket{pool: l.r.pool, url: u, from: h, rank: rank(t.priority, true)}
	if k.acquire(ctx, h) != nil { // the host's time begins when it is asked
		return -1
	}
	defer k.giveBack()
	if !l.waits(t) {
		return -1
	}
	ctx, cancel := context.WithTimeout(ctx, headTimeout)
	defer cancel()
	res, err := l.r.pool.client.Do(ctx, &fetch.Request{
		Method: http.MethodHead, URL: u, Header: t.options().header, User: u.User, Home: host,
		Admit: k.admit,
	})
	if err != nil {
		if ctx.Err() != context.Canceled {
			l.missed(host, 0)
		}
		return -1
	}
	defer res.Discard()
	if s := res.StatusCode; s == http.StatusTooManyRequests || s == http.StatusServiceUnavailable {
		k.refused()
	}
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Encoding") != "" || res.ContentLength < 0 {
		l.missed(host, res.StatusCode)
		return -1
	}
	return res.ContentLength
}
