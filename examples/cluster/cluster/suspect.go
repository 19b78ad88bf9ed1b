package cluster

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/nats-io/nats.go/jetstream"
)

// A pack that is handed out again and again maybe holds a job that ends every worker. That is
// found out without harm to the others: its jobs go on alone, a worker has one such job at a time,
// and only for that one it is counted that it was begun.

// fatal is how often a job may be begun alone without an answer.
const fatal = 5

func (u *unit) suspect(left []*task) {
	if u.alone {
		for _, t := range left { // it is one
			u.w.all.Go(t.beginAlone)
		}
		return
	}
	u.w.Log.Warn("a pack was handed out again and again: its jobs go alone", "pack", u.id)
	for _, t := range left {
		err := u.w.c.queue(u.ctx, u.batch, u.priority, u.partition, &pack{
			ID: strconv.FormatInt(t.N, 10) + ".alone", Alone: true, Items: []item{t.item},
		})
		t.settle(err != nil) // the other message is its own
	}
}

// beginAlone begins a job when no other is suspected, and keeps it so until its end.
func (t *task) beginAlone() {
	w, u := t.u.w, t.u
	select {
	case w.alone <- struct{}{}:
	case <-u.ctx.Done():
		t.settle(true)
		return
	}
	defer func() { <-w.alone }()
	n, err := t.begun()
	switch {
	case err != nil:
		t.hold(t.beginAlone)
	case n > fatal:
		t.fail(fmt.Errorf("begun %d times, and its worker never answered: it seems to end its workers", n-1))
	default:
		w.submit(t)
		<-u.ctx.Done()
	}
}

// begun counts one beginning more.
func (t *task) begun() (n int, err error) {
	key := t.u.batch + "." + strconv.FormatInt(t.N, 10)
	ctx, cancel := context.WithTimeout(t.u.ctx, callTime)
	defer cancel()
	kv, err := t.u.w.c.js.KeyValue(ctx, suspects)
	if err != nil {
		return 0, err
	}
	revision := uint64(0)
	if e, err := kv.Get(ctx, key); err == nil {
		revision = e.Revision()
		if n, err = strconv.Atoi(string(e.Value())); err != nil {
			return 0, err
		}
	} else if !errors.Is(err, jetstream.ErrKeyNotFound) {
		return 0, err
	}
	_, err = t.u.w.c.put(ctx, suspects, key, strconv.Itoa(n+1), revision, 0)
	return n + 1, err
}
