package littledl_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
)

// TestWishesOfWriters: what goes to a writer is paused and goes on behind what it has; cancelled or
// removed it ends, and what it has is no part of another's.
func TestWishesOfWriters(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]func(b *batch, id string, done <-chan error, got *bytes.Buffer){
		"paused": func(b *batch, id string, done <-chan error, got *bytes.Buffer) {
			require.NoError(b, b.get().PauseTask(id))
			time.Sleep(time.Hour)
			require.Equal(b, littledl.StatusPaused, b.task(id).Status)
			require.NoError(b, b.get().ResumeTask(id))
			require.NoError(b, <-done)
			require.Equal(b, faultserver.Bytes(b.want[id]), got.Bytes())
		},
		"cancelled": func(b *batch, id string, done <-chan error, got *bytes.Buffer) {
			require.NoError(b, b.get().CancelTask(id, errEnough))
			require.ErrorIs(b, <-done, errEnough)
			require.True(b, bytes.HasPrefix(faultserver.Bytes(b.want[id]), got.Bytes()))
			require.NoError(b, b.get().ResumeTask(id))
			require.ErrorIs(b, b.get().Start(b.Context()), littledl.ErrRemoteChanged)
		},
		"removed": func(b *batch, id string, done <-chan error, got *bytes.Buffer) {
			require.NoError(b, b.get().Remove(id))
			require.NoError(b, <-done)
			require.True(b, bytes.HasPrefix(faultserver.Bytes(b.want[id]), got.Bytes()))
			require.Zero(b, b.get().GetStats().TotalFiles)
		},
	} {
		t.Run(name, func(t *testing.T) {
			batchBubble(t, func(b *batch) {
				b.net.Shape(faultserver.Same(line(1 << 20)))
				var got bytes.Buffer
				f := b.srv.File("a", faultserver.Size(24<<20))
				id, err := b.get().AddURL(f.URL(), littledl.WithWriter(&got))
				require.NoError(b, err)
				b.want[id] = f.Content()
				done := b.background(b.Context())
				time.Sleep(2 * time.Second)
				test(b, id, done, &got)
				require.Empty(b, b.list())
			})
		})
	}
}
