package transfer

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/littledl/littledl/internal/fail"
	"github.com/littledl/littledl/internal/fetch"
	"github.com/littledl/littledl/internal/recovery"
	"github.com/littledl/littledl/internal/task"
)

// The caller's own functions that have a say in a file.

// errExited is why a hook has said nothing.
var errExited = errors.New("it ended its goroutine (runtime.Goexit)")

// call runs a function of the caller's on a goroutine of its own, which it may end, and waits for
// it.
func call(hook func() error) error {
	done := make(chan error, 1)
	go func() {
		err := errExited
		defer func() { done <- err }()
		err = hook()
	}()
	return <-done
}

// hookError is what an error of a hook means: it is final, unless it says that it is not.
func hookError(name, op string, err error) *fail.Error {
	e := &fail.Error{Class: fail.Local, Op: op, Err: fmt.Errorf("%s: %w", name, err)}
	if again, _ := fail.Says(err); again {
		e.Class = fail.Declined
	}
	return e
}

// verdict is what the caller says of what a source has.
type verdict struct {
	done chan struct{}
	err  error // when it is
}

// accepted is that of a source that was asked about in an earlier Start.
var accepted = func() *verdict {
	v := &verdict{done: make(chan struct{})}
	close(v.done)
	return v
}()

// judge asks the caller whether what a source has is wanted: once, whoever else has an answer of it
// meanwhile.
func (f *File) judge(x *answer, a task.Answer) error {
	hook := f.spec.Expect.Accept
	f.mu.Lock()
	v := x.src.verdict
	mine := v == nil
	if mine {
		v = &verdict{done: make(chan struct{})}
		x.src.verdict = v
	}
	f.mu.Unlock()
	f.plan.Throttle(x.s, true, time.Now()) // it is not the server that takes its time
	defer func() { f.plan.Throttle(x.s, false, time.Now()) }()
	if !mine {
		select {
		case <-v.done:
			return v.err
		case <-x.ctx.Done():
			return context.Cause(x.ctx)
		}
	}
	defer close(v.done)
	err := call(func() error { return hook(a) })
	if err == nil {
		return nil
	}
	e := hookError("WithAccept", "download", err)
	if v.err = e; e.Class == fail.Declined { // else it stands, though a pause may have ended this answer
		f.mu.Lock()
		x.src.verdict = nil
		f.mu.Unlock()
	}
	return e
}

// judges reports whether the caller has a say in what a file has.
func (f *File) judges() bool { return f.spec.Expect != nil && f.spec.Expect.Accept != nil }

// answerOf is what the caller is told of an answer.
func answerOf(res *fetch.Response, size int64) task.Answer {
	return task.Answer{FinalURL: res.URL.String(), Status: res.StatusCode, Header: res.Header.Clone(), Size: size}
}

// finishes reports whether the caller has something to do before a file has its name.
func (f *File) finishes() bool { return f.spec.Expect != nil && f.spec.Expect.Finish != nil }

// finish has the caller do that.
func (f *File) finish() error {
	if !f.finishes() {
		return nil
	}
	f.finishing = true
	for {
		if f.life.Err() != nil {
			return context.Cause(f.life)
		}
		err := f.callFinish()
		if err == nil {
			f.finishing = false
			return nil
		}
		if f.life.Err() != nil { // of which it may as well be a form
			return context.Cause(f.life)
		}
		e := hookError("WithFinish", "verify", err)
		if e.Class != fail.Declined {
			return e
		}
		d, again := f.putOff(e)
		if !again || f.mayDelay() {
			return d
		}
		if !sleep(f.life, time.Until(DelayedUntil(d))) {
			return context.Cause(f.life)
		}
	}
}

func (f *File) callFinish() error {
	file, err := f.target.Handle()
	if err != nil {
		return err
	}
	defer file.Close()
	return call(func() error { return f.spec.Expect.Finish(f.life, file, f.e.Table.Snapshot(f.t)) })
}

// putOff tells recovery that the caller would not have it now. Not again: the error says why the
// file cannot be had.
func (f *File) putOff(e *fail.Error) (err error, again bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.e.now()
	f.lastFailure = e
	f.unretried++
	f.tries = f.rec.Failed(recovery.Failure{
		Source: f.current, Gen: f.rec.Gen(f.current), Err: e, Start: now, Now: now, Jitter: rand.Float64(), Tries: f.tries,
	}, f.healthsLocked())
	f.standingsLocked()
	if a := f.nextLocked(f.tries); a.Kind == recovery.Fail {
		return e, false
	}
	return &Delay{time.Now().Add(f.tries.Until - now)}, true
}

// refresh has the caller give a fresh URL. No worker runs.
func (f *File) refresh(epoch context.Context, a recovery.Action) error {
	var raw string
	err := call(func() (err error) {
		raw, err = f.spec.Expect.Refresh(epoch, f.e.Table.Snapshot(f.t))
		return err
	})
	if err == nil {
		if err = f.freshen(raw); err == nil {
			return errDecide
		}
	}
	if epoch.Err() != nil && (errors.Is(err, epoch.Err()) || errors.Is(err, context.Cause(epoch))) {
		return context.Cause(epoch)
	}
	e := hookError("WithRefresh", "download", err)
	if e.Class == fail.Local { // other sources are not concerned
		e.Class = fail.Permanent
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	src, now := f.sources[a.Source], f.e.now()
	f.unretried++
	f.tries = f.failedLocked(src, src.host, recovery.Failure{Source: src.n, Gen: a.Gen, Err: e, Start: now, Jitter: rand.Float64(), Tries: f.tries})
	return errDecide
}

// freshen has the first source asked at another URL from now on.
func (f *File) freshen(raw string) error {
	s := f.sources[0]
	to, host, err := f.e.Source(raw, nil)
	if err != nil {
		return err
	}
	if fetch.Origin(to.URL) == fetch.Origin(s.given) { // a header is for the origin that it was given for
		to.Header = f.spec.Header
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	s.Source, s.host, s.resolved, s.failed, s.moves = to, host, nil, nil, 0
	f.rec.Refreshed()
	return nil
}
