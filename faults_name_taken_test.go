package littledl_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	. "github.com/littledl/littledl/internal/faultserver"
)

// Something else has the name already.

// 93: whatever has the name already, be it the file's own begin or all of it and more,
// is never written to, and never taken for the file by its length.
func TestUnrelatedFile(t *testing.T) {
	const size = 200 * kib
	right := string(Bytes(Generate("/a.bin", 1, size)))
	for name, text := range map[string]string{
		"shorter": right[:size/2], "as long": strings.Repeat("x", size), "longer": right + "x", "empty": "",
	} {
		for rule, policy := range policies {
			t.Run("93 "+name+", "+rule, func(t *testing.T) {
				inBoth(t, func(b *bed) {
					b.conf.Overwrite = policy
					path := b.plant("a.bin", text)
					id := b.add(b.srv.File("a.bin", Size(size)))
					gets, filename, want := 1, "a.bin", error(nil)
					switch policy {
					case littledl.OverwriteRename:
						filename = "a (1).bin"
					case littledl.OverwriteReplace:
						delete(b.theirs, path)
					case littledl.OverwriteSkip:
						b.want[id] = []Content{strings.NewReader(text)} // what the server calls it is told by the GET
					default:
						want = littledl.ErrFileExists
					}
					require.ErrorIs(b, b.start(), want)
					require.Len(b, b.srv.GETs(), gets)
					if want == nil {
						require.Equal(b, filename, b.task(id).Filename)
						require.Equal(b, policy == littledl.OverwriteSkip, b.task(id).Reused)
					}
				})
			})
		}
	}
}

// 94: name, size and time of another file prove nothing where a digest is given.
func TestCandidateIsProven(t *testing.T) {
	inBoth(t, func(b *bed) {
		f := b.srv.File("a.bin", Size(100*kib))
		path := b.plant("a.bin", strings.Repeat("x", 100*kib))
		modified := f.Representation().LastModified
		require.NoError(b, os.Chtimes(path, modified, modified))
		b.restarts = 1 // the first answer is given up while what is there is looked at
		id := b.add(f, enhHash(f.Content()))
		require.NoError(b, b.start())
		require.Equal(b, "a (1).bin", b.task(id).Filename)
		require.False(b, b.task(id).Reused)
		require.LessOrEqual(b, len(b.srv.GETs()), 2)
	})
}
