package littledl_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
)

// TestIsRetryable: what the library itself knows.
func TestIsRetryable(t *testing.T) {
	for err, want := range map[error]bool{
		littledl.ErrStalled: true, littledl.ErrTimeout: true, littledl.ErrNoSpace: true, littledl.ErrLocked: true, littledl.ErrHashMismatch: true,
		littledl.ErrRemoteChanged: true, &littledl.StatusError{Code: 503}: true, &littledl.StatusError{Code: 429}: true, io.ErrUnexpectedEOF: true,
		&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}: true,
		&littledl.StatusError{Code: 404}: false, littledl.ErrInvalidURL: false, littledl.ErrInvalidOption: false, littledl.ErrCancelled: false,
		littledl.ErrFileExists: false, littledl.ErrFileTooLarge: false, littledl.ErrPrivateAddress: false, context.Canceled: false, littledl.ErrUnsafeName: false,
		sayingSo(true): true, sayingSo(false): false, littledl.ErrDuplicateTarget: false, littledl.ErrEncoding: false,
	} {
		require.Equal(t, want, littledl.IsRetryable(err), err)
		require.Equal(t, want, littledl.IsRetryable(&littledl.FileError{Op: "download", Err: fmt.Errorf("more: %w", err)}), err)
	}
	require.False(t, littledl.IsRetryable(nil))
	require.True(t, littledl.IsRetryable(&littledl.BatchError{Failed: []*littledl.FileError{{Err: littledl.ErrInvalidURL}, {Err: littledl.ErrStalled}}}))
}

type sayingSo bool

func (r sayingSo) Error() string   { return fmt.Sprintf("retryable: %t", bool(r)) }
func (r sayingSo) Retryable() bool { return bool(r) }
