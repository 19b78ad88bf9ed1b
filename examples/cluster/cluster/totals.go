package cluster

import (
	"bytes"
	"context"
	"encoding/gob"
	"math/bits"

	"github.com/nats-io/nats.go/jetstream"
)

// totals are two bits a job, which no result that is told twice can falsify.
type totals struct {
	Done, Failed bitmap
	Bytes, Again int64
	Pos          uint64 // of the last message
	life         string // of the batch
	saved        uint64
}

type bitmap []uint64

func (b bitmap) has(n int64) bool { return n>>6 < int64(len(b)) && b[n>>6]&(1<<(n&63)) != 0 }

func (b *bitmap) set(n int64, on bool) {
	for int64(len(*b)) <= n>>6 {
		*b = append(*b, 0)
	}
	if on {
		(*b)[n>>6] |= 1 << (n & 63)
	} else {
		(*b)[n>>6] &^= 1 << (n & 63)
	}
}

func (b bitmap) count() (n int64) {
	for _, w := range b {
		n += int64(bits.OnesCount64(w))
	}
	return n
}

// add takes a result. That a job is stored overrides that it has failed, whatever comes first.
func (t *totals) add(o outcome) {
	if o.N < 0 || o.N > 1<<40 {
		return
	}
	done := t.Done.has(o.N)
	if o.Err != "" || o.Queued {
		t.Failed.set(o.N, o.Err != "" && !done)
		return
	}
	t.Done.set(o.N, true)
	t.Failed.set(o.N, false)
	if done || o.Again {
		t.Again++
	}
	if !done {
		t.Bytes += o.Bytes
	}
}

const totalsStore = "LD_TOTALS"

// snapshot is worth its writing after so many messages of results.
const snapshotAfter = 2000

// snapshot returns totals from which a batch's can be counted on; if there are none, from the beginning.
func (c *Cluster) snapshot(ctx context.Context, life string) *totals {
	ctx, cancel := context.WithTimeout(ctx, 4*callTime)
	defer cancel()
	t := &totals{life: life}
	store, err := c.js.ObjectStore(ctx, totalsStore)
	if err != nil {
		return t
	}
	data, err := store.GetBytes(ctx, life)
	if err != nil || gob.NewDecoder(bytes.NewReader(data)).Decode(t) != nil {
		return &totals{life: life}
	}
	t.saved = t.Pos
	return t
}

// save stores them, with the position that they are of, if that spares much counting.
func (c *Cluster) save(ctx context.Context, t *totals) {
	if t.Pos < t.saved+snapshotAfter {
		return
	}
	t.saved = t.Pos
	ctx, cancel := context.WithTimeout(ctx, 4*callTime)
	defer cancel()
	var data bytes.Buffer
	store, err := c.js.CreateOrUpdateObjectStore(ctx, jetstream.ObjectStoreConfig{Bucket: totalsStore, Replicas: c.replicas})
	if err == nil && gob.NewEncoder(&data).Encode(t) == nil {
		_, _ = store.PutBytes(ctx, t.life, data.Bytes()) // one that is missing costs time alone
	}
}
