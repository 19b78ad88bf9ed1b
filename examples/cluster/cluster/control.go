package cluster

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Pause has workers give back what they have of a batch within a second or two, and begin nothing
// more of it, until Resume; what a worker has of large files it keeps on its disk. A batch that
// nobody knows is ErrNoBatch, as with the others.
func (c *Cluster) Pause(ctx context.Context, batch string) error {
	return c.setPaused(ctx, batch, true)
}

// Resume has a batch go on.
func (c *Cluster) Resume(ctx context.Context, batch string) error {
	return c.setPaused(ctx, batch, false)
}

func (c *Cluster) setPaused(ctx context.Context, name string, on bool) error {
	return c.update(ctx, name, func(b *batch) error { b.Paused = on; return nil })
}

// Cancel ends a batch for good, finished or not: what is queued of it is deleted, and what is known
// of it; what is stored stays. After a day its name may be used again; what is stored under it then is
// not replaced.
func (c *Cluster) Cancel(ctx context.Context, name string) error {
	err := c.update(ctx, name, func(b *batch) error { b.Cancelled = true; return nil }, lives(24*time.Hour))
	if err != nil && !errors.Is(err, errCancelled) {
		return err
	}
	err = c.again(ctx, time.Minute, func(ctx context.Context) error {
		if err := c.js.DeleteStream(ctx, jobStream(name)); !errors.Is(err, jetstream.ErrStreamNotFound) {
			return err
		}
		return nil
	})
	var b batch
	if err == nil {
		b, err = c.batch(ctx, name)
	}
	if store, missing := c.js.ObjectStore(ctx, totalsStore); err == nil && missing == nil {
		_ = store.Delete(ctx, b.Life)
	}
	for _, subject := range []string{doneSubject, deadSubject} {
		if err == nil {
			err = c.purge(ctx, jetstream.WithPurgeSubject(subject+b.Life))
		}
	}
	if err != nil {
		return fmt.Errorf("cancel %s: %w", name, err)
	}
	return nil
}

func (c *Cluster) purge(ctx context.Context, what ...jetstream.StreamPurgeOpt) error {
	return c.again(ctx, time.Minute, func(ctx context.Context) error {
		s, err := c.js.Stream(ctx, doneStream)
		if err == nil {
			err = s.Purge(ctx, what...)
		}
		return err
	})
}

// Retry queues anew what has failed of a batch, and returns how many jobs that are.
func (c *Cluster) Retry(ctx context.Context, name string) (jobs int64, err error) {
	b, err := c.batch(ctx, name)
	if err == nil && b.Cancelled {
		err = errCancelled
	}
	pos, known := uint64(0), map[int64]bool{} // a job may have failed more than once
	if err == nil {
		err = c.read(ctx, doneStream, deadSubject+b.Life, &pos, func(data []byte) error {
			var dead pack
			if err := json.Unmarshal(data, &dead); err != nil {
				return err
			}
			items := slices.DeleteFunc(dead.Items, func(it item) bool { return known[it.N] })
			for _, it := range items {
				known[it.N] = true
			}
			return c.retry(ctx, name, b, pos, items)
		})
	}
	jobs = int64(len(known))
	if err == nil && jobs > 0 {
		err = c.purge(ctx, jetstream.WithPurgeSubject(deadSubject+b.Life), jetstream.WithPurgeSequence(pos+1))
	}
	if err != nil {
		return jobs, fmt.Errorf("retry %s: %w", name, err)
	}
	return jobs, c.wake()
}

// retry says that jobs have no result, and then queues them: what fails once more has to be behind it.
func (c *Cluster) retry(ctx context.Context, name string, b batch, pos uint64, items []item) error {
	var m outcomes
	for _, it := range items {
		m.All = append(m.All, outcome{N: it.N, Queued: true})
	}
	err := c.again(ctx, time.Minute, func(ctx context.Context) error { return c.publish(ctx, doneSubject+b.Life, m) })
	for i, it := range items {
		if err == nil {
			p := &pack{ID: fmt.Sprintf("%d.retry%d-%d", it.N, pos, i), Items: []item{it}}
			err = c.again(ctx, time.Minute, func(ctx context.Context) error { return c.requeue(ctx, name, c.home(it, b.Shares), p) })
		}
	}
	return err
}

// Share splits a hot host (see Origin) into so many parts of its limit, each with an owner of its
// own, so that several workers serve it; 1 undoes it. It holds for batches that are begun afterwards; of
// others all jobs stay where they are. Nothing of the host should be under way: what is counts against the
// limit of one share alone, and others may be added beside it until it has ended.
func (c *Cluster) Share(ctx context.Context, origin string, n int) error {
	if Origin(origin) == "" || n < 1 || n > c.partitions {
		return fmt.Errorf("cluster: share %q into %d; give scheme://host, and 1 to %d, the partitions", origin, n, c.partitions)
	}
	err := c.change(ctx, shareRow, func(value string) (string, error) {
		s, err := sharesOf(map[string]row{shareRow: {value: value}})
		if err != nil {
			return "", err
		}
		if s == nil {
			s = shares{}
		}
		if s[Origin(origin)] = n; n == 1 {
			delete(s, Origin(origin))
		}
		text, err := json.Marshal(s)
		return string(text), err
	})
	return cmp.Or(err, c.wake())
}
