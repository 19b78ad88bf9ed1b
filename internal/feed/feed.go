// Package feed takes a sequence of any length through a queue, and yields what becomes of it.
//
// Whoever ranges over results wants to write one loop, yet three things go on at once: the
// sequence may be slow, or read from a network; the queue works on many items; the loop may be
// busy. So each has a goroutine of its own, and what holds them together is easily wrong: how far
// the sequence is read ahead, where a panic of it goes, and who waits for whom when the loop is
// left. It is said here once, whatever is queued.
package feed

import (
	"context"
	"iter"
	"sync"
)

// Queue is what items go through. Its functions are called from several goroutines.
type Queue[In, Out any] struct {
	// Ahead is how many items may be read whose results are not yielded yet.
	Ahead int
	// Begin has the queue run until ctx or Stop. Ended is to be called with each result, and waits
	// for nobody; finish returns when there will be none.
	Begin func(ctx context.Context, ended func(Out)) (finish func())
	// Add queues an item; refused: it is not, and out is its result. The context may have ended.
	Add func(ctx context.Context, item In) (out Out, refused bool)
	// Idle returns when all that was added has ended, and Stop says that nothing else comes.
	Idle func(context.Context) error
	Stop func() error
	// Left are the results of what has not ended, once finish has returned.
	Left func(context.Context) iter.Seq[Out]
}

// Run yields the results of a sequence as they come. A panic of the sequence is the caller's, and
// who leaves the loop ends what runs, and waits for it.
func (q Queue[In, Out]) Run(ctx context.Context, items iter.Seq[In]) iter.Seq[Out] {
	return func(yield func(Out) bool) {
		f := &feed[In, Out]{Queue: q, results: make(chan Out, q.Ahead), ahead: make(chan struct{}, q.Ahead)}
		f.ctx, f.cancel = context.WithCancel(ctx)
		defer f.close()
		f.begin(items)
		for r := range f.results {
			<-f.ahead
			if !yield(r) {
				return
			}
		}
	}
}

// feed is a sequence on its way.
type feed[In, Out any] struct {
	Queue[In, Out]
	ctx     context.Context
	cancel  context.CancelFunc
	results chan Out      // has room for all that was read
	ahead   chan struct{} // one for each item that was read and not yielded
	over    sync.WaitGroup
	fault   any // what the sequence has panicked with
}

func (f *feed[In, Out]) begin(items iter.Seq[In]) {
	finish := f.Begin(f.ctx, f.tell)
	var both sync.WaitGroup
	both.Go(finish)
	both.Go(func() { f.read(items) })
	f.over.Go(func() {
		both.Wait()
		for out := range f.Left(f.ctx) {
			f.tell(out)
		}
		close(f.results)
	})
}

func (f *feed[In, Out]) tell(out Out) { f.results <- out }

// read queues the items, and stops the queue when all of them have ended.
func (f *feed[In, Out]) read(items iter.Seq[In]) {
	defer func() { _ = f.Stop() }()
	defer func() {
		if f.fault = recover(); f.fault != nil {
			f.cancel()
		}
	}()
	if !f.room() {
		return
	}
	for item := range items {
		if out, refused := f.Add(f.ctx, item); refused {
			f.tell(out)
		}
		if !f.room() {
			return
		}
	}
	_ = f.Idle(f.ctx)
}

// room waits until one more item may be read; false: none is to be.
func (f *feed[In, Out]) room() bool {
	select {
	case f.ahead <- struct{}{}:
		return f.ctx.Err() == nil
	case <-f.ctx.Done():
		return false
	}
}

// close ends what is left of it, and waits.
func (f *feed[In, Out]) close() {
	f.cancel()
	f.over.Wait()
	if f.fault != nil {
		panic(f.fault)
	}
}
