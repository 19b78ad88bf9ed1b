package transfer

import (
	"bytes"
	"context"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/fetch"
	"github.com/littledl/littledl/internal/httprange"
	"github.com/littledl/littledl/internal/segment"
)

// nowhere takes any write.
type nowhere struct{}

func (nowhere) WriteAt(p []byte, _ int64) (int, error) { return len(p), nil }

// reading is an exchange in the middle of a body, for measuring what a read costs.
func reading(tb testing.TB) (*answer, []byte) {
	e, t := engine(tb)
	f, err := e.newFile(t)
	require.NoError(tb, err)
	f.pin = &httprange.Pin{Size: 1 << 60}
	f.plan.Round()
	f.plan.Ask(0, 1<<60)
	s := f.plan.Take(segment.Worker{}, time.Now())
	return &answer{f: f, s: s, src: f.sources[0], at: f.sources[0].host, until: 1 << 60, ctx: context.Background()}, make([]byte, 256<<10)
}

// TestReadsDoNotAllocate: what a body costs does not grow with the number of reads.
func TestReadsDoNotAllocate(t *testing.T) {
	x, buf := reading(t)
	body := bytes.NewReader(make([]byte, 64<<20))
	perBody := testing.AllocsPerRun(5, func() {
		body.Seek(0, io.SeekStart)
		pos, _ := x.f.plan.Range(x.s)
		require.ErrorIs(t, fetch.Copy(nowhere{}, body, pos, buf, x), io.EOF)
	})
	require.Less(t, perBody, 4.0, "allocations for 256 reads")
}

// BenchmarkRead is what a read of 256 KiB costs besides the system calls.
func BenchmarkRead(b *testing.B) {
	x, buf := reading(b)
	b.ReportAllocs()
	off := int64(0)
	for b.Loop() {
		if x.Room(off) <= 0 {
			b.Fatal("no room")
		}
		if err := x.Wrote(off, buf); err != nil {
			b.Fatal(err)
		}
		off += int64(len(buf))
	}
}
