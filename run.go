package littledl

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/littledl/littledl/internal/gate"
)

// run is one Start: the dispatcher and everything that ends with it.
type run struct {
	d       *BatchDownloader
	ctx     context.Context
	cancel  context.CancelCauseFunc
	gate    *gate.Gate
	pool    *pool
	dirs    *dirs
	notify  *notifier
	look    *lookahead
	sharing *sharing     // of the enhanced downloader, else nil
	added   atomic.Int64 // workers that joined a file beyond those it began with

	wg       sync.WaitGroup // transfers and the run's own goroutines
	wake     chan struct{}  // capacity 1: the dispatcher has something to look at
	received atomic.Int64   // bytes off the network

	// Guarded by d.mu.
	active map[*file]struct{} // in transfer; the tasks without a file yet are in busy
	busy   int                // tasks in transfer
	idle   bool               // the last look found nothing left to do

	open  atomic.Int64 // parked tasks that hold a part open
	next  atomic.Int64 // what waits while every place is taken; see publishNextLocked
	begun time.Time
}

func newRun(ctx context.Context, d *BatchDownloader) (*run, error) {
	r := &run{d: d, pool: newPool(d.set, &d.served), dirs: newDirs(d.set.openDir), wake: make(chan struct{}, 1), active: map[*file]struct{}{}}
	r.begun = time.Now()
	r.next.Store(nobodyWaits)
	r.ctx, r.cancel = context.WithCancelCause(ctx)
	r.gate = gate.New(r.ctx)
	r.notify = newNotifier(r)
	r.look = newLookahead(r)
	if d.set.enhanced {
		var err error
		if r.sharing, err = newSharing(r); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// idleSlots is how many more requests could be in flight without anybody waiting.
func (r *run) idleSlots() int {
	if r.sharing == nil {
		return r.pool.slots.Usage().Idle()
	}
	s := r.sharing.alloc.GetStats()
	if s.Waiting > 0 {
		return 0
	}
	return max(s.MaxChunks-s.ChunksInUse, 0)
}

func (r *run) poke() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// loop dispatches until everything is done or the run is cancelled.
func (r *run) loop() {
	report := &reporter{r: r}
	stop, ticking := make(chan struct{}), make(chan struct{})
	go func() { defer close(ticking); report.loop(stop) }()
	r.wg.Go(r.notify.loop)
	r.wg.Go(r.look.loop)
	for !r.settled() {
		r.dispatch()
	}
	close(stop)
	<-ticking
	r.look.close()
	r.notify.close()
	r.wg.Wait()
}

// settled is asked when nothing seems to be left: it has the last progress told,
// and finds out whether a callback has added more.
func (r *run) settled() bool {
	r.d.mu.Lock()
	idle := r.idle
	r.d.mu.Unlock()
	if !idle {
		return false
	}
	r.d.mu.Lock()
	if r.d.totals.speed == 0 {
		r.d.totals.speed = r.averageSpeed()
	}
	r.d.mu.Unlock()
	r.notify.last()
	r.d.mu.Lock()
	r.idle = r.nothingLeftLocked()
	idle = r.idle
	r.d.mu.Unlock()
	if !idle {
		r.notify.unmute()
	}
	return idle
}

func (r *run) nothingLeftLocked() bool {
	return r.busy == 0 && r.d.ready.Len() == 0 && len(r.d.lot) == 0
}

// dispatch starts what may start, then waits for something to change.
func (r *run) dispatch() {
	d := r.d
	ended := r.ctx.Err() != nil // looked at once: an end in between must not be waited for
	if ended {
		r.cancelQueued()
	}
	d.mu.Lock()
	next := r.unparkLocked(time.Now())
	for !d.paused && !ended && r.busy < d.set.files {
		t := d.ready.take()
		if t == nil {
			break
		}
		r.busy++
		r.look.leftLocked(t)
		r.wg.Go(func() { r.work(t) })
	}
	r.publishNextLocked()
	r.idle = r.nothingLeftLocked()
	idle := r.idle
	d.mu.Unlock()
	if idle {
		return
	}
	r.look.poke()

	var timer <-chan time.Time
	if !next.IsZero() {
		t := time.NewTimer(time.Until(next))
		defer t.Stop()
		timer = t.C
	}
	var done <-chan struct{}
	if !ended { // afterwards only the transfers' ends are waited for
		done = r.ctx.Done()
	}
	select {
	case <-r.wake:
	case <-timer:
	case <-done:
	}
}

// unparkLocked queues the parked tasks whose time has come and returns the next time.
func (r *run) unparkLocked(now time.Time) time.Time {
	for {
		t, next := r.d.lot.due(now)
		if t == nil {
			return next
		}
		if t.kept != nil && t.kept.part != nil {
			r.open.Add(-1)
		}
		r.d.ready.add(t)
	}
}

// cancelQueued ends what has not begun, after the run was cancelled.
func (r *run) cancelQueued() {
	d := r.d
	d.mu.Lock()
	queued := d.ready.takeAll()
	for len(d.lot) > 0 {
		t, _ := d.lot.due(d.lot[0].until)
		queued = append(queued, t)
	}
	d.mu.Unlock()
	for _, t := range queued {
		r.dropKept(t)
	}
	slices.SortFunc(queued, func(a, b *task) int { return int(a.seq - b.seq) })
	d.mu.Lock()
	for _, t := range queued {
		r.endLocked(t, context.Cause(r.ctx))
	}
	d.mu.Unlock()
}

// nobodyWaits: there is a place for whatever is ready.
const nobodyWaits = -1

// publishNextLocked lets transfers see, without a lock, what kind of task waits for
// one of their places: its priority, and whether it is known to be small.
func (r *run) publishNextLocked() {
	t := r.d.ready.best()
	if t == nil || r.busy < r.d.set.files {
		r.next.Store(nobodyWaits)
		return
	}
	v := int64(t.priority) << 1
	if !(r.d.set.smallFirst && t.size >= 0 && t.size < smallSize) {
		v |= 1
	}
	r.next.Store(v)
}

// shouldYield reports whether a task waits that ought to have this file's place. The
// caller holds the file's lock.
func (r *run) shouldYield(f *file) bool {
	v := r.next.Load()
	if v == nobodyWaits || v>>1 > int64(f.priority) {
		return false
	}
	small := f.pin != nil && f.pin.Size >= 0 && f.pin.Size < smallSize // of two small ones the first stays
	return v>>1 < int64(f.priority) || v&1 == 0 && !small
}

// mayGrow reports whether a file may take more than one connection: not while small
// files wait for its place, nor while it is being found out whether they do.
func (r *run) mayGrow(f *file) bool {
	if r.shouldYield(f) {
		return false
	}
	if r.sharing != nil && r.idleSlots() > r.d.set.files { // more than those who wait could use, with the places there are
		return true
	}
	return r.next.Load() == nobodyWaits || r.look.isSettled()
}

// close releases what the run shared and returns why it ended early, if it did.
func (r *run) close() error {
	cause := context.Cause(r.ctx)
	r.cancel(nil)
	r.gate.Close()
	r.pool.client.Close()
	r.pool.remember()
	r.dirs.closeAll()
	return cause
}

// log tells of what is retried, warn of what costs more than that.
func (r *run) log(msg string, t *task, err error)  { r.logAt(slog.LevelDebug, msg, t, err) }
func (r *run) warn(msg string, t *task, err error) { r.logAt(slog.LevelWarn, msg, t, err) }

func (r *run) logAt(level slog.Level, msg string, t *task, err error) {
	if l := r.d.set.cfg.Logger; l != nil {
		l.Log(r.ctx, level, msg, "task", t.id(), "url", redactTask(t), "err", err)
	}
}
