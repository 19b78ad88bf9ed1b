package cluster

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"iter"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Receipt is what Enqueue has done.
type Receipt struct {
	Jobs    int64 // of the batch
	Skipped int64 // that an earlier call had queued
}

// Enqueue queues a batch: the jobs in order, numbered from 0. Called again with the same list,
// after a crash or beside another call, it goes on where that was, and queues nothing twice; a list
// that is another is found out. Jobs whose URL, name or hash is of no use are queued too, and fail.
// An error of the sequence, or a priority out of range, ends it; the same call later goes on.
func (c *Cluster) Enqueue(ctx context.Context, name string, jobs iter.Seq2[Job, error]) (Receipt, error) {
	e := &enqueuer{c: c, batch: name, open: map[[2]int]*pack{}, checked: time.Now()}
	r, err := e.all(ctx, jobs)
	if err != nil {
		err = fmt.Errorf("enqueue %s: %w", name, err)
	}
	return r, err
}

// enqueuer fills packs, and sends them. What is in a pack, and their order, follows from the list
// alone: so an enqueuer that begins anew makes the same ones.
type enqueuer struct {
	c       *Cluster
	batch   string
	shares  shares
	open    map[[2]int]*pack // by priority and partition
	n       int64            // jobs read
	sum     uint64           // of their URLs
	made    int64            // packs
	sent    []sending
	was     checkpoint
	checked time.Time
}

type checkpoint struct {
	Packs, Jobs int64 // packs that are queued; jobs that had been read when the last of them was made
	Sum         uint64
}

// sending is a pack on its way.
type sending struct {
	at     checkpoint
	future jetstream.PubAckFuture
}

// window is after how many jobs all packs are sent, full or not; in flight are so many at most.
const window, inFlight = 1 << 15, 512

func (e *enqueuer) all(ctx context.Context, jobs iter.Seq2[Job, error]) (Receipt, error) {
	state, err := e.begin(ctx)
	if err != nil || state.Total >= 0 {
		return Receipt{state.Total, state.Total}, err
	}
	for j, err := range jobs {
		switch {
		case err != nil:
			return Receipt{}, cmp.Or(e.confirm(ctx, 0), err)
		case j.size() > 2*payload:
			return Receipt{}, cmp.Or(e.confirm(ctx, 0), fmt.Errorf("job %d: it is longer than %d bytes", e.n, 2*payload))
		case j.Priority < 0 || j.Priority >= e.c.Priorities:
			return Receipt{}, cmp.Or(e.confirm(ctx, 0), fmt.Errorf("job %d: priority %d; it must be from 0 to %d", e.n, j.Priority, e.c.Priorities-1))
		}
		if err := e.add(ctx, j); err != nil {
			return Receipt{}, err
		}
		if e.n%window == 0 {
			err = e.flush(ctx)
		}
		if err != nil {
			return Receipt{}, err
		}
	}
	if err := cmp.Or(e.flush(ctx), e.confirm(ctx, 0)); err != nil {
		return Receipt{}, err
	}
	err = e.c.update(ctx, e.batch, func(b *batch) error {
		if b.Total >= 0 && (b.Total != e.n || b.Sum != e.sum) {
			return fmt.Errorf("it has %d jobs of another list; give this one another name", b.Total)
		}
		b.Total, b.Sum = e.n, e.sum
		return nil
	})
	return Receipt{e.n, e.was.Jobs}, err
}

// begin makes what the batch needs, and finds how far an earlier call has come.
func (e *enqueuer) begin(ctx context.Context) (state batch, err error) {
	if err := checkBatch(e.batch); err != nil {
		return state, err
	}
	err = e.c.again(ctx, time.Minute, func(ctx context.Context) error {
		rows, err := e.c.table(ctx, control)
		if err != nil {
			return err
		}
		row, known := rows[batchRow+e.batch]
		if row.value == "" {
			if err = e.c.createBatch(ctx, e.batch); err == nil {
				state = batch{Total: -1, Shares: sharesOf(rows)}
				_, err = e.c.put(ctx, control, batchRow+e.batch, state.text(), row.revision, 0)
			}
		} else if state, err = batchOf(row); err == nil && state.Cancelled {
			err = final{errors.New("it was cancelled; give it another name")}
		}
		if at := rows[enqueuedRow+e.batch].value; err == nil && known && at != "" {
			err = json.Unmarshal([]byte(at), &e.was)
		}
		e.shares = state.Shares
		return err
	})
	return state, err
}

func (e *enqueuer) add(ctx context.Context, j Job) error {
	e.sum = (e.sum ^ hash64(j.URL)) * 1099511628211
	origin := Origin(j.URL)
	at := [2]int{j.Priority, e.c.partition(origin, int(e.n/packed)%e.shares.of(origin))}
	it := item{e.n, j}
	e.n++
	if j.Size >= big {
		return e.send(ctx, at, &pack{Items: []item{it}})
	}
	p := e.open[at]
	if p == nil {
		p = &pack{Items: make([]item, 0, packed)}
		e.open[at] = p
	}
	p.Items = append(p.Items, it)
	if p.size += j.size(); len(p.Items) < packed && p.size < payload {
		return nil
	}
	delete(e.open, at)
	return e.send(ctx, at, p)
}

func hash64(s string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(s))
	return h.Sum64()
}

// flush sends all packs that are open.
func (e *enqueuer) flush(ctx context.Context) error {
	for _, at := range slices.SortedFunc(maps.Keys(e.open), func(a, b [2]int) int { return slices.Compare(a[:], b[:]) }) {
		if err := e.send(ctx, at, e.open[at]); err != nil {
			return err
		}
	}
	clear(e.open)
	return nil
}

// send queues a pack, unless an earlier call has.
func (e *enqueuer) send(ctx context.Context, at [2]int, p *pack) error {
	e.made++
	now := checkpoint{e.made, e.n, e.sum}
	if e.made == e.was.Packs && now != e.was {
		return errors.New("the list is another than that of the call before; give this one another name")
	}
	if e.made <= e.was.Packs {
		return nil
	}
	p.ID = strconv.FormatInt(p.Items[0].N, 10)
	data, err := json.Marshal(p)
	if err != nil {
		return err
	}
	f, err := e.c.js.PublishAsync(e.c.subject(e.batch, at[0], at[1]), data, jetstream.WithMsgID(p.ID), jetstream.WithStallWait(callTime))
	if err != nil {
		if f, err = e.repeat(ctx, e.c.subject(e.batch, at[0], at[1]), p.ID, data); err != nil {
			return err
		}
	}
	e.sent = append(e.sent, sending{now, f})
	return e.confirm(ctx, inFlight)
}

// confirm waits until all packs but the last few are queued, and notes that now and then.
func (e *enqueuer) confirm(ctx context.Context, keep int) error {
	for ; len(e.sent) > keep; e.sent = e.sent[1:] {
		s := e.sent[0]
		if s.future != nil {
			select {
			case <-s.future.Ok():
			case <-s.future.Err(): // nobody knows whether it is queued; its ID does
				m := s.future.Msg()
				if _, err := e.repeat(ctx, m.Subject, m.Header.Get(jetstream.MsgIDHeader), m.Data); err != nil {
					return err
				}
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
		if time.Since(e.checked) > time.Second || len(e.sent) == 1 && keep == 0 {
			if err := e.note(ctx, s.at); err != nil {
				return err
			}
		}
	}
	return nil
}

// repeat queues a pack for certain.
func (e *enqueuer) repeat(ctx context.Context, subject, id string, data []byte) (jetstream.PubAckFuture, error) {
	return nil, e.c.again(ctx, 2*time.Minute, func(ctx context.Context) error {
		_, err := e.c.js.Publish(ctx, subject, data, jetstream.WithMsgID(id))
		return err
	})
}

func (e *enqueuer) note(ctx context.Context, at checkpoint) error {
	text, err := json.Marshal(at)
	if err != nil {
		return err
	}
	e.checked = time.Now()
	err = e.c.again(ctx, time.Minute, func(ctx context.Context) error {
		_, err := e.c.write(ctx, control, enqueuedRow+e.batch, string(text))
		return err
	})
	return cmp.Or(err, e.c.nc.Publish(wake, nil))
}
