package littledl_test

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
)

// TestWriterError: the writer's own error is final.
func TestWriterError(t *testing.T) {
	enough := errors.New("enough of it")
	for name, w := range map[string]struct {
		write func([]byte) (int, error)
		want  error
	}{
		"error":    {func(p []byte) (int, error) { return 0, enough }, enough},
		"short":    {func(p []byte) (int, error) { return len(p) / 2, nil }, io.ErrShortWrite},
		"too many": {func(p []byte) (int, error) { return len(p) + 1, nil }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			writerBubble(t, func(b *writerBed) {
				f := b.srv.File("a.bin", faultserver.Size(30*mib))
				id := b.to(f, writerFunc(w.write))
				err := b.start()
				require.Error(b, err)
				if w.want != nil {
					require.ErrorIs(b, err, w.want)
				}
				require.Equal(b, "write", opOf(err))
				require.LessOrEqual(b, b.task(id).RetryCount, 1, "another connection may have been about to ask")
				for _, r := range b.srv.Requests("a.bin") {
					require.NotEmpty(b, r.Range)
				}
			})
		})
	}
}

// TestWriterHash: a wrong digest is told of in the end, when all is delivered, and is final.
func TestWriterHash(t *testing.T) {
	writerBubble(t, func(b *writerBed) {
		f := b.srv.File("a.bin", faultserver.Size(12*mib))
		told := b.srv.File("told.bin", faultserver.Size(mib), faultserver.Behave(faultserver.ReprDigest(false)))
		right := b.srv.File("right.bin", faultserver.Size(12*mib), faultserver.Behave(faultserver.ReprDigest(true)))
		var one, two, three bytes.Buffer
		b.to(f, &one, littledl.WithHash("sha256", strings.Repeat("00", 32)))
		b.to(told, &two)
		id := b.to(right, &three, enhHash(right.Content()))
		err := b.start()
		require.ErrorIs(b, err, littledl.ErrHashMismatch)
		require.Len(b, failures(b, err), 2)
		b.got(&one, f)
		b.got(&two, told)
		b.got(&three, right)
		require.True(b, b.task(id).IsCompleted())
		require.Less(b, b.srv.BytesSent("a.bin"), int64(14*mib), "once")
	})
}

// TestWriterReaderGone: a reader that has gone ends it.
func TestWriterReaderGone(t *testing.T) {
	writerBubble(t, func(b *writerBed) {
		f := b.srv.File("a.bin", faultserver.Size(30*mib))
		r, to := io.Pipe()
		b.to(f, to)
		done := b.background(b.Context())
		_, err := io.CopyN(io.Discard, r, mib)
		require.NoError(b, err)
		require.NoError(b, r.CloseWithError(errEnough))
		require.ErrorIs(b, <-done, errEnough)
	})
}

// TestWriterEndsGoroutine: a writer that ends its goroutine ends the Start, as any code of the
// caller's does.
func TestWriterEndsGoroutine(t *testing.T) {
	writerBubble(t, func(b *writerBed) {
		f := b.srv.File("a.bin", faultserver.Size(30*mib))
		n := 0
		b.to(f, writerFunc(func(p []byte) (int, error) {
			if n += len(p); n > 10*mib {
				runtime.Goexit()
			}
			return len(p), nil
		}))
		require.ErrorIs(b, b.start(), littledl.ErrCancelled)
	})
}
