package transfer

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/littledl/littledl/internal/event"
	"github.com/littledl/littledl/internal/fail"
	"github.com/littledl/littledl/internal/partfile"
	"github.com/littledl/littledl/internal/recovery"
	"github.com/littledl/littledl/internal/task"
)

// One file from its first byte to its name: rounds of work, and what comes of each.

// Run fetches the file. It returns nil when the file is under its name, ErrPreempted or
// a *Delay when the task shall be tried again, else why it failed.
func (f *File) Run() error {
	f.countDelay(f.e.Gate)
	if f.late() {
		return fail.ErrTimeout
	}
	if err := f.undelivered(); err != nil {
		return err
	}
	err := f.lock()
	if err == nil {
		err = f.run()
	}
	if errors.Is(err, partfile.ErrLocked) {
		return f.waitLocked(err)
	}
	return err
}

func (f *File) run() error {
	if err := f.reopen(); err != nil {
		return err
	}
	if f.e.Disk.Reuse && f.delivery == nil {
		f.recheckBefore()
		if kept, err := f.checkExisting(); kept || err != nil {
			return err
		}
		if copied, err := f.copyBefore(); copied || err != nil {
			return err
		}
	}
	if err := f.adopt(); err != nil {
		return err
	}
	if f.finishing {
		if _, err := f.enter(); err != nil {
			return err
		}
		if over, err := f.complete(); over {
			return err
		}
	}
	for {
		epoch, err := f.enter()
		if err != nil {
			return err
		}
		switch err := f.step(epoch); {
		case err == nil:
			if over, err := f.complete(); over {
				return err
			}
		case errors.Is(err, errKept):
			return f.keepExisting()
		case errors.Is(err, errDecide):
		case errors.Is(err, ErrPaused) && f.halted() == nil:
			f.mu.Lock()
			f.rec.Paused()
			f.mu.Unlock()
		case errors.Is(err, errReuse):
			if found, err := f.copyFound(); found || err != nil {
				return err
			}
		case errors.Is(err, errRejectResume): // the server has another version, or cannot say
			if err := f.rejectResume(); err != nil {
				return err
			}
		default:
			return err
		}
	}
}

// step does what is to be done next. Nil: the file is complete.
func (f *File) step(epoch context.Context) error {
	f.mu.Lock()
	f.plainLocked()
	a := f.nextLocked(f.tries)
	f.mu.Unlock()
	f.logFailures()
	switch a.Kind {
	case recovery.Compare:
		err := f.compare(epoch, a)
		f.logFailures() // not deferred: a panic under the lock would wait here for ever
		return err
	case recovery.Wait:
		return f.await(epoch, a.Until)
	case recovery.Restart:
		if err := f.restart(a); err != nil {
			return err
		}
		return errDecide
	case recovery.Refresh:
		err := f.refresh(epoch, a)
		f.logFailures()
		return err
	case recovery.Fail:
		return f.failure(a)
	}
	return f.round(epoch, a)
}

// plainLocked has sources asked without ranges whose origins are known to refuse them.
func (f *File) plainLocked() {
	for _, s := range f.sources {
		if f.pin == nil && s.host.Ranges().Plain {
			f.rec.Plain(s.n)
		}
	}
}

// await has the task wait elsewhere, or here.
func (f *File) await(ctx context.Context, until time.Duration) error {
	d := until - f.e.now()
	if f.mayDelay() {
		return &Delay{time.Now().Add(d)}
	}
	if !sleep(ctx, d) {
		return context.Cause(ctx)
	}
	return errDecide
}

// complete verifies and publishes. Not over: something has to be fetched again.
func (f *File) complete() (over bool, err error) {
	f.reportMeasure()
	err = f.verifyPieces(f.verify())
	switch {
	case !errors.Is(err, fail.ErrHashMismatch), f.delivery != nil: // what was delivered stays
	case f.adopted && len(f.wrong) > 0:
		f.refetch()
		return false, nil
	case f.adopted: // what was left may have been of another version
		err = f.rejectResume()
		return err != nil, err
	default:
		f.mismatched(err)
		f.logFailures()
		return false, nil
	}
	if err != nil {
		return true, err
	}
	f.matched()
	if err := f.finish(); err != nil {
		return true, err
	}
	return true, f.publish()
}

// enter waits while the batch is paused.
func (f *File) enter() (context.Context, error) {
	status := task.Probing
	if f.pin != nil {
		status = task.Downloading
	}
	epoch, ok := f.e.Gate.Try()
	if !ok {
		f.stopClock()
		f.e.Table.Move(f.t, task.Paused)
		f.tell(event.Event{Kind: event.Paused})
		var err error
		if epoch, err = f.e.Gate.Enter(f.life); err != nil {
			return nil, err
		}
	}
	f.startClock()
	f.e.Table.Move(f.t, status)
	return f.enterEpoch(epoch), context.Cause(f.life)
}

// round lets workers fetch what is missing until that is done or something
// ends it.
func (f *File) round(epoch context.Context, a recovery.Action) error {
	f.mu.Lock() // the reporter looks at the context
	f.ctx, f.cancel = f.seat.round.under(epoch)
	f.stream, f.hashing, f.unsampled = a.Stream, nil, 0
	pin, had := f.pin, f.plan.Len()
	begun := pin != nil && !f.unconfirmed
	if begun {
		f.inviteLocked()
	}
	f.prepareLocked()
	f.mu.Unlock()
	if begun {
		f.proveAdopted()
		f.startBackground(pin.Size)
	}
	f.runWorker(f.seat.sit(worker{first: a, decided: true, last: -1}))
	cause := f.endRound()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tries = f.plan.Tries(nil)       // kept for the next round's first segment
	if DelayedUntil(f.err).IsZero() { // the others have not waited for it either
		f.tries.Until = 0
	}
	if f.plan.Len() > had {
		f.idle = 0
	}
	switch {
	case f.completeLocked():
		return nil
	case f.err != nil:
		return f.err
	case cause != nil:
		return cause
	}
	// Every worker found nothing to do although something is missing: lay it out anew.
	if f.idle++; f.idle <= 10 {
		return errDecide
	}
	return errors.New("internal error: a transfer ended without a reason")
}

// endRound waits for all who took part in the round, and returns what ended it, if it was ended.
func (f *File) endRound() error {
	f.awaitWorkers()
	cause := context.Cause(f.ctx)
	if f.company.Swap(false) {
		f.seat.round.end()
		f.side.Wait()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ctx, f.cancel = nil, func(error) {} // the context may be another file's from here on
	return cause
}

// awaitWorkers returns when there is no worker, and will be none. One that was sent when the last
// was about to leave counts from the decision on, which may come before anybody can wait for it.
func (f *File) awaitWorkers() {
	for some := true; some; {
		f.wg.Wait()
		f.mu.Lock()
		some = f.plan.Workers() > 0
		f.mu.Unlock()
	}
}

// beside starts what goes on beside the file's own goroutine until the round ends, as one of the
// workers or on their side.
func (f *File) beside(g *sync.WaitGroup, do func()) {
	f.company.Store(true)
	g.Go(do)
}

// startBackground starts what runs beside the round's workers.
func (f *File) startBackground(size int64) {
	f.startSearch(f.ctx, size)
	f.startHashing(f.ctx, size)
	f.startSync(f.ctx, size)
}

func (f *File) completeLocked() bool {
	if f.pin == nil {
		return false
	}
	if f.stream {
		return f.whole
	}
	return len(f.unproven) == 0 && f.plan.Complete()
}

// fail ends the round; the first reason counts.
func (f *File) fail(err error) {
	f.mu.Lock()
	f.failLocked(err)
	f.mu.Unlock()
}

func (f *File) failLocked(err error) {
	if f.err == nil {
		f.err = err
		f.cancel(err)
	}
}
