package littledl_test

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	. "github.com/littledl/littledl/internal/faultserver"
)

// TestOutOfDescriptors is number 53 of the catalogue: more files at once than the
// process may have open.
func TestOutOfDescriptors(t *testing.T) {
	if !inOwnProcess(t, "ulimit -n 48") {
		return
	}
	inBubble(t, func(b *bed) {
		b.files = 80
		b.downloader().SetProgressCallback(nil) // who looks at files needs descriptors
		for i := range 100 {
			b.add(b.srv.File(strconv.Itoa(i), Size(100*kib), Behave(Slow(50*kib))))
		}
		require.NoError(b, b.start())
		waited := 0
		for _, task := range b.d.GetAllTasks() {
			waited += task.RetryCount
		}
		require.Positive(b, waited, "the limit was to be reached")
	})
}

// 53: few descriptors, however many files.
func TestFewDescriptors(t *testing.T) {
	t.Parallel()
	inBoth(t, func(b *bed) {
		most := 0
		b.option(littledl.WithFileCompleteCallback(func(littledl.FileTask) {
			most = max(most, len(b.openFiles()))
		}))
		for i := range 300 {
			b.add(b.srv.File(strconv.Itoa(i), Size(10*kib), Behave(Flaky(503, i%2, ""))))
		}
		require.NoError(b, b.start())
		require.LessOrEqual(b, most, 2*b.files+2)
		require.Equal(b, 300+150, len(b.srv.GETs()))
	})
}
