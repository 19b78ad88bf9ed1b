package cluster

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

// outcome is what became of a job: a line of the stream of results.
type outcome struct {
	N       int64  `json:"n"`
	Bytes   int64  `json:"b,omitempty"`
	SHA256  string `json:"d,omitempty"`
	Err     string `json:"e,omitempty"`
	Again   bool   `json:"a,omitempty"` // an earlier delivery had stored it
	Attempt int    `json:"t,omitempty"`
	Queued  bool   `json:"q,omitempty"` // no outcome: it was queued anew
}

// outcomes is a message of results, which are packed as jobs are.
type outcomes struct {
	Worker string    `json:"w"`
	All    []outcome `json:"r"`
}

const (
	doneStream  = "LD_DONE"
	doneSubject = "ld.done." // and the life of a batch: results
	deadSubject = "ld.dead." // and the same: packs of jobs that failed, for Retry

	most = 256 // outcomes of a message
)

// recorder writes results, as many at once as have come up while the last were written.
type recorder struct {
	c      *Cluster
	worker string

	mu      sync.Mutex
	waiting map[string][]*record // by the life of the batch
	some    chan struct{}
}

type record struct {
	it item
	outcome
	end chan error
}

// add returns when a result is safe. life is the recorder's.
func (r *recorder) add(life context.Context, batch string, it item, o outcome) error {
	rec := &record{it, o, make(chan error, 1)}
	r.mu.Lock()
	r.waiting[batch] = append(r.waiting[batch], rec)
	r.mu.Unlock()
	poke(r.some)
	select {
	case err := <-rec.end:
		return err
	case <-life.Done():
		return context.Cause(life)
	}
}

// run writes until ctx ends.
func (r *recorder) run(ctx context.Context) {
	for {
		select {
		case <-r.some:
			sleep(ctx, 5*time.Millisecond) // more come up meanwhile
		case <-ctx.Done():
			return
		}
		r.mu.Lock()
		all := r.waiting
		r.waiting = map[string][]*record{}
		r.mu.Unlock()
		for batch, records := range all {
			for len(records) > 0 {
				n := min(len(records), most)
				err := r.write(ctx, batch, records[:n])
				for _, rec := range records[:n] {
					rec.end <- err
				}
				records = records[n:]
			}
		}
	}
}

// write goes on until it is written: to give up would only have the work done again.
func (r *recorder) write(ctx context.Context, batch string, records []*record) error {
	m, dead, last := outcomes{Worker: r.worker}, []*pack(nil), &pack{}
	for _, rec := range records {
		m.All = append(m.All, rec.outcome)
		if rec.Err != "" {
			if len(last.Items) == 0 {
				dead = append(dead, last)
			}
			if text, err := encode(rec.it); err != nil || last.add(rec.it, len(text)) {
				last = &pack{}
			}
		}
	}
	return r.c.again(ctx, 0, func(ctx context.Context) error {
		for ; len(dead) > 0; dead = dead[1:] {
			if err := r.c.publish(ctx, deadSubject+batch, dead[0]); err != nil {
				return err
			}
		}
		return r.c.publish(ctx, doneSubject+batch, m)
	})
}

// publish has a stream store a value.
func (c *Cluster) publish(ctx context.Context, subject string, v any) error {
	data, err := encode(v)
	if err != nil {
		return final{err}
	}
	if _, err = c.js.PublishMsg(ctx, &nats.Msg{Subject: subject, Data: data}); errors.Is(err, nats.ErrMaxPayload) {
		return final{err}
	}
	return err
}
