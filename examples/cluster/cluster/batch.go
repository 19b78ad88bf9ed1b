package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"
	"golang.org/x/sync/errgroup"
)

// ErrNoBatch is of a batch that nobody has queued.
var ErrNoBatch = errors.New("cluster: no such batch")

// batch is what is known of one: its row of the table.
type batch struct {
	Life      string // of this batch, and no other of its name
	Total     int64  // jobs; -1: still being enqueued
	Paused    bool   `json:",omitempty"`
	Cancelled bool   `json:",omitempty"`
	checkpoint
	Shares shares `json:",omitempty"` // as they were when it was begun: where its jobs are follows from them
}

// checkpoint is how far an enqueuer has come.
type checkpoint struct {
	Packs, Jobs int64  // packs that are queued; jobs that had been read when the last of them was made
	Sum         uint64 // of them
}

func batchOf(value string) (b batch, err error) {
	if value == "" {
		return b, final{ErrNoBatch}
	}
	err = json.Unmarshal([]byte(value), &b)
	return b, err
}

func (b batch) text() string {
	text, err := json.Marshal(b)
	if err != nil {
		panic(err) // of numbers and bools
	}
	return string(text)
}

// batch reads what is known of a batch.
func (c *Cluster) batch(ctx context.Context, name string) (b batch, err error) {
	if err := checkName("batch", name); err != nil {
		return b, err
	}
	err = c.again(ctx, 0, func(ctx context.Context) error {
		b, err = c.readBatch(ctx, name)
		return err
	})
	return b, err
}

// readBatch is batch, tried once.
func (c *Cluster) readBatch(ctx context.Context, name string) (batch, error) {
	rows, err := c.rows(ctx, batchRow+name)
	if err != nil {
		return batch{}, err
	}
	return batchOf(rows[batchRow+name].value)
}

var errCancelled = errors.New("it was cancelled")

// update changes what a batch is to do, and wakes the workers.
func (c *Cluster) update(ctx context.Context, name string, f func(*batch) error, options ...jetstream.PublishOpt) error {
	if err := c.note(ctx, name, f, options...); err != nil {
		return err
	}
	return c.wake()
}

// note changes what is known of a batch.
func (c *Cluster) note(ctx context.Context, name string, f func(*batch) error, options ...jetstream.PublishOpt) error {
	err := checkName("batch", name)
	if err == nil {
		err = c.change(ctx, batchRow+name, func(value string) (string, error) {
			b, err := batchOf(value)
			if err == nil && b.Cancelled {
				err = errCancelled
			}
			if err == nil {
				err = f(&b)
			}
			return b.text(), err
		}, options...)
	}
	if err != nil {
		return fmt.Errorf("batch %s: %w", name, err)
	}
	return nil
}

// createBatch makes its row, stream and consumers, unless it is there; then it may be of any state.
func (c *Cluster) createBatch(ctx context.Context, name string) (b batch, err error) {
	rows, err := c.rows(ctx, batchRow+"*", shareRow)
	if err != nil {
		return b, err
	}
	if r := rows[batchRow+name]; r.value != "" {
		return batchOf(r.value)
	}
	if len(rows) >= mostBatches {
		return b, final{fmt.Errorf("there are %d batches; cancel those that are over, a day before others are begun", len(rows))}
	}
	b.Life, b.Total = nuid.Next(), -1
	if b.Shares, err = sharesOf(rows); err == nil {
		err = c.createQueue(ctx, name)
	}
	if err == nil {
		_, err = c.put(ctx, batchRow+name, b.text(), rows[batchRow+name].revision)
	}
	return b, err
}

// mostBatches is bounded by what servers tell at once: 1,024 rows.
const mostBatches = 1000

func sharesOf(rows map[string]row) (s shares, err error) {
	if text := rows[shareRow].value; text != "" {
		err = json.Unmarshal([]byte(text), &s)
	}
	return s, err
}

func jobStream(batch string) string { return "LD_JOBS_" + batch }

func consumer(priority, partition int) string { return fmt.Sprintf("p%d-%d", priority, partition) }

func jobSubject(batch string, priority, partition int) string {
	return fmt.Sprintf("ld.job.%s.%d.%d", batch, priority, partition)
}

// createQueue makes a stream and its consumers, once: consumers that come and go on a work queue have
// lost messages (nats-server#5612). A stream for each batch lets none wait behind another.
func (c *Cluster) createQueue(ctx context.Context, name string) error {
	s, err := c.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name: jobStream(name), Subjects: []string{"ld.job." + name + ".*.*"}, Retention: jetstream.WorkQueuePolicy,
		Discard: jetstream.DiscardNew, Replicas: c.replicas, AllowDirect: true, AllowAtomicPublish: true, // DiscardNew: refuse what does not fit
	})
	if err != nil {
		return err
	}
	all, ctx := errgroup.WithContext(ctx)
	all.SetLimit(8)
	for priority := range c.priorities {
		for partition := range c.partitions {
			all.Go(func() error {
				_, err := s.CreateOrUpdateConsumer(ctx, jetstream.ConsumerConfig{
					Durable: consumer(priority, partition), FilterSubject: jobSubject(name, priority, partition),
					AckPolicy: jetstream.AckExplicitPolicy, AckWait: c.silence, MaxAckPending: -1,
					MaxDeliver: -1, // the worker decides what is dead: every nak counts here
				})
				return err
			})
		}
	}
	return all.Wait()
}

// message is a pack as it is queued.
func message(batch string, priority, partition int, p *pack) (*nats.Msg, error) {
	data, err := encode(p)
	return &nats.Msg{Subject: jobSubject(batch, priority, partition), Data: data, Header: nats.Header{jetstream.MsgIDHeader: {p.ID}}}, err
}

// requeue queues a job of a batch by itself.
func (c *Cluster) requeue(ctx context.Context, batch string, partition int, p *pack) error {
	m, err := message(batch, p.Items[0].Priority, partition, p)
	if err != nil {
		return final{err}
	}
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	_, err = c.js.PublishMsg(ctx, m)
	return err
}
