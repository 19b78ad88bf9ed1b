package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"sync"

	"github.com/nats-io/nats.go"
)

// outcome is what became of a job: a line of LD_DONE.
type outcome struct {
	N       int64  `json:"n"`
	Bytes   int64  `json:"b,omitempty"`
	SHA256  string `json:"d,omitempty"`
	Err     string `json:"e,omitempty"`
	Again   bool   `json:"a,omitempty"` // an earlier delivery had stored it
	Attempt int    `json:"t,omitempty"`
	Queued  bool   `json:"q,omitempty"` // no outcome: it was queued anew
}

// outcomes is a message of LD_DONE: results are packed as jobs are.
type outcomes struct {
	Worker string    `json:"w"`
	All    []outcome `json:"r"`
}

// most is how many outcomes fit a message.
const most = 256

// recorder writes results, as many at once as have come up while the last were written, and lets
// go of a job when its result is safe.
type recorder struct {
	w       *worker
	mu      sync.Mutex
	waiting []record
	some    chan struct{}
}

type record struct {
	t *task
	o outcome
}

func newRecorder(w *worker) *recorder { return &recorder{w: w, some: make(chan struct{}, 1)} }

// add has the end of a task be written; nil: its object is stored.
func (r *recorder) add(t *task, err error) {
	r.w.mu.Lock()
	o := outcome{N: t.N, Bytes: t.info.Size, SHA256: t.info.SHA256, Again: t.exists, Attempt: t.u.delivery}
	r.w.mu.Unlock()
	if err != nil {
		o.Err = err.Error()
		r.w.Log.Info("failed", "batch", t.u.batch, "job", t.N, "err", err)
	}
	r.mu.Lock()
	r.waiting = append(r.waiting, record{t, o})
	r.mu.Unlock()
	poke(r.some)
}

// run writes until ctx ends.
func (r *recorder) run(ctx context.Context) {
	for {
		select {
		case <-r.some:
		case <-ctx.Done():
			return
		}
		r.mu.Lock()
		all := r.waiting
		r.waiting = nil
		r.mu.Unlock()
		for _, batch := range byBatch(all) {
			for len(batch) > 0 {
				n := min(len(batch), most)
				r.write(ctx, batch[:n])
				batch = batch[n:]
			}
		}
	}
}

func byBatch(all []record) map[string][]record {
	batches := map[string][]record{}
	for _, rec := range all {
		batches[rec.t.u.batch] = append(batches[rec.t.u.batch], rec)
	}
	return batches
}

// write goes on until it is written: to give up would only have the work done again.
func (r *recorder) write(ctx context.Context, all []record) {
	name := all[0].t.u.batch
	m, dead := outcomes{Worker: r.w.Name}, []item(nil)
	for _, rec := range all {
		m.All = append(m.All, rec.o)
		if rec.o.Err != "" {
			dead = append(dead, rec.t.item)
		}
	}
	err := r.w.c.again(ctx, 0, func(ctx context.Context) error {
		for len(dead) > 0 {
			next := packs(dead)[0]
			if err := r.w.c.publish(ctx, "ld.dead."+name, pack{Items: next}); err != nil {
				return err
			}
			dead = dead[len(next):]
		}
		return r.w.c.publish(ctx, "ld.done."+name, m)
	})
	for _, rec := range all {
		rec.t.settle(err != nil)
	}
}

// publish has a stream store a value.
func (c *Cluster) publish(ctx context.Context, subject string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return final{err}
	}
	_, err = c.js.PublishMsg(ctx, &nats.Msg{Subject: subject, Data: data})
	if errors.Is(err, nats.ErrMaxPayload) {
		return final{err}
	}
	return err
}
