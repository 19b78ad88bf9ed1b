package cluster

import (
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

// follow calls f with each message of results behind *pos, and then each with what is known of the
// batch, until that returns false. While servers elect a leader it stands still.
func (c *Cluster) follow(ctx context.Context, name string, pos *uint64, f func(seq uint64, m outcomes) bool, each func(batch) bool) error {
	for wait := 50 * time.Millisecond; ; wait = min(wait*2, 400*time.Millisecond) {
		was := *pos
		b, err := c.batchState(ctx, name)
		if err == nil {
			err = c.read(ctx, doneStream, "ld.done."+name, pos, func(seq uint64, data []byte) error {
				var m outcomes
				if err := json.Unmarshal(data, &m); err != nil {
					return err
				}
				if !f(seq, m) {
					return errLeft
				}
				return nil
			})
		}
		switch {
		case errors.Is(err, errLeft):
			return nil
		case err != nil:
			return fmt.Errorf("results of %s: %w", name, err)
		case !each(b):
			return nil
		case *pos != was:
			wait = 50 * time.Millisecond
		}
		if !sleep(ctx, wait) {
			return context.Cause(ctx)
		}
	}
}

var errLeft = errors.New("the loop was left")

// read calls f for the messages of a subject behind pos, to the last there is. It asks for them in
// bounded requests: a consumer would stand still when its server is gone.
func (c *Cluster) read(ctx context.Context, stream, subject string, pos *uint64, f func(seq uint64, data []byte) error) error {
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
				if err := f(m.Sequence, m.Data); err != nil {
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

// Progress yields how far a batch is, a few times a second while that changes, until it is finished
// or cancelled; leaving the loop ends it sooner.
func (c *Cluster) Progress(ctx context.Context, name string) iter.Seq2[Progress, error] {
	return func(yield func(Progress, error) bool) {
		t, last, first := c.snapshot(ctx, name), Progress{}, true
		err := c.follow(ctx, name, &t.Pos, func(_ uint64, m outcomes) bool {
			for _, o := range m.All {
				t.add(o)
			}
			return true
		}, func(b batch) bool {
			now := Progress{b.Total, t.Done.count(), t.Failed.count(), t.Bytes, t.Again, b.Paused, b.Cancelled}
			over := now.Finished() || now.Cancelled
			left := (first || over || now != last) && !yield(now, nil)
			last, first = now, false
			c.save(ctx, name, t)
			return !over && !left
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
		t, pos, left := totals{}, uint64(0), false // all is counted: when it is finished depends on it
		err := c.follow(ctx, name, &pos, func(seq uint64, m outcomes) bool {
			for i, o := range m.All {
				t.add(o)
				r := Result{o.N, o.Bytes, o.SHA256, o.Err, o.Again, o.Attempt, m.Worker, seq*most + uint64(i)}
				if !o.Queued && r.Pos > after && !yield(r, nil) {
					left = true
					return false
				}
			}
			return true
		}, func(b batch) bool {
			return !b.Cancelled && (b.Total < 0 || t.Done.count()+t.Failed.count() < b.Total)
		})
		if err != nil && !left {
			yield(Result{}, err)
		}
	}
}
