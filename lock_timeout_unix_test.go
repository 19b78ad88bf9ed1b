//go:build unix

package littledl_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	. "github.com/littledl/littledl/internal/faultserver"
)

// TestLockedTimeout: who waits for a lock does not wait longer than it may take.
func TestLockedTimeout(t *testing.T) {
	inBubble(t, func(b *bed) {
		b.conf.WaitForLock = time.Hour
		f := b.srv.File("a.bin", Size(20*mib), Behave(Slow(mib)))
		first, second := b.other(b.conf, f), b.other(b.conf, f, littledl.WithTimeout(5*time.Second))
		done := make(chan error, 1)
		go func() { done <- first() }()
		time.Sleep(time.Second)
		began := time.Now()
		require.ErrorIs(b, second(), littledl.ErrTimeout)
		require.WithinDuration(b, began.Add(5*time.Second), time.Now(), 10*time.Millisecond)
		require.NoError(b, <-done)
	})
}
