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

// A small table that all see: a key-value bucket, read whole by one bounded request. Watchers and
// listings of keys are consumers, which may stand still when their server is gone.

type row struct {
	value    string
	revision uint64 // 0: never written
}

// table reads a bucket; what was deleted, or has expired, has a revision and no value.
func (c *Cluster) table(ctx context.Context, bucket string) (map[string]row, error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	prefix := "$KV." + bucket + "."
	all, err := jetstreamext.GetLastMsgsFor(ctx, c.js, "KV_"+bucket, []string{prefix + ">"})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", bucket, err)
	}
	rows, complete := map[string]row{}, false
	for m, err := range all {
		switch {
		case errors.Is(err, jetstreamext.ErrNoMessages):
			return rows, nil
		case err != nil:
			return nil, fmt.Errorf("read %s: %w", bucket, err)
		}
		value := string(m.Data)
		if m.Header.Get("KV-Operation") != "" || m.Header.Get("Nats-Marker-Reason") != "" {
			value = ""
		}
		rows[strings.TrimPrefix(m.Subject, prefix)] = row{value, m.Sequence}
		complete = m.Header.Get("Nats-Num-Pending") == "0"
	}
	if !complete {
		return nil, fmt.Errorf("read %s: %w", bucket, nats.ErrTimeout)
	}
	return rows, nil
}

// put writes a row that nobody has written since the revision was read; live 0: it stays.
func (c *Cluster) put(ctx context.Context, bucket, key, value string, revision uint64, live time.Duration) (uint64, error) {
	options := []jetstream.PublishOpt{jetstream.WithExpectLastSequencePerSubject(revision), jetstream.WithRetryAttempts(0)}
	if live > 0 {
		options = append(options, jetstream.WithMsgTTL(live))
	}
	return c.write(ctx, bucket, key, value, options...)
}

// write writes a row, whatever it was.
func (c *Cluster) write(ctx context.Context, bucket, key, value string, options ...jetstream.PublishOpt) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	ack, err := c.js.PublishMsg(ctx, &nats.Msg{Subject: "$KV." + bucket + "." + key, Data: []byte(value)}, options...)
	if err != nil {
		return 0, fmt.Errorf("write %s of %s: %w", key, bucket, err)
	}
	return ack.Sequence, nil
}

// change has f change a row, again if somebody else has meanwhile.
func (c *Cluster) change(ctx context.Context, bucket, key string, f func(value string) (string, error)) error {
	return c.again(ctx, time.Minute, func(ctx context.Context) error {
		rows, err := c.table(ctx, bucket)
		if err != nil {
			return err
		}
		old := rows[key]
		value, err := f(old.value)
		if err != nil {
			return final{err}
		}
		if value == old.value {
			return nil
		}
		_, err = c.put(ctx, bucket, key, value, old.revision, 0)
		return err
	})
}

// ttl is how long a row lives that nobody writes again.
func ttl(d time.Duration) jetstream.PublishOpt { return jetstream.WithMsgTTL(d) }
