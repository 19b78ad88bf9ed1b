package cluster

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"

	"golang.org/x/sync/errgroup"
)

// Verify compares a list with the store, and yields the jobs whose object is missing: what the
// queue itself has lost, and what has failed. The list is that of Enqueue; a batch of the missing
// has other numbers, so other objects.
func (c *Cluster) Verify(ctx context.Context, name string, jobs iter.Seq2[Job, error], s Sink) (missing iter.Seq2[Job, error]) {
	return func(yield func(Job, error) bool) {
		var some []item
		look := func() bool {
			gone, err := lookFor(ctx, name, some, s)
			for _, j := range gone {
				if !yield(j, nil) {
					return false
				}
			}
			if some = some[:0]; err != nil {
				yield(Job{}, fmt.Errorf("verify %s: %w", name, err))
			}
			return err == nil
		}
		n := int64(0)
		for j, err := range jobs {
			if err != nil {
				yield(Job{}, err)
				return
			}
			some = append(some, item{n, j})
			if n++; len(some) == 1024 && !look() {
				return
			}
		}
		look()
	}
}

// lookFor asks the store for some objects, many at once, and returns the jobs without one, in order.
func lookFor(ctx context.Context, name string, items []item, s Sink) (gone []Job, err error) {
	all, ctx := errgroup.WithContext(ctx)
	all.SetLimit(32)
	missing := make([]bool, len(items))
	for i, it := range items {
		all.Go(func() error {
			_, err := s.Stat(ctx, Key(name, it.N, it.Name))
			of, _ := errors.AsType[errStore](storeError(err))
			if missing[i] = it.check() != nil || of.key || errors.Is(err, fs.ErrNotExist); missing[i] {
				err = nil
			}
			return err
		})
	}
	err = all.Wait()
	for i, it := range items {
		if missing[i] {
			gone = append(gone, it.Job)
		}
	}
	return gone, err
}
