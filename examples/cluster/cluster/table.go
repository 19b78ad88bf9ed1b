package cluster

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/synadia-io/orbit.go/jetstreamext"
)

// A small table that all see: a key-value bucket, of which rows of a kind are read by one bounded
// request. Watchers and listings of keys are consumers, which may stand still when their server is gone.

const (
	table    = "LD"
	prefix   = "$KV." + table + "."
	shapeRow = "shape"
	shareRow = "shares"  // into how many parts the limits of hot hosts are split
	batchRow = "batch."  // of each batch: what it is to do, and how far its enqueuer has come
	partRow  = "part."   // of each partition: its owner
	liveRow  = "worker." // of each worker, as long as it lives
	begunRow = "begun."  // of jobs that may end their workers: how often they were begun
)

type row struct {
	value    string // "": deleted, or expired
	revision uint64 // 0: never written
}

// rows reads those that a pattern fits: a key, or a kind and "*".
func (c *Cluster) rows(ctx context.Context, patterns ...string) (map[string]row, error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	var subjects []string
	for _, p := range patterns {
		subjects = append(subjects, prefix+p)
	}
	all, err := jetstreamext.GetLastMsgsFor(ctx, c.js, "KV_"+table, subjects)
	if err != nil {
		return nil, fmt.Errorf("read %v: %w", patterns, err)
	}
	rows, complete := map[string]row{}, false
	for m, err := range all {
		switch {
		case errors.Is(err, jetstreamext.ErrNoMessages):
			return rows, nil
		case err != nil:
			return nil, fmt.Errorf("read %v: %w", patterns, err)
		}
		r := row{string(m.Data), m.Sequence}
		if m.Header.Get("KV-Operation") != "" || m.Header.Get("Nats-Marker-Reason") != "" {
			r.value = ""
		}
		rows[strings.TrimPrefix(m.Subject, prefix)] = r
		complete = m.Header.Get("Nats-Num-Pending") == "0"
	}
	if !complete {
		return nil, fmt.Errorf("read %v: %w", patterns, nats.ErrTimeout)
	}
	return rows, nil
}

// put writes a row that nobody has written since the revision was read.
func (c *Cluster) put(ctx context.Context, key, value string, revision uint64, options ...jetstream.PublishOpt) (uint64, error) {
	return c.write(ctx, key, value, append(options, jetstream.WithExpectLastSequencePerSubject(revision), jetstream.WithRetryAttempts(0))...)
}

// write writes a row, whatever it was.
func (c *Cluster) write(ctx context.Context, key, value string, options ...jetstream.PublishOpt) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	ack, err := c.js.PublishMsg(ctx, &nats.Msg{Subject: prefix + key, Data: []byte(value)}, options...)
	if err != nil {
		return 0, fmt.Errorf("write %s: %w", key, err)
	}
	return ack.Sequence, nil
}

// lives is how long a row does that nobody writes again.
func lives(d time.Duration) jetstream.PublishOpt { return jetstream.WithMsgTTL(d) }

// change has f change a row, again if somebody else has meanwhile.
func (c *Cluster) change(ctx context.Context, key string, f func(value string) (string, error), options ...jetstream.PublishOpt) error {
	return c.again(ctx, time.Minute, func(ctx context.Context) error {
		rows, err := c.rows(ctx, key)
		if err != nil {
			return err
		}
		value, err := f(rows[key].value)
		if err != nil {
			return final{err}
		}
		_, err = c.put(ctx, key, value, rows[key].revision, options...)
		return err
	})
}
