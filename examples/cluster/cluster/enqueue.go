package cluster

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

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
	e := &enqueuer{c: c, name: name, open: map[[2]int]*pack{}}
	err := e.begin(ctx)
	if err == nil {
		err = e.all(ctx, jobs)
	}
	if err != nil {
		return Receipt{}, fmt.Errorf("enqueue %s: %w", name, err)
	}
	return Receipt{e.n, e.was.Jobs}, nil
}

// enqueuer fills packs, and sends them. What is in a pack, and their order, follows from the list
// alone: so an enqueuer that begins anew makes the same ones.
type enqueuer struct {
	c      *Cluster
	name   string
	shares shares
	total  int64            // of the batch, if an earlier call has queued all of it; else -1
	open   map[[2]int]*pack // by priority and partition
	n      int64            // jobs read
	sum    uint64           // of them
	full   []*nats.Msg      // packs that are to be queued together
	bytes  int
	sums   []uint64   // when each pack was made
	made   checkpoint // of the pack that was made last
	queued checkpoint // of the last one that is queued
	was    checkpoint // of an earlier call
	woken  time.Time  // the workers
}

// After so many jobs all packs are sent, full or not; so many packs are queued at once, with one fsync.
const window, together = 1 << 15, 128

var errOtherList = errors.New("the list is another than that of the call before; give this one another name")

// begin makes what the batch needs, and finds how far an earlier call has come.
func (e *enqueuer) begin(ctx context.Context) error {
	if err := checkName("batch", e.name); err != nil {
		return err
	}
	return e.c.again(ctx, time.Minute, func(ctx context.Context) error {
		b, err := e.c.createBatch(ctx, e.name)
		if err == nil && b.Cancelled {
			err = final{fmt.Errorf("%w; give it another name", errCancelled)}
		}
		e.shares, e.queued, e.was, e.total = b.Shares, b.checkpoint, b.checkpoint, b.Total
		return err
	})
}

func (e *enqueuer) all(ctx context.Context, jobs iter.Seq2[Job, error]) error {
	for j, broken := range jobs {
		it := item{e.n, j}
		text, err := encode(it)
		if err = cmp.Or(broken, err, e.check(j, len(text))); err != nil { // another call is to go on from here
			return cmp.Or(e.commit(ctx), err)
		}
		if err := e.add(ctx, it, text); err != nil {
			return err
		}
	}
	if err := e.flush(ctx); err != nil {
		return err
	}
	if err := e.commit(ctx); err != nil {
		return err
	}
	return e.note(ctx, true)
}

func (e *enqueuer) check(j Job, size int) error {
	switch {
	case !utf8.ValidString(strings.Join(append([]string{j.URL, j.Name, string(j.Hash), j.HeaderSet}, j.Backup...), "")):
		return fmt.Errorf("job %d: it is not UTF-8; write other bytes of a URL as %%XX", e.n)
	case size > 2*payload:
		return fmt.Errorf("job %d: it is longer than %d bytes", e.n, 2*payload)
	case j.Priority < 0 || j.Priority >= e.c.priorities:
		return fmt.Errorf("job %d: priority %d; it must be from 0 to %d", e.n, j.Priority, e.c.priorities-1)
	}
	return nil
}

func (e *enqueuer) add(ctx context.Context, it item, text []byte) (err error) {
	e.n++
	e.sum = (e.sum ^ hash64(string(text))) * 1099511628211
	at := [2]int{it.Priority, e.c.home(it, e.shares)}
	p := e.open[at]
	if p == nil || it.Size >= big {
		p = &pack{Items: make([]item, 0, packed)}
	}
	switch full := p.add(it, len(text)); {
	case it.Size >= big:
		err = e.send(ctx, at, p)
	case full:
		delete(e.open, at)
		err = e.send(ctx, at, p)
	default:
		e.open[at] = p
	}
	if err == nil && e.n%window == 0 {
		err = e.flush(ctx)
	}
	return err
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
	e.made = checkpoint{e.made.Packs + 1, e.n, e.sum}
	e.sums = append(e.sums, e.sum)
	switch {
	case e.other(e.was), e.made.Packs > e.was.Packs && e.total >= 0:
		return errOtherList
	case e.made.Packs <= e.was.Packs:
		return nil
	}
	p.ID = fmt.Sprintf("%d-%x", p.Items[0].N, e.sum)
	m, err := message(e.name, at[0], at[1], p)
	if err != nil {
		return err
	}
	e.full = append(e.full, m)
	if e.bytes += len(m.Data); len(e.full) < together && e.bytes < 16*payload {
		return nil
	}
	return e.commit(ctx)
}

// other reports whether a checkpoint is of another list.
func (e *enqueuer) other(c checkpoint) bool {
	return c.Packs > 0 && c.Packs <= e.made.Packs && c.Sum != e.sums[c.Packs-1]
}

// commit queues the packs that are full, all or none, and notes how far it has come.
func (e *enqueuer) commit(ctx context.Context) error {
	if len(e.full) == 0 {
		return nil
	}
	singly := len(e.full) == 1
	err := e.c.again(ctx, 2*time.Minute, func(ctx context.Context) error {
		if !singly {
			_, err := jetstreamext.PublishMsgBatch(ctx, e.c.js, e.full)
			_, singly = errors.AsType[*jetstream.APIError](err) // some are queued already
			return e.why(ctx, err)
		}
		for ; len(e.full) > 0; e.full = e.full[1:] {
			m := e.full[0]
			plain := &nats.Msg{Subject: m.Subject, Data: m.Data, Header: nats.Header{jetstream.MsgIDHeader: m.Header[jetstream.MsgIDHeader]}}
			if _, err := e.c.js.PublishMsg(ctx, plain); err != nil {
				return e.why(ctx, err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	e.full, e.bytes, e.queued = nil, 0, e.made
	return e.note(ctx, false)
}

// why says whether it is of no use to try again.
func (e *enqueuer) why(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, nats.ErrMaxPayload):
		return final{err}
	}
	if b, unknown := e.c.readBatch(ctx, e.name); unknown == nil && b.Cancelled {
		return final{errCancelled}
	}
	return err
}

// note keeps how far it has come, for another call and for the workers; all: that was the list.
func (e *enqueuer) note(ctx context.Context, all bool) error {
	err := e.c.note(ctx, e.name, func(b *batch) error {
		switch {
		case e.other(b.checkpoint), b.Total >= 0 && b.Packs < e.queued.Packs:
			return errOtherList
		case b.Packs < e.queued.Packs:
			b.checkpoint = e.queued
		}
		if all && b.checkpoint != e.made {
			return errOtherList
		}
		if all {
			b.Total = e.n
		}
		return nil
	})
	if err == nil && (all || time.Since(e.woken) > time.Second) {
		e.woken = time.Now()
		err = e.c.wake()
	}
	return err
}
