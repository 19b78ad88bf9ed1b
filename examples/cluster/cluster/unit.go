package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/littledl/littledl"
	"github.com/nats-io/nats.go/jetstream"
)

// unit is a message in hand: acknowledged when all of its jobs have results. What is not said to
// be fixed is the worker's lock's.
type unit struct {
	w                   *worker // fixed, as the next ones are
	id, batch           string
	priority, partition int
	alone               bool
	weight              int
	tasks               []*task
	ctx                 context.Context // ends with it
	cancel              context.CancelFunc

	msg      jetstream.Msg // of the latest delivery
	delivery int
	left     int // tasks without an end
	again    bool
	dropped  bool // it is nobody's, or another's, from now on
	give     bool // and is to go to another at once
}

// task is a job of a unit.
type task struct {
	item
	u       *unit
	origin  string
	id      string // the downloader's; the worker's lock's, as the next ones are
	began   bool
	ended   bool
	missing bool // begin's and hold's
	info    Info // of its end
	exists  bool // another has stored it
}

func newUnit(w *worker, s *source, p *pack, m jetstream.Msg, delivery int) *unit {
	u := &unit{
		w: w, id: s.batch + "/" + p.ID, batch: s.batch, priority: s.priority, partition: s.partition, alone: p.Alone,
		msg: m, delivery: delivery, left: len(p.Items), weight: len(p.Items),
	}
	if p.Items[0].Size >= big {
		u.weight = heavy
	}
	u.ctx, u.cancel = context.WithCancel(context.Background()) // ended by drop and settle
	for _, it := range p.Items {
		u.tasks = append(u.tasks, &task{item: it, u: u, origin: Origin(it.URL)})
	}
	return u
}

func (u *unit) hand() handKey { return handKey{u.priority, u.partition} }

func (t *task) key() string { return Key(t.u.batch, t.N, t.Name) }

// begin has the jobs done that are not yet.
func (u *unit) begin() {
	suspect := u.alone || u.delivery > u.w.c.MaxDeliver
	var left []*task
	for _, t := range u.tasks {
		if t.look() && suspect {
			left = append(left, t)
		} else if t.missing {
			u.w.submit(t)
		}
	}
	if len(left) > 0 {
		u.suspect(left)
	}
}

// look reports whether a job's object is missing. If that cannot be known now it asks again.
func (t *task) look() bool {
	w := t.u.w
	err := checkName(t.Name)
	if _, known := w.HeaderSets[t.HeaderSet]; err == nil && t.HeaderSet != "" && !known {
		err = fmt.Errorf("cluster: the worker has no header set %.100q", t.HeaderSet)
	}
	if err != nil {
		t.fail(err)
		return false
	}
	i, err := w.Sink.Stat(t.u.ctx, t.key())
	switch {
	case err == nil:
		t.info, t.exists = i, true
		w.rec.add(t, nil)
	case errors.Is(err, fs.ErrNotExist), t.u.ctx.Err() != nil:
		t.missing = true
	default:
		w.troubled("the store", err)
		t.hold(func() {
			if t.look() {
				w.submit(t)
			}
		})
	}
	return t.missing
}

// hold has a task wait in hand, since that it cannot be done now is no fault of its own: to give it
// back would count as a delivery.
func (t *task) hold(then func()) {
	t.u.w.all.Go(func() {
		sleep(t.u.ctx, time.Second/2+rand.N(time.Second))
		then()
	})
}

// queue publishes a pack.
func (c *Cluster) queue(ctx context.Context, batch string, priority, partition int, p *pack) error {
	data, err := json.Marshal(p)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	_, err = c.js.Publish(ctx, c.subject(batch, priority, partition), data, jetstream.WithMsgID(p.ID))
	return err
}

// options are what littledl is told of a job.
func (t *task) options() []littledl.URLOption {
	dir := filepath.Join(t.u.w.Scratch, t.u.batch, fmt.Sprintf("%06d", t.N/1000))
	o := []littledl.URLOption{
		littledl.WithSavePath(dir), littledl.WithFilename(fmt.Sprintf("%09d", t.N)), littledl.WithTag(t),
		littledl.WithPriority(t.Priority),
	}
	if t.Hash != "" {
		o = append(o, littledl.WithIntegrity(string(t.Hash)))
	}
	if t.Size > 0 {
		o = append(o, littledl.WithSize(t.Size))
	}
	if t.HeaderSet != "" {
		o = append(o, littledl.WithHeader(t.u.w.HeaderSets[t.HeaderSet]))
	}
	if len(t.Backup) > 0 {
		o = append(o, littledl.WithBackupURLs(t.Backup...))
	}
	return o
}

// troubled has nothing new be taken for a while.
func (w *worker) troubled(what string, err error) {
	w.mu.Lock()
	w.trouble = time.Now()
	w.mu.Unlock()
	w.Log.Error(what+" is of no use now; waiting", "err", err)
}

// ended is littledl's word of how a task has ended.
func (w *worker) ended(f littledl.FileTask) {
	t := f.Tag.(*task)
	w.left(t)
	if f.Err == nil {
		w.mu.Lock()
		w.full = time.Time{}
		w.mu.Unlock()
		w.all.Go(func() { t.store(f.Path()) })
		return
	}
	t.failed(f.Err)
}

// failed decides what follows from a failure.
func (t *task) failed(err error) {
	w := t.u.w
	w.mu.Lock()
	dropped, tried := t.u.dropped, t.u.delivery
	w.mu.Unlock()
	switch {
	case dropped:
		t.settle(true)
	case ours(err):
		if !errors.Is(err, littledl.ErrDuplicateTarget) && !errors.Is(err, littledl.ErrLocked) { // of a unit that is ending
			w.troubled("the scratch directory", err)
			w.mu.Lock()
			if w.full.IsZero() {
				w.full = time.Now()
			}
			w.mu.Unlock()
		}
		t.hold(func() { w.submit(t) })
	case littledl.IsRetryable(err) && tried < w.Attempts:
		w.Log.Info("another try later", "url", t.N, "err", err)
		t.settle(true)
	default:
		t.fail(err)
	}
}

// ours reports whether an error is of this machine, and says nothing about the URL.
func ours(err error) bool {
	_, path := errors.AsType[*fs.PathError](err)
	_, link := errors.AsType[*os.LinkError](err)
	_, fenced := errors.AsType[errFenced](err)
	f, of := errors.AsType[*littledl.FileError](err)
	for _, e := range []error{littledl.ErrNoSpace, littledl.ErrLocked, littledl.ErrFileExists, littledl.ErrDuplicateTarget,
		littledl.ErrStopped, littledl.ErrCancelled, errGone, context.Canceled} {
		if errors.Is(err, e) {
			return true
		}
	}
	return path || link || fenced || of && (f.Op == "write" || f.Op == "name")
}

func (t *task) fail(err error) { t.u.w.rec.add(t, err) }

// settle ends a task; the last one ends its unit.
func (t *task) settle(again bool) {
	u, w := t.u, t.u.w
	w.mu.Lock()
	if t.ended {
		w.mu.Unlock()
		return
	}
	t.ended = true
	u.left--
	u.again = u.again || again
	if u.left > 0 {
		w.mu.Unlock()
		return
	}
	delete(w.units, u.id)
	w.hands[u.hand()] -= u.weight
	m, delivery := u.msg, u.delivery
	w.mu.Unlock()
	u.cancel()
	switch {
	case u.give:
		_ = m.Nak()
	case u.dropped:
	case u.again:
		_ = m.NakWithDelay(min(time.Second<<min(delivery, 10), w.c.Silence*4))
	default:
		_ = m.Ack()
	}
	poke(w.kick)
}
