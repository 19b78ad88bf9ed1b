package partfile

import (
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/journal"
)

// recording runs a test of a recorder in virtual time; noted is what the journal has.
func recording(t *testing.T, test func(p *Part, noted func() []journal.Extent)) {
	synctest.Test(t, func(t *testing.T) {
		path := t.TempDir()
		d, err := OpenDir(path, "")
		require.NoError(t, err)
		defer d.Close()
		p, err := d.Create("a.bin", "k")
		require.NoError(t, err)
		require.NoError(t, p.Log(journal.Head{Size: 1 << 40}))
		test(p, func() []journal.Extent { return logOf(t, path, "a.bin.k.ldjournal").Extents })
		p.Discard()
	})
}

// TestRecorderBySize: what a connection wrote is noted every 2 MiB.
func TestRecorderBySize(t *testing.T) {
	recording(t, func(p *Part, noted func() []journal.Extent) {
		data := make([]byte, 256<<10)
		rand.NewChaCha8([32]byte{1}).Read(data)
		r := p.Record()
		const off = 10 << 20
		for n := range 24 {
			require.NoError(t, r.Wrote(off+int64(n)*int64(len(data)), data))
			require.Len(t, noted(), (n+1)/8)
		}
		for n, e := range noted() {
			require.Equal(t, extentOf(off+int64(n)*2<<20, strings.Repeat(string(data), 8)), e)
		}
		require.NoError(t, r.Flush())
		require.Len(t, noted(), 3, "nothing was left")
		require.NoError(t, r.Wrote(0, make([]byte, 3<<20)))
		require.Len(t, noted(), 4, "more than that in one piece is one extent")
	})
}

// TestRecorderByTime: a slow connection's bytes are noted with the first of them that
// comes when they are a second old; at first when they are younger.
func TestRecorderByTime(t *testing.T) {
	recording(t, func(p *Part, noted func() []journal.Extent) {
		r := p.Record()
		var want []journal.Extent
		off := int64(0)
		for _, age := range []time.Duration{50, 100, 200, 400, 800, 1000, 1000} {
			require.NoError(t, r.Wrote(off, []byte("a")))
			time.Sleep(age*time.Millisecond - time.Millisecond)
			require.NoError(t, r.Wrote(off+1, []byte("b")))
			require.Equal(t, want, noted())
			time.Sleep(time.Millisecond)
			require.NoError(t, r.Wrote(off+2, []byte("c")))
			want = append(want, extentOf(off, "abc"))
			require.Equal(t, want, noted())
			off += 3
			time.Sleep(time.Hour) // the time begins with the first byte
		}
		require.NoError(t, r.Wrote(off, []byte("d")))
		require.Equal(t, want, noted())
		require.NoError(t, r.Flush())
		require.Equal(t, append(want, extentOf(off, "d")), noted())
	})
}

// TestRecorderElsewhere: what does not follow on is an extent of its own.
func TestRecorderElsewhere(t *testing.T) {
	recording(t, func(p *Part, noted func() []journal.Extent) {
		r := p.Record()
		require.NoError(t, r.Flush(), "of nothing")
		for _, w := range []struct {
			off  int64
			text string
		}{{100, "ab"}, {102, "c"}, {200, "gap"}, {50, "back"}, {53, "overlap"}, {53, "again"}} {
			require.NoError(t, r.Wrote(w.off, []byte(w.text)))
		}
		require.Equal(t, []journal.Extent{extentOf(100, "abc"), extentOf(200, "gap"), extentOf(50, "back"), extentOf(53, "overlap")}, noted())
		require.NoError(t, r.Flush())
		require.Equal(t, extentOf(53, "again"), noted()[4])
	})
}

// TestRecorders: several note side by side, and nothing of any is lost.
func TestRecorders(t *testing.T) {
	recording(t, func(p *Part, noted func() []journal.Extent) {
		race(8, func(i int) {
			r := p.Record()
			for n := range 50 {
				require.NoError(t, r.Wrote(int64(i)<<30+2*int64(n), []byte{byte(i)}))
			}
			require.NoError(t, r.Flush())
		})
		require.Len(t, noted(), 8*50)
	})
}
