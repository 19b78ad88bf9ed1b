package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"strconv"
	"sync"

	"github.com/nats-io/nats.go/jetstream"
)

// Pause has workers give back what they have of a batch within a second or two, and begin nothing
// more of it, until Resume; what a worker has of large files it keeps on its disk. A batch that nobody knows is ErrNoBatch, as with the others.
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

// Cancel ends a batch for good: what is queued of it is deleted, what is stored stays.
func (c *Cluster) Cancel(ctx context.Context, name string) error {
	err := c.update(ctx, name, func(b *batch) error { b.Cancelled = true; return nil })
	if err != nil {
		return err
	}
	return c.again(ctx, callTime*6, func(ctx context.Context) error {
		if err := c.js.DeleteStream(ctx, jobStream(name)); !errors.Is(err, jetstream.ErrStreamNotFound) {
			return err
		}
		return nil
	})
}

// Forget leaves nothing of a batch that is finished or cancelled but its objects: not its results,
// and not its name, which may be used again where other objects than those are wanted under it.
func (c *Cluster) Forget(ctx context.Context, name string) error {
	b, err := c.batchState(ctx, name)
	if err == nil && !b.Cancelled {
		var s jetstream.Stream
		if s, err = c.js.Stream(ctx, jobStream(name)); err == nil && (b.Total < 0 || s.CachedInfo().State.Msgs > 0) {
			err = errors.New("it is not finished; cancel it first")
		}
		if err == nil {
			err = c.Cancel(ctx, name)
		}
	}
	for stream, subject := range map[string]string{
		doneStream: "ld.done." + name, deadStream: "ld.dead." + name,
		"KV_" + control: "$KV." + control + "." + enqueuedRow + name,
	} {
		if err == nil {
			err = c.purge(ctx, stream, subject, 0)
		}
	}
	if err == nil {
		err = c.purge(ctx, "KV_"+control, "$KV."+control+"."+batchRow+name, 0)
	}
	if err != nil {
		return fmt.Errorf("forget %s: %w", name, err)
	}
	return nil
}

// purge deletes the messages of a subject up to a sequence; 0: all.
func (c *Cluster) purge(ctx context.Context, stream, subject string, to uint64) error {
	options := []jetstream.StreamPurgeOpt{jetstream.WithPurgeSubject(subject)}
	if to > 0 {
		options = append(options, jetstream.WithPurgeSequence(to+1))
	}
	return c.again(ctx, callTime*6, func(ctx context.Context) error {
		s, err := c.js.Stream(ctx, stream)
		if err == nil {
			err = s.Purge(ctx, options...)
		}
		return err
	})
}

// Retry queues anew what has failed of a batch, and returns how many jobs that are.
func (c *Cluster) Retry(ctx context.Context, name string) (jobs int64, err error) {
	b, err := c.batchState(ctx, name)
	switch {
	case err != nil:
		return 0, fmt.Errorf("retry %s: %w", name, err)
	case b.Cancelled:
		return 0, fmt.Errorf("retry %s: it was cancelled", name)
	}
	pos := uint64(0)
	err = c.read(ctx, deadStream, "ld.dead."+name, &pos, func(seq uint64, data []byte) error {
		var dead pack
		if err := json.Unmarshal(data, &dead); err != nil {
			return err
		}
		m := outcomes{} // first: a job that fails once more has to be behind it
		for _, it := range dead.Items {
			m.All = append(m.All, outcome{N: it.N, Queued: true})
		}
		err := c.again(ctx, callTime*6, func(ctx context.Context) error { return c.publish(ctx, "ld.done."+name, m) })
		for i, it := range dead.Items {
			origin := Origin(it.URL)
			p := &pack{ID: fmt.Sprintf("%d.retry%d-%d", it.N, seq, i), Items: []item{it}}
			if err == nil {
				err = c.again(ctx, callTime*6, func(ctx context.Context) error {
					return c.queue(ctx, name, it.Priority, c.partition(origin, int(it.N/packed)%b.Shares.of(origin)), p)
				})
			}
		}
		jobs += int64(len(dead.Items))
		return err
	})
	if err == nil && jobs > 0 {
		err = c.purge(ctx, deadStream, "ld.dead."+name, pos)
	}
	if err != nil {
		return jobs, fmt.Errorf("retry %s: %w", name, err)
	}
	return jobs, c.nc.Publish(wake, nil)
}

// Share splits a hot host (see Origin) into so many parts of its limit, each with an owner of its
// own, so that several workers serve it. It holds for batches that are begun afterwards; of others
// all jobs stay where they are. 1 undoes it.
func (c *Cluster) Share(ctx context.Context, origin string, n int) error {
	if Origin(origin) == "" || n < 1 || n > c.Partitions {
		return fmt.Errorf("cluster: share %q into %d; give scheme://host, and 1 to %d, the partitions", origin, n, c.Partitions)
	}
	return c.again(ctx, 0, func(ctx context.Context) error {
		_, err := c.write(ctx, control, hostKey(Origin(origin)), strconv.Itoa(n))
		return err
	})
}

// Verify compares a list with the store, and yields the jobs whose object is missing: what the
// queue itself has lost, and what has failed. The list is that of Enqueue; a batch of the missing
// has other numbers, so other objects.
func (c *Cluster) Verify(ctx context.Context, name string, jobs iter.Seq2[Job, error], s Sink) (missing iter.Seq2[Job, error]) {
	return func(yield func(Job, error) bool) {
		type look struct {
			job Job
			err error
			end chan struct{}
		}
		const at = 32 // once
		queue := make([]*look, 0, at)
		var all sync.WaitGroup
		defer all.Wait()
		first := func() bool {
			l := queue[0]
			queue = queue[1:]
			<-l.end
			switch {
			case l.err == nil:
				return true
			case errors.Is(l.err, fs.ErrNotExist):
				return yield(l.job, nil)
			}
			yield(l.job, fmt.Errorf("verify %s: %w", name, l.err))
			return false
		}
		n := int64(0)
		for j, err := range jobs {
			if err != nil {
				yield(Job{}, err)
				return
			}
			if len(queue) == at && !first() {
				return
			}
			l := &look{job: j, end: make(chan struct{})}
			key := Key(name, n, j.Name)
			all.Go(func() {
				defer close(l.end)
				_, l.err = s.Stat(ctx, key)
			})
			queue = append(queue, l)
			n++
		}
		for len(queue) > 0 && first() {
		}
	}
}
