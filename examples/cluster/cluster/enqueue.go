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

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/synadia-io/orbit.go/jetstreamext"
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
	e := &enqueuer{c: c, batch: name, open: map[[2]int]*pack{}}
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
	full    []*nats.Msg      // packs that are to be queued together
	bytes   int
	last    checkpoint // of the pack that was made last
	was     checkpoint // of what is queued
	skipped int64
	noted   time.Time
}

type checkpoint struct {
	Packs, Jobs int64 // packs that are queued; jobs that had been read when the last of them was made
	Sum         uint64
}

// After so many jobs all packs are sent, full or not; so many packs are queued at once, with one fsync.
const window, together = 1 << 15, 128

func (e *enqueuer) all(ctx context.Context, jobs iter.Seq2[Job, error]) (Receipt, error) {
	state, err := e.begin(ctx)
	e.skipped = e.was.Jobs
	if err != nil || state.Total >= 0 {
		return Receipt{state.Total, state.Total}, err
	}
	for j, err := range jobs {
		switch {
		case err != nil:
			return Receipt{}, e.leave(ctx, err)
		case j.size() > 2*payload:
			return Receipt{}, e.leave(ctx, fmt.Errorf("job %d: it is longer than %d bytes", e.n, 2*payload))
		case j.Priority < 0 || j.Priority >= e.c.Priorities:
			return Receipt{}, e.leave(ctx, fmt.Errorf("job %d: priority %d; it must be from 0 to %d", e.n, j.Priority, e.c.Priorities-1))
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
	if err := cmp.Or(e.flush(ctx), e.commit(ctx), e.note(ctx)); err != nil {
		return Receipt{}, err
	}
	err = e.c.update(ctx, e.batch, func(b *batch) error {
		if b.Total >= 0 && (b.Total != e.n || b.Sum != e.sum) {
			return fmt.Errorf("it has %d jobs of another list; give this one another name", b.Total)
		}
		b.Total, b.Sum = e.n, e.sum
		return nil
	})
	return Receipt{e.n, e.skipped}, err
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
	e.last = checkpoint{e.made, e.n, e.sum}
	if e.made == e.was.Packs && e.last != e.was {
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
	e.full = append(e.full, &nats.Msg{Subject: e.c.subject(e.batch, at[0], at[1]), Data: data, Header: nats.Header{jetstream.MsgIDHeader: {p.ID}}})
	e.bytes += len(data)
	if len(e.full) < together && e.bytes < 16*payload {
		return nil
	}
	return e.commit(ctx)
}

// commit queues the packs that are full, all or none, and at times notes how far it has come.
func (e *enqueuer) commit(ctx context.Context) error {
	if len(e.full) == 0 {
		return nil
	}
	singly := len(e.full) == 1
	err := e.c.again(ctx, 2*time.Minute, func(ctx context.Context) error {
		if !singly {
			_, err := jetstreamext.PublishMsgBatch(ctx, e.c.js, e.full)
			_, singly = errors.AsType[*jetstream.APIError](err) // some are queued already
			return err
		}
		for _, m := range e.full {
			plain := &nats.Msg{Subject: m.Subject, Data: m.Data, Header: nats.Header{jetstream.MsgIDHeader: m.Header[jetstream.MsgIDHeader]}}
			if _, err := e.c.js.PublishMsg(ctx, plain); err != nil {
				return err
			}
			e.full = e.full[1:]
		}
		return nil
	})
	if err != nil {
		return err
	}
	e.full, e.bytes = nil, 0
	e.was = e.last
	if time.Since(e.noted) < time.Second {
		return nil
	}
	return e.note(ctx)
}

// leave has another call go on from here.
func (e *enqueuer) leave(ctx context.Context, err error) error {
	return cmp.Or(e.commit(ctx), e.note(ctx), err)
}

// note keeps how far it has come, and has workers look.
func (e *enqueuer) note(ctx context.Context) error {
	text, err := json.Marshal(e.was)
	if err != nil {
		return err
	}
	e.noted = time.Now()
	err = e.c.again(ctx, time.Minute, func(ctx context.Context) error {
		_, err := e.c.write(ctx, control, enqueuedRow+e.batch, string(text))
		return err
	})
	return cmp.Or(err, e.c.nc.Publish(wake, nil))
}
