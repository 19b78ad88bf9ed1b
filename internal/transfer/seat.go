package transfer

import "context"

// Seat is what a place of the batch keeps from file to file: of a thousand small ones each would
// make it anew. The zero Seat is ready; its owner runs one file after the other on it, and closes
// it in the end.
type Seat struct {
	life  lasting // contexts of files
	epoch lasting // of what a file does between two pauses
	round lasting // of rounds
	owner worker  // the worker that the file's own goroutine is
}

// Close ends its contexts.
func (s *Seat) Close() {
	s.round.end()
	s.epoch.end()
	s.life.end()
	s.owner.call.end()
}

// sit makes the file's own goroutine a worker that has one thing to do.
func (s *Seat) sit(w worker) *worker {
	w.call = s.owner.call
	s.owner = w
	return &s.owner
}

// lasting is a context that is good for one thing after the other, until it is ended.
type lasting struct {
	parent, ctx context.Context
	cancel      context.CancelCauseFunc
}

// under returns the context for what is done under a parent. Nobody must end it any more who was
// given it for what was done before.
func (l *lasting) under(parent context.Context) (context.Context, context.CancelCauseFunc) {
	if l.parent != parent || l.ctx.Err() != nil {
		l.end()
		l.parent = parent
		l.ctx, l.cancel = context.WithCancelCause(parent)
	}
	return l.ctx, l.cancel
}

func (l *lasting) end() {
	if l.cancel != nil {
		l.cancel(nil)
	}
	*l = lasting{}
}
