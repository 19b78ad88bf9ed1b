package littledl_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
)

// TestToldOfItsEnd: who is resumed before its callback was called is told of as it had ended, in
// each event and callback; it is forgotten with its last end.
func TestToldOfItsEnd(t *testing.T) {
	t.Parallel()
	for _, forgets := range []bool{false, true} {
		batchBubble(t, func(b *batch) {
			b.conf.ForgetEnded = forgets
			var told []string
			b.option(littledl.WithMaxConcurrentFiles(1), littledl.WithFileCompleteCallback(func(f littledl.FileTask) {
				time.Sleep(10 * time.Second) // others end meanwhile
				told = append(told, fmt.Sprint(f.TaskID, " ", f.Status, " ", f.Err != nil))
			}))
			b.file("slow", 1<<10)
			bad := b.file("bad", 1<<10, faultserver.First(1, faultserver.Status(404)))
			done := b.background(b.Context())
			time.Sleep(5 * time.Second)
			require.Equal(b, littledl.StatusFailed, b.task(bad).Status)
			require.NoError(b, b.get().ResumeTask(bad))
			require.NoError(b, <-done)
			require.Equal(b, []string{"task-1 completed false", "task-2 failed true", "task-2 completed false"}, told)
			_, known := b.get().GetTask(bad)
			require.Equal(b, !forgets, known)
		})
	}
}

// TestPausedAndCancelled: who is paused just before all is cancelled is cancelled, too.
func TestPausedAndCancelled(t *testing.T) {
	t.Parallel()
	batchBubble(t, func(b *batch) {
		b.option(littledl.WithMaxConcurrentFiles(1))
		var ids []string
		for i := range 300 {
			ids = append(ids, b.file(fmt.Sprint(i), 1<<20))
		}
		done := b.background(b.Context())
		time.Sleep(100 * time.Millisecond)
		for _, id := range ids { // the dispatcher does not keep up with it
			require.NoError(b, b.get().PauseTask(id))
		}
		require.NoError(b, b.get().Cancel())
		require.ErrorIs(b, <-done, littledl.ErrCancelled)
		for _, id := range ids {
			require.Equal(b, littledl.StatusCancelled, b.task(id).Status, id)
		}
	})
}
