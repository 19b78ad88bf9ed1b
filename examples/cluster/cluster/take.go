package cluster

import (
	"cmp"
	"context"
	"encoding/json"
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
	batch               string
	priority, partition int
}

type handKey struct{ priority, partition int }

// inHand is how many jobs of one priority a partition may have in hand: enough for its hosts, and
// not so much that one slow host keeps the worker from the others.
const inHand = 4 * packed

// heavy is what a large file counts for.
const heavy = inHand / 8

// take asks for work until ctx ends.
func (w *worker) take(ctx context.Context) {
	var looked time.Time
	for ctx.Err() == nil {
		if time.Since(looked) > time.Second {
			w.look(ctx)
			looked = time.Now()
		}
		next, any := time.Now().Add(time.Second), false
		for _, s := range w.order() {
			got, when := w.ask(ctx, s)
			if any = any || got; next.After(when) {
				next = when
			}
		}
		if any {
			continue
		}
		t := time.NewTimer(max(time.Until(next), time.Millisecond))
		select {
		case <-t.C:
		case <-w.kick:
		case <-w.wake:
			looked = time.Time{}
			w.fresh()
		case <-ctx.Done():
		}
		t.Stop()
	}
}

// fresh has every source be asked again at once.
func (w *worker) fresh() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.sources {
		s.next, s.wait = time.Time{}, 0
	}
}

// order is whom to ask: the urgent first, those of one priority in turn.
func (w *worker) order() []*source {
	mine := w.lease.mine(true)
	w.mu.Lock()
	defer w.mu.Unlock()
	if time.Since(w.trouble) < time.Second {
		return nil
	}
	for name, b := range w.batches {
		for _, partition := range mine {
			for priority := range w.c.Priorities {
				k := sourceKey{name, priority, partition}
				if w.sources[k] == nil && !b.Paused && !b.Cancelled {
					w.sources[k] = &source{sourceKey: k}
				}
			}
		}
	}
	var all []*source
	for k, s := range w.sources {
		if b, known := w.batches[k.batch]; !known || b.Paused || b.Cancelled || !slices.Contains(mine, k.partition) {
			delete(w.sources, k)
			continue
		}
		all = append(all, s)
	}
	w.turn++
	turn := func(s *source) int { return (s.partition + w.turn) % w.c.Partitions }
	slices.SortFunc(all, func(a, b *source) int {
		return cmp.Or(a.priority-b.priority, turn(a)-turn(b), strings.Compare(a.batch, b.batch))
	})
	return all
}

// ask takes what there is room for from one source; when is when to ask it again.
func (w *worker) ask(ctx context.Context, s *source) (got bool, when time.Time) {
	k := handKey{s.priority, s.partition}
	w.mu.Lock()
	room := inHand - w.hands[k]
	w.mu.Unlock()
	if room < packed/2 {
		return false, time.Now().Add(time.Second) // an end of something kicks
	}
	if time.Now().Before(s.next) {
		return false, s.next
	}
	if s.consumer == nil {
		c, err := w.c.js.Consumer(ctx, jobStream(s.batch), consumer(s.priority, s.partition))
		if err != nil {
			s.next = time.Now().Add(time.Second)
			return false, s.next
		}
		s.consumer = c
	}
	batch, err := s.consumer.FetchNoWait((room + packed - 1) / packed)
	if err == nil {
		for m := range batch.Messages() {
			got = true
			w.begin(ctx, s, m)
		}
		err = batch.Error()
	}
	if err != nil && ctx.Err() == nil {
		w.Log.Debug("asked in vain", "batch", s.batch, "err", err)
	}
	if got {
		s.wait = 0
		return true, time.Now()
	}
	s.wait = min(max(2*s.wait, 20*time.Millisecond), time.Second)
	s.next = time.Now().Add(s.wait)
	return false, s.next
}

// look reads what batches are to do, and has it done.
func (w *worker) look(ctx context.Context) {
	rows, err := w.c.table(ctx, control)
	if err != nil {
		if ctx.Err() == nil {
			w.Log.Debug("what batches are to do cannot be read", "err", err)
		}
		return
	}
	w.gate.setShares(sharesOf(rows))
	now := map[string]batch{}
	for key, r := range rows {
		if name, ok := strings.CutPrefix(key, batchRow); ok {
			if b, err := batchOf(r); err == nil {
				now[name] = b
			}
		}
	}
	w.mu.Lock()
	was := w.batches
	w.batches = now
	w.mu.Unlock()
	for name, b := range now {
		if b.Cancelled && !was[name].Cancelled || b.Paused && !was[name].Paused {
			w.drop(func(u *unit) bool { return u.batch == name }, true)
		}
	}
}

// begin takes a message in hand.
func (w *worker) begin(ctx context.Context, s *source, m jetstream.Msg) {
	var p pack
	meta, err := m.Metadata()
	if err == nil {
		err = json.Unmarshal(m.Data(), &p)
	}
	if err != nil || len(p.Items) == 0 {
		w.Log.Error("what was queued is no work", "batch", s.batch, "err", err)
		_ = m.TermWithReason("no work")
		return
	}
	id := s.batch + "/" + p.ID
	w.mu.Lock()
	now := w.units[id]
	if now != nil && !now.dropped { // it comes again, to us, who are still at it
		now.msg, now.delivery = m, int(meta.NumDelivered)
		w.mu.Unlock()
		return
	}
	b := w.batches[s.batch]
	ending := now != nil || ctx.Err() != nil || b.Paused || b.Cancelled
	if !ending {
		now = newUnit(w, s, &p, m, int(meta.NumDelivered))
		w.units[id] = now
		w.hands[now.hand()] += now.weight
	}
	w.mu.Unlock()
	if ending {
		_ = m.NakWithDelay(time.Second)
		return
	}
	w.all.Go(now.begin)
}
