package littledl_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
)

// TestSeqWishes: as TestWishes, with BatchDownloadSeq: every item that was read has one result, and
// what is said to be complete is right, however slow either side is and whoever ends it.
func TestSeqWishes(t *testing.T) {
	t.Parallel()
	inWorlds(t, 1, 5, func(b *enhBed, seed uint64) {
		newWorld(b, seed, func(w *world) {
			w.plain, w.writers, w.streams, w.elsewhere = true, w.half(), w.half(), w.rnd.IntN(3) == 0
		}).sequence()
	})
}

// sequence downloads a list of files.
func (w *world) sequence() {
	var items []littledl.Item
	for i := range 1 + w.rnd.IntN(20) {
		w.prepare(fmt.Sprint("f", i))
		items = append(items, w.last)
	}
	items = append(items, littledl.Item{URL: "nonsense"})
	if !w.writers {
		items = append(items, items[0])
	}
	leaves, slow, late := w.rnd.IntN(3*len(items)), w.rnd.IntN(3) == 0, w.rnd.IntN(3) == 0
	ctx, cancel := context.WithCancelCause(w.Context())
	defer cancel(nil)
	if w.rnd.IntN(3) == 0 {
		defer time.AfterFunc(w.dices(8000), func() { cancel(errEnough) }).Stop()
	}
	w.meddleWithNet()
	read, results := 0, 0
	list := func(yield func(littledl.Item) bool) {
		for _, item := range items {
			if late {
				time.Sleep(w.dices(500))
			}
			if read++; !yield(item) {
				return
			}
		}
	}
	left := false
	opts := append([]littledl.Option{littledl.WithConfig(w.conf)}, w.opts...)
	w.within("the sequence", func() {
		for r := range littledl.BatchDownloadSeq(ctx, list, opts...) {
			results++
			if slow {
				time.Sleep(w.dices(500))
			}
			w.result(ctx, r)
			if results == leaves {
				left = true
				break
			}
		}
	})
	require.True(w, left && results <= read || !left && results == read, "%d of %d", results, read)
	require.True(w, left || ctx.Err() != nil || read == len(items))
	w.given()
}

// result checks one.
func (w *world) result(ctx context.Context, r littledl.Result) {
	switch {
	case r.URL == "nonsense":
		require.Error(w, r.Err)
	case r.Err == nil:
		require.True(w, r.Task.IsCompleted())
		w.right(r.Task)
	case ctx.Err() == nil:
		require.False(w, errors.Is(r.Err, errEnough))
	}
}

// meddleWithNet has the net fail for a while.
func (w *world) meddleWithNet() {
	for range w.rnd.IntN(3) {
		at := w.dices(6000)
		host := w.hosts[w.rnd.IntN(3)]
		time.AfterFunc(at, func() { w.net.Blackhole(host, true) })
		time.AfterFunc(at+w.dices(3000), func() { w.net.Blackhole(host, false) })
		if w.half() {
			time.AfterFunc(at, w.net.ResetAll)
		}
	}
}
