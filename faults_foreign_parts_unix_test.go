//go:build unix

package littledl_test

import (
	"fmt"
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

// 184: whoever has seen the name of a part, and takes all that could come next, be it for parts
// or for journals, hinders nobody: the file is fetched, and gone on from in the next run.
func TestForeignAtEveryPartName(t *testing.T) {
	for name, suffixes := range map[string][]string{
		"184 parts": {partfile.Suffix}, "184 journals": {partfile.JournalSuffix}, "184 both": {partfile.Suffix, partfile.JournalSuffix},
	} {
		t.Run(name, func(t *testing.T) {
			inBoth(t, func(b *bed) {
				f := b.leave()
				_, parts := b.listing()
				require.Len(b, parts, 1)
				stem := strings.TrimSuffix(parts[0], partfile.Suffix)
				for _, suffix := range []string{partfile.Suffix, partfile.JournalSuffix} {
					require.NoError(b, os.Remove(stem+suffix))
				}
				planted := map[string]bool{}
				for n := range 30 {
					for _, suffix := range suffixes {
						at := stem + fmt.Sprint("-", n) + suffix
						if n == 0 {
							at = stem + suffix
						}
						require.NoError(b, os.Mkdir(at, 0o700))
						planted[filepath.Base(at)] = true
					}
				}
				b.d, b.want = nil, map[string][]Content{}
				b.add(f)
				time.AfterFunc(time.Second, func() { b.d.Cancel() })
				require.ErrorIs(b, b.d.Start(b.Context()), littledl.ErrCancelled)
				b.read.Store(0)
				b.anew(f)
				require.Less(b, b.read.Load(), int64(6*mib), "it was gone on from")
				entries, err := os.ReadDir(b.dir)
				require.NoError(b, err)
				for _, e := range entries {
					require.True(b, planted[e.Name()] || e.Name() == "a.bin", e.Name())
				}
				require.Len(b, entries, len(planted)+1)
			})
		})
	}
}
