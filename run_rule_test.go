package littledl

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
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
		d, err := NewBatchDownloader()
		require.NoError(t, err)
		_, err = d.AddURL("http://files.test/a")
		require.NoError(t, err)
		require.NoError(t, d.Pause()) // nothing is to begin
		ctx, cancel := context.WithCancel(t.Context())
		r, err := d.begin(ctx)
		require.NoError(t, err)
		cancel()
		r.ctx = &lateContext{Context: r.ctx}
		r.dispatch() // or it waits for ever, which the bubble finds out
		_ = r.close()
	})
}
