package littledl_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
)

// What several sources left is gone on with.

// TestEnhResumeFromAnother is a part whose first source has died meanwhile. Where the
// other one provably has the same file, or the digest will tell, it goes on.
func TestEnhResumeFromAnother(t *testing.T) {
	t.Parallel()
	const name, size = "f.bin", 40 * mib
	same := []faultserver.FileOption{faultserver.Size(size), faultserver.ETag(`"same"`)}
	for what, c := range map[string]struct {
		backup faultserver.FileOption
		hash   bool
		kept   bool
	}{
		"same tag":              {faultserver.ETag(`"same"`), false, true},
		"same tag, other bytes": {enhOther(name, size), false, false},
		"another tag":           {faultserver.ETag(`"other"`), false, false},
		"another tag, a digest": {faultserver.ETag(`"other"`), true, true},
	} {
		t.Run(what, func(t *testing.T) {
			enhBubble(t, func(b *enhBed) {
				b.rates["a.test:80"] = 2 * mib
				x, y := b.origin("a.test"), b.origin("b.test")
				first := x.File(name, same...)
				other := y.File(name, append(same[:2:2], c.backup)...)
				opts := hashIf(c.hash, first)
				y.Behave(faultserver.Status(404)) // not there yet
				b.mirrored(name, first.Content(), opts, x, y)
				time.AfterFunc(600*time.Millisecond, func() { b.get().Cancel() })
				require.ErrorIs(b, b.start(), littledl.ErrCancelled)
				had := b.get().GetAllTasks()[0].Downloaded
				require.Greater(b, had, int64(5*mib))

				b.d, b.want = nil, map[string]faultserver.Content{}
				x.Behave(faultserver.Status(404))
				y.Behave()
				b.read.Store(0)
				b.mirrored(name, other.Content(), opts, x, y)
				require.NoError(b, b.start())
				if c.kept {
					require.Less(b, b.read.Load(), size-had+int64(2*mib))
				} else {
					require.GreaterOrEqual(b, b.read.Load(), int64(size))
				}
			})
		})
	}
}

// TestEnhResumeWhatAMirrorGave: a part that a mirror has filled, after the first source
// had failed, is that mirror's. The first source has another file by then, with the
// same validators, as some servers make them from size and time alone.
func TestEnhResumeWhatAMirrorGave(t *testing.T) {
	t.Parallel()
	const name, size = "f.bin", 40 * mib
	enhBubble(t, func(b *enhBed) {
		b.rates["b.test:80"] = 2 * mib
		x, y := b.origin("a.test"), b.origin("b.test")
		same := []faultserver.FileOption{faultserver.Size(size), faultserver.ETag(`"same"`)}
		x.File(name, append(same[:2:2], enhOther(name, size), faultserver.ETag(`"same"`))...)
		right := y.File(name, same...)
		x.Behave(faultserver.Status(404))
		b.mirrored(name, right.Content(), nil, x, y)
		time.AfterFunc(600*time.Millisecond, func() { b.get().Cancel() })
		require.ErrorIs(b, b.start(), littledl.ErrCancelled)

		b.d, b.want = nil, map[string]faultserver.Content{}
		x.Behave()
		b.read.Store(0)
		b.mirrored(name, right.Content(), nil, x, y)
		require.NoError(b, b.start(), "one file, not a mixture")
		require.Less(b, b.read.Load(), int64(size))
	})
}
