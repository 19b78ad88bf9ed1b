package cluster

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/littledl/littledl"
	"github.com/nats-io/nats.go/jetstream"
)

// unit is a message in hand: acknowledged when all of its jobs have results.
type unit struct {
	w      *worker
	id     string
	batch  string
	life   string // of the batch: its name may be used again
	pack   pack
	hand   hand
	weight int
	ctx    context.Context // ends with it
	cancel context.CancelCauseFunc

	past []past

	msg      jetstream.Msg // of the latest delivery; the worker's lock's, as is the next one
	delivery int
}

// past is what is known of a job, maybe from an earlier delivery to us.
type past struct {
	over  bool // it has a result
	tries int  // that have failed
}

func (u *unit) done() bool {
	return !slices.ContainsFunc(u.past, func(p past) bool { return !p.over })
}

// Why a unit ends before its work is done.
var (
	errGiven = errors.New("cluster: it is to go to another worker")
	errLost  = errors.New("cluster: it is another worker's by now")
)

// run does the jobs of a unit, and says what becomes of its message.
func (u *unit) run() {
	w, done := u.w, u.jobs()
	w.mu.Lock()
	delete(w.units, u.id)
	w.hands[u.hand] -= u.weight
	m := u.msg
	if delete(w.past, u.id); !done {
		w.past[u.id] = u.past
	}
	w.mu.Unlock()
	switch cause := context.Cause(u.ctx); {
	case done:
		_ = m.Ack()
	case errors.Is(cause, errGiven):
		_ = m.Nak()
	case !errors.Is(cause, errLost):
		tries := slices.MaxFunc(u.past, func(a, b past) int { return a.tries - b.tries }).tries
		_ = m.NakWithDelay(min(time.Second<<min(tries, 10), w.c.silence*4))
	}
	u.cancel(nil)
	poke(w.kick)
}

// jobs does them side by side, and reports whether all have results.
func (u *unit) jobs() bool {
	if u.suspected() {
		return u.exclude() && u.inTurn()
	}
	var all sync.WaitGroup
	for i := range u.pack.Items {
		if !u.past[i].over {
			all.Add(1)
			u.w.spawn(func() {
				defer all.Done()
				u.job(i)
			})
		}
	}
	all.Wait()
	return u.done()
}

func (u *unit) deliveries() int {
	u.w.mu.Lock()
	defer u.w.mu.Unlock()
	return u.delivery
}

// drop ends units.
func (w *worker) drop(cause error, which func(*unit) bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, u := range w.units {
		if which(u) {
			u.cancel(cause)
		}
	}
}

func all(*unit) bool { return true }

// task is a job of a unit.
type task struct {
	item
	u      *unit
	origin string
}

// job does a job until it has a result, or is another's, or failed and is to be tried again later. What is
// no fault of the job's it waits for.
func (u *unit) job(i int) {
	it, past := u.pack.Items[i], &u.past[i]
	w, t := u.w, &task{it, u, Origin(it.URL)}
	for !past.over {
		o, err := t.do()
		o.N, o.Attempt = t.N, past.tries+1
		switch {
		case err == nil:
		case u.ctx.Err() != nil:
			return
		case w.ours(err):
			sleep(u.ctx, time.Second/2+rand.N(time.Second))
			continue
		case littledl.IsRetryable(err) && o.Attempt < w.Attempts:
			w.Log.Info("another try later", "batch", u.batch, "job", t.N, "err", err)
			past.tries++
			return
		default:
			w.Log.Info("failed", "batch", u.batch, "job", t.N, "err", err)
			o = outcome{N: t.N, Attempt: o.Attempt, Err: err.Error()[:min(len(err.Error()), 1000)]}
		}
		past.over = w.rec.add(w.life, u.life, it, o) == nil
		return
	}
}

// do has the object be stored, unless it is.
func (t *task) do() (o outcome, err error) {
	w, u := t.u.w, t.u
	if _, known := w.HeaderSets[t.HeaderSet]; t.HeaderSet != "" && !known {
		return o, fmt.Errorf("cluster: the worker has no header set %.100q", t.HeaderSet)
	}
	if err := t.check(); err != nil {
		return o, err
	}
	key := Key(u.batch, t.N, t.Name)
	i, err := w.Sink.Stat(u.ctx, key)
	if err == nil {
		return outcome{Bytes: i.Size, SHA256: i.SHA256, Again: true}, nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return o, storeError(err)
	}
	if u.suspected() {
		survived, err := t.suspect()
		if err != nil {
			return o, err
		}
		defer survived()
	}
	path, sum, err := t.download()
	if err != nil || w.asleep != nil {
		return o, err
	}
	i, exists, err := put(u.ctx, w.Sink, key, path, sum)
	if err != nil {
		return o, err
	}
	if err := os.Remove(path); err != nil {
		w.Log.Warn("something is left in the scratch directory", "err", err)
	}
	return outcome{Bytes: i.Size, SHA256: i.SHA256, Again: exists}, nil
}

// ours reports whether an error is of this machine or of the store, and says nothing about the URL.
func (w *worker) ours(err error) bool {
	if store, ok := errors.AsType[errStore](err); ok {
		if !store.key {
			w.troubled("the store", store)
		}
		return !store.key
	}
	if errors.Is(err, littledl.ErrDuplicateTarget) || errors.Is(err, littledl.ErrLocked) || errors.Is(err, errUnsure) {
		return true // of a unit that is ending, or not to be known now
	}
	_, path := errors.AsType[*fs.PathError](err)
	_, link := errors.AsType[*os.LinkError](err)
	_, fenced := errors.AsType[errFenced](err)
	f, file := errors.AsType[*littledl.FileError](err)
	for _, e := range []error{littledl.ErrNoSpace, littledl.ErrFileExists, littledl.ErrStopped, littledl.ErrCancelled, context.Canceled} {
		fenced = fenced || errors.Is(err, e)
	}
	if disk := path || link || file && (f.Op == "write" || f.Op == "name"); !disk {
		return fenced
	}
	w.troubled("the scratch directory", err)
	w.mu.Lock()
	defer w.mu.Unlock()
	if time.Since(w.fullLast) > fullAgain {
		w.full = time.Now()
	}
	w.fullLast = time.Now()
	return true
}

// troubled has nothing new be taken for a while.
func (w *worker) troubled(what string, err error) {
	w.mu.Lock()
	known := time.Since(w.trouble) < time.Second
	w.trouble = time.Now()
	w.mu.Unlock()
	if !known {
		w.Log.Error(what+" is of no use now; waiting", "err", err)
	}
}
