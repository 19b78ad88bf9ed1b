package littledl_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	. "github.com/littledl/littledl/internal/faultserver"
	"github.com/littledl/littledl/internal/partfile"
)

// Bytes of which no request has told that it brought them, when another source is to go on.

// TestKeptBesideRejected: a source that is rejected while its first answer still arrives has
// brought that for the next one to go on with.
func TestKeptBesideRejected(t *testing.T) {
	enhBubble(t, func(b *enhBed) {
		const size = 100 * mib
		b.rates["a.test:80"] = mib
		a, c := b.origin("a.test"), b.origin("b.test")
		f := a.File("f", Size(size), Behave(After(1, Delay(1500*time.Millisecond)), After(1, Status(404))))
		c.File("f", sameAs(f)...)
		id := b.mirrored("f", f.Content(), nil, a, c)
		require.NoError(b, b.start())
		require.Greater(b, b.task(id).Sources[0].Bytes, int64(2*mib))
		require.EqualValues(b, size, b.task(id).Sources[0].Bytes+b.task(id).Sources[1].Bytes)
	})
}

// TestKeptOverAPause: a pause ends requests before they do, and what they brought is gone on
// with from another source when the first has died meanwhile.
func TestKeptOverAPause(t *testing.T) {
	enhBubble(t, func(b *enhBed) {
		const size = 100 * mib
		b.rates["a.test:80"] = mib
		a, c := b.origin("a.test"), b.origin("b.test")
		f := a.File("f", Size(size))
		c.File("f", sameAs(f)...)
		id := b.mirrored("f", f.Content(), nil, a, c)
		time.AfterFunc(2*time.Second, func() { _ = b.d.Pause() })
		time.AfterFunc(3*time.Second, a.Close)
		time.AfterFunc(4*time.Second, func() { _ = b.d.Resume() })
		require.NoError(b, b.start())
		require.Greater(b, b.task(id).Sources[0].Bytes, int64(20*mib))
		require.EqualValues(b, size, b.task(id).Sources[0].Bytes+b.task(id).Sources[1].Bytes)
	})
}

// TestSpoiltPartAtTheSplice: all that another process has left turns out to be spoilt, and its
// source dies before it has brought a byte. Then there is nothing to compare the next by.
func TestSpoiltPartAtTheSplice(t *testing.T) {
	enhBubble(t, func(b *enhBed) {
		b.conf.StallTimeout = 2 * time.Second
		b.rates["a.test:80"] = 2 * mib
		a, c := b.origin("a.test"), b.origin("b.test")
		f := a.File("f", Size(40*mib))
		c.File("f", sameAs(f)...)
		b.mirrored("f", f.Content(), nil, a, c)
		time.AfterFunc(600*time.Millisecond, func() { _ = b.d.Cancel() })
		require.ErrorIs(b, b.start(), littledl.ErrCancelled)
		for _, name := range b.list() {
			if strings.HasSuffix(name, partfile.Suffix) {
				part := filepath.Join(b.dir, name)
				info, err := os.Stat(part)
				require.NoError(b, err)
				require.NoError(b, os.WriteFile(part, make([]byte, info.Size()), 0o666))
			}
		}

		b.d, b.want = nil, map[string]Content{}
		f.Behave(First(1, Stall(0)), After(1, Status(404)))
		b.mirrored("f", f.Content(), nil, a, c)
		require.NoError(b, b.start())
	})
}
