package cluster

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/synadia-io/orbit.go/jetstreamext"
)

// Result is what became of a job.
type Result struct {
	N       int64
	Bytes   int64
	SHA256  string // in hexadecimal; "": the object was there already
	Err     string // "": it is stored
	Again   bool   // it was stored by an earlier delivery
	Attempt int
	Worker  string
	Pos     uint64 // for Results: behind this one
}

// Progress is how far a batch is.
type Progress struct {
	Total     int64 // jobs; -1: still being enqueued
	Done      int64 // are stored
	Failed    int64 // have failed for good, until Retry
	Bytes     int64 // of what is stored
	Again     int64 // results that had been told before, or of objects that were there
	Paused    bool
	Cancelled bool
}

// Finished reports whether every job has its result.
func (p Progress) Finished() bool { return p.Total >= 0 && p.Done+p.Failed == p.Total }

// Progress yields how far a batch is, a few times a second while that changes, until it is finished
// or cancelled; leaving the loop ends it sooner.
func (c *Cluster) Progress(ctx context.Context, name string) iter.Seq2[Progress, error] {
	return func(yield func(Progress, error) bool) {
		t, last, first := &totals{}, Progress{}, true
		if b, err := c.batch(ctx, name); err == nil {
			t = c.snapshot(ctx, b.Life)
		}
		err := c.follow(ctx, name, t, func(outcomes) error { return nil }, func(now Progress) bool {
			news := first || now != last
			last, first = now, false
			c.save(ctx, t)
			return !news || yield(now, nil)
		})
		if err != nil {
			yield(last, err)
		}
	}
}

// Results yields what became of the jobs of a batch, in the order in which it became known, from
// behind a Result.Pos on (0: the first), and waits for more until the batch is finished or
// cancelled. A job may come more than once, and one that has failed may succeed later.
func (c *Cluster) Results(ctx context.Context, name string, after uint64) iter.Seq2[Result, error] {
	return func(yield func(Result, error) bool) {
		t := &totals{} // all is counted: when it is finished depends on it
		err := c.follow(ctx, name, t, func(m outcomes) error {
			for i, o := range m.All {
				r := Result{o.N, o.Bytes, o.SHA256, o.Err, o.Again, o.Attempt, m.Worker, t.Pos*most + uint64(i)}
				if !o.Queued && r.Pos > after && !yield(r, nil) {
					return errLeft
				}
			}
			return nil
		}, func(Progress) bool { return true })
		if err != nil && !errors.Is(err, errLeft) {
			yield(Result{}, err)
		}
	}
}

// errLeft is of a loop that was left.
var errLeft = errors.New("left")

// follow counts the results of a batch, calling each with them, and then state with how far it is,
// until that returns false or the batch is over. While servers elect a leader it stands still.
func (c *Cluster) follow(ctx context.Context, name string, t *totals, each func(outcomes) error, state func(Progress) bool) error {
	for wait := 10 * time.Millisecond; ; wait = min(wait*2, 400*time.Millisecond) {
		was := t.Pos
		b, err := c.batch(ctx, name)
		if t.life = cmp.Or(t.life, b.Life); t.life != b.Life {
			err = cmp.Or(err, errCancelled)
		}
		if err == nil {
			err = c.read(ctx, doneStream, doneSubject+b.Life, &t.Pos, func(data []byte) error {
				var m outcomes
				if err := json.Unmarshal(data, &m); err != nil {
					return err
				}
				for _, o := range m.All {
					t.add(o)
				}
				return each(m)
			})
		}
		if err != nil {
			return fmt.Errorf("results of %s: %w", name, err)
		}
		p := Progress{b.Total, t.Done.count(), t.Failed.count(), t.Bytes, t.Again, b.Paused, b.Cancelled}
		if !state(p) || p.Finished() || p.Cancelled {
			return nil
		}
		if t.Pos != was {
			wait = 10 * time.Millisecond
		}
		if !sleep(ctx, wait) {
			return context.Cause(ctx)
		}
	}
}

// read calls f for the messages of a subject behind pos, to the last there is. It asks for them in
// bounded requests: a consumer would stand still when its server is gone.
func (c *Cluster) read(ctx context.Context, stream, subject string, pos *uint64, f func(data []byte) error) error {
	for more := true; more; {
		err := c.again(ctx, 0, func(ctx context.Context) error {
			more = false
			all, err := jetstreamext.GetBatch(ctx, c.js, stream, most, jetstreamext.GetBatchSeq(*pos+1),
				jetstreamext.GetBatchSubject(subject), jetstreamext.GetBatchMaxBytes(4<<20))
			if err != nil {
				return err
			}
			for m, err := range all {
				switch {
				case errors.Is(err, jetstreamext.ErrNoMessages):
					return nil
				case err != nil:
					return err
				}
				*pos, more = m.Sequence, true
				if err := f(m.Data); err != nil {
					return final{err}
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
