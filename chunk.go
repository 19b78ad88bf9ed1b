package littledl

import (
	"context"
	"errors"
	"fmt"
)

// One file from its first byte to its name: rounds of work, and what comes of each.

// run fetches the file. It returns nil when the file is under its name, errYield or
// a *parkError when the task shall be tried again, else why it failed.
func (f *file) run() error {
	if err := f.reopen(); err != nil {
		return err
	}
	if !f.r.d.set.noReuse {
		if kept, err := f.keepKnown(); err != nil {
			return err
		} else if kept {
			return f.keptSafe()
		}
	}
	if err := f.adopt(); err != nil {
		return err
	}
	// An end may have come while the source whose turn it is was being compared.
	if src := f.sources[f.current]; f.pin != nil && !f.unconfirmed && src.pin == nil && len(f.sources) > 1 && f.opt.hash.IsZero() {
		if err := f.takeOver(); err != nil {
			return err
		}
	}
	for {
		epoch, err := f.enter()
		if err != nil {
			return err
		}
		switch err := f.round(epoch); {
		case err == nil:
			err := f.complete()
			if errors.Is(err, errKept) {
				return f.keptSafe()
			}
			if !f.adopted || !errors.Is(err, ErrHashMismatch) {
				return err
			}
			f.adopted = false // what was left may have been of another version
			if err := f.startOver(); err != nil {
				return err
			}
		case errors.Is(err, errKept):
			f.tidy()
			return f.keptSafe()
		case errors.Is(err, errPaused):
		case errors.Is(err, errReuse):
			if found, err := f.copyFound(f.found); err != nil {
				return err
			} else if found {
				return f.keptSafe()
			}
		case errors.Is(err, errDisown):
			f.disown()
		case errors.Is(err, errRestart):
			if err := f.restart(err); err != nil {
				return err
			}
		case errors.Is(err, errSwitch):
			if err := f.takeOver(); err != nil {
				return err
			}
		default:
			return f.explain(err)
		}
	}
}

// complete verifies and publishes. A digest that comes out wrong where there
// are several sources is put right first.
func (f *file) complete() error {
	f.learned()
	err := f.finish()
	if errors.Is(err, ErrHashMismatch) && len(f.sources) > 1 && !f.adopted {
		if err = f.repair(); err == nil {
			err = f.finish()
		}
	}
	return err
}

// explain names why no source could serve, where there were several.
func (f *file) explain(err error) error {
	var park *parkError
	if len(f.sources) < 2 || f.lastError == nil || f.r.ctx.Err() != nil || errors.As(err, &park) || errors.Is(err, errYield) || isLocal(err) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrNoSource, gateError(f.lastError))
}

// enter waits while the batch is paused.
func (f *file) enter() (context.Context, error) {
	status := StatusProbing
	if f.pin != nil {
		status = StatusDownloading
	}
	epoch, ok := f.r.gate.Try()
	if !ok {
		f.r.d.move(f.t, StatusPaused)
		var err error
		if epoch, err = f.r.gate.Enter(f.r.ctx); err != nil {
			return nil, err
		}
	}
	f.r.d.move(f.t, status)
	return epoch, nil
}

// round lets workers fetch what is missing until that is done or something
// ends it.
func (f *file) round(epoch context.Context) error {
	f.mu.Lock() // the reporter looks at the context
	f.ctx, f.cancel = context.WithCancelCause(epoch)
	defer f.cancel(nil)
	f.hashing, f.proved, f.strangers = nil, false, 0
	pin := f.pin
	begun := pin != nil && !f.unconfirmed
	if begun {
		f.inviteLocked()
	}
	f.prepareLocked()
	f.mu.Unlock()
	if begun {
		f.proveAdopted()
		f.accompany(pin.Size)
	}
	f.employ(&worker{})
	f.wg.Wait()
	cause := context.Cause(f.ctx)
	f.cancel(nil)
	f.side.Wait()

	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.todo) > 0 { // kept for the next round's first segment
		f.trouble = f.todo[0].trouble
	}
	if f.completeLocked() {
		return nil
	}
	if f.err != nil {
		return f.err
	}
	if cause != nil {
		return cause
	}
	// Every worker found nothing to do although something is missing: lay it out anew.
	if f.failures++; f.failures <= 10 {
		return errPaused
	}
	return errors.New("internal error: a transfer ended without a reason")
}

// accompany starts what runs beside the round's workers.
func (f *file) accompany(size int64) {
	f.startHashing(f.ctx, size)
	f.keepSafe(f.ctx, size)
}

func (f *file) completeLocked() bool {
	if f.pin == nil {
		return false
	}
	if f.stream {
		return f.whole
	}
	return len(f.unproven) == 0 && f.done.Contains(0, f.pin.Size)
}

// fail ends the round; the first reason counts.
func (f *file) fail(err error) {
	f.mu.Lock()
	f.failLocked(err)
	f.mu.Unlock()
}

func (f *file) failLocked(err error) {
	if f.err == nil {
		f.err = err
		f.cancel(err)
	}
}
