package batch

import (
	"context"
	"fmt"

	"github.com/littledl/littledl/internal/fail"
	"github.com/littledl/littledl/internal/task"
	"github.com/littledl/littledl/internal/transfer"
)

// A function of the caller's may end the goroutine that calls it (runtime.Goexit, as the
// FailNow of a test does), be it a callback, a transport or a log handler. What that
// goroutine had still to do would be waited for in vain: so the run ends, as by Cancel.

// callerCode is what calls on transfers' goroutines lead to.
const callerCode = "a transport, proxy function, cookie jar, writer or log handler"

// callOut runs a function that calls out to the caller's code, named by who.
func (r *Run) callOut(who string, call func()) {
	returned := false
	defer func() {
		if !returned {
			r.exited(who)
		}
	}()
	call()
	returned = true
}

// exited ends the run for a goroutine that has been ended. It waits for nothing, since
// that one may as well be about to crash.
func (r *Run) exited(who string) {
	err := fmt.Errorf("%w: %s ended its goroutine (runtime.Goexit)", fail.ErrCancelled, who)
	r.exit.CompareAndSwap(nil, &err)
	r.cancel(err)
}

// lost ends the task of a worker that has been ended, in its place.
func (r *Run) lost(t *task.Task) {
	f, _ := r.Table.Held(t).(*transfer.File)
	if f != nil {
		f.Wait()
	}
	r.after(t, f, context.Cause(r.ctx))
}
