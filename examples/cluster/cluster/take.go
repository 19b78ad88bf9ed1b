package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// source is a consumer to ask: that of a priority and a partition of a batch.
type source struct {
	sourceKey
	consumer jetstream.Consumer
	next     time.Time // not at once again when it had nothing
	wait     time.Duration
}

type sourceKey struct {
	batch string
	hand
}

// hand is of what a worker has in hand of a partition and priority: jobs.
type hand struct{ priority, partition int }

// inHand is how many there may be: enough for the partition's hosts, and not so much that one slow host
// keeps the worker from the others. A large file counts as heavy.
const inHand, heavy = 4 * packed, packed / 2

// take asks for work until ctx ends.
func (w *worker) take(ctx context.Context) {
	var looked time.Time
	for ctx.Err() == nil {
		if time.Since(looked) > time.Second {
			w.look(ctx)
			looked = time.Now()
		}
		now, some := time.Now(), false
		next := now.Add(time.Second)
		for _, s := range w.order() {
			if w.ask(ctx, s) {
				some = true
			} else if s.next.After(now) && next.After(s.next) { // where there is no room an end of something kicks
				next = s.next
			}
		}
		if some {
			continue
		}
		t := time.NewTimer(time.Until(next))
		select {
		case <-t.C:
		case <-w.kick:
		case <-w.changed:
			looked = time.Time{}
			for _, s := range w.sources {
				s.next, s.wait = time.Time{}, 0
			}
		case <-ctx.Done():
		}
		t.Stop()
	}
}

// look reads what batches are to do, and has it done.
func (w *worker) look(ctx context.Context) {
	rows, err := w.c.rows(ctx, batchRow+"*", shareRow)
	var s shares
	if err == nil {
		s, err = sharesOf(rows)
	}
	if err != nil {
		w.Log.Warn("what batches are to do cannot be read", "err", err)
		return
	}
	w.gate.setShares(s)
	now, lives := map[string]batch{}, map[string]bool{}
	for key, r := range rows {
		if name, ok := strings.CutPrefix(key, batchRow); ok {
			b, err := batchOf(r.value)
			if lives[b.Life] = err == nil && !b.Cancelled; lives[b.Life] && !b.Paused {
				now[name] = b
			}
		}
	}
	w.mu.Lock()
	w.batches = now
	maps.DeleteFunc(w.past, func(id string, _ []past) bool { life, _, _ := strings.Cut(id, "/"); return !lives[life] })
	w.mu.Unlock()
	w.drop(errGiven, func(u *unit) bool { return now[u.batch].Life != u.life })
}

// order is whom to ask: the urgent first, those of one priority in turn.
func (w *worker) order() (all []*source) {
	mine, _ := w.lease.taking()
	w.mu.Lock()
	names := slices.Sorted(maps.Keys(w.batches))
	trouble := time.Since(w.trouble) < time.Second || w.lonely
	w.mu.Unlock()
	if trouble {
		return nil
	}
	w.turn++
	old := w.sources
	w.sources = map[sourceKey]*source{}
	for priority := range w.c.priorities {
		for i := range mine {
			for _, name := range names {
				k := sourceKey{name, hand{priority, mine[(i+w.turn)%len(mine)]}}
				s := old[k]
				if s == nil {
					s = &source{sourceKey: k}
				}
				w.sources[k] = s
				all = append(all, s)
			}
		}
	}
	return all
}

// ask takes what there is room for from one source, and reports whether that was something.
func (w *worker) ask(ctx context.Context, s *source) (some bool) {
	w.mu.Lock()
	room := inHand - w.hands[s.hand]
	w.mu.Unlock()
	if room < packed/2 || time.Now().Before(s.next) {
		return false
	}
	err := error(nil)
	if s.consumer == nil {
		s.consumer, err = w.c.js.Consumer(ctx, jobStream(s.batch), consumer(s.priority, s.partition))
	}
	if err == nil {
		var batch jetstream.MessageBatch
		if batch, err = s.consumer.FetchNoWait((room + packed - 1) / packed); err == nil {
			for m := range batch.Messages() {
				some = true
				w.begin(ctx, s, m)
			}
			err = batch.Error()
		}
	}
	if err != nil {
		w.Log.Debug("asked in vain", "batch", s.batch, "err", err)
	}
	if s.wait = min(max(2*s.wait, 50*time.Millisecond), time.Second); some {
		s.wait = 0
	}
	s.next = time.Now().Add(s.wait)
	return some
}

// begin takes a message in hand.
func (w *worker) begin(ctx context.Context, s *source, m jetstream.Msg) {
	var p pack
	meta, err := m.Metadata()
	if err == nil {
		err = json.Unmarshal(m.Data(), &p)
	}
	if err == nil && len(p.Items) == 0 {
		err = errors.New("it is empty")
	}
	if err != nil {
		w.Log.Error("what was queued is no work", "batch", s.batch, "err", err)
		_ = m.TermWithReason("no work")
		return
	}
	if !w.hold(ctx, s, &p, m, int(meta.NumDelivered)) {
		_ = m.NakWithDelay(time.Second)
	}
}

// hold takes a pack in hand, if that makes sense.
func (w *worker) hold(ctx context.Context, s *source, p *pack, m jetstream.Msg, delivery int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	b, on := w.batches[s.batch]
	id := b.Life + "/" + p.ID
	now := w.units[id]
	if now != nil && now.ctx.Err() == nil { // it comes again, to us, who are still at it
		now.msg, now.delivery = m, delivery
		return true
	}
	if now != nil || ctx.Err() != nil || !on || w.lonely && delivery <= w.c.maxDeliver {
		return false
	}
	u := &unit{w: w, id: id, batch: s.batch, life: b.Life, hand: s.hand, pack: *p, msg: m, delivery: delivery, weight: len(p.Items)}
	if p.Items[0].Size >= big {
		u.weight = heavy
	}
	if u.past = w.past[id]; len(u.past) != len(p.Items) {
		u.past = make([]past, len(p.Items))
	}
	u.ctx, u.cancel = context.WithCancelCause(context.WithoutCancel(ctx)) // ended by run, or by drop
	w.units[id] = u
	w.hands[u.hand] += u.weight
	w.all.Go(u.run)
	return true
}
