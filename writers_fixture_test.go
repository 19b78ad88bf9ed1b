package littledl_test

import (
	"bytes"
	"io"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
)

// writerBed is a batch whose files go to writers.
type writerBed struct{ *batch }

// writerBubble runs a test with a downloader that must leave the disk alone.
func writerBubble(t *testing.T, test func(*writerBed)) {
	t.Helper()
	batchBubble(t, func(b *batch) {
		b.net.Shape(faultserver.Same(line(2 * mib)))
		test(&writerBed{b})
		require.Empty(b, b.list())
	})
}

// to queues a file for a writer.
func (b *writerBed) to(f *faultserver.File, w io.Writer, opts ...littledl.URLOption) string {
	b.Helper()
	return b.queue(f, append(opts, littledl.WithWriter(w))...)
}

func (b *writerBed) queue(f *faultserver.File, opts ...littledl.URLOption) string {
	b.Helper()
	id, err := b.get().AddURL(f.URL(), append([]littledl.URLOption{littledl.WithSavePath(b.dir + "/never")}, opts...)...)
	require.NoError(b, err)
	return id
}

// start runs the batch; nothing may be on the disk in the end.
func (b *writerBed) start() error {
	b.Helper()
	err := b.get().Start(b.Context())
	synctest.Wait()
	_, missing := os.Stat(b.dir + "/never")
	require.ErrorIs(b, missing, os.ErrNotExist)
	for _, t := range b.get().GetAllTasks() {
		require.Empty(b, t.Path())
	}
	return err
}

// got compares what a writer has with a file.
func (b *writerBed) got(w *bytes.Buffer, f *faultserver.File) {
	b.Helper()
	require.NoError(b, faultserver.Compare(bytes.NewReader(w.Bytes()), f.Content()))
}

// prefix is got for what was delivered before a failure, so many bytes at least.
func (b *writerBed) prefix(w *bytes.Buffer, f *faultserver.File, least int) {
	b.Helper()
	require.GreaterOrEqual(b, w.Len(), least)
	require.True(b, bytes.Equal(w.Bytes(), faultserver.Bytes(f.Content())[:w.Len()]), "what was delivered is of the file")
}

// atOnce is a writer that finds out whether two write at once.
type atOnce struct {
	bytes.Buffer
	busy sync.Mutex
	t    testing.TB
	slow func(n int) time.Duration // how long a Write of so many bytes takes; nil: no time
}

func (w *atOnce) Write(b []byte) (int, error) {
	if !w.busy.TryLock() {
		w.t.Error("two write at once")
		return 0, io.ErrClosedPipe
	}
	defer w.busy.Unlock()
	if w.slow != nil {
		time.Sleep(w.slow(len(b)))
	}
	return w.Buffer.Write(b)
}

// atWriter is memory that takes bytes anywhere, but no byte twice.
type atWriter struct {
	mu    sync.Mutex
	data  []byte
	there []bool
	order []int64 // offsets as they came
	twice bool
}

func newAtWriter(n int64) *atWriter {
	return &atWriter{data: make([]byte, n), there: make([]bool, n)}
}

func (w *atWriter) WriteAt(b []byte, off int64) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.order = append(w.order, off)
	for i := range b {
		w.twice = w.twice || w.there[off+int64(i)]
		w.there[off+int64(i)] = true
	}
	return copy(w.data[off:], b), nil
}
