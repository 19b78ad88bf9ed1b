package batch

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/task"
)

// lateContext has ended, but says so only when it is asked a second time.
type lateContext struct {
	context.Context
	asked int
}

func (c *lateContext) Err() error {
	if c.asked++; c.asked == 1 {
		return nil
	}
	return c.Context.Err()
}

// TestEndBetweenTwoLooks: an end that comes while the dispatcher is at work wakes it,
// however early.
func TestEndBetweenTwoLooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tab := task.New(task.Config{Places: 1})
		_, err := tab.Add("http://files.test/a", task.Spec{})
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		r := New(ctx, Config{Table: tab, Limits: Limits{Places: 1, Connections: 1}})
		r.Pause() // nothing is to begin
		cancel()
		r.ctx = &lateContext{Context: r.ctx}
		r.dispatch() // or it waits for ever, which the bubble finds out
		require.ErrorIs(t, r.Close(false), context.Canceled)
	})
}
