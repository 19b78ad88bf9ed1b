//go:build unix

package littledl_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
)

// TestOverwriteTable: what README.md says in its table of files that are there already.
func TestOverwriteTable(t *testing.T) {
	t.Parallel()
	type cell struct {
		gets   int   // requests for the body
		stays  bool  // what was there
		second bool  // the new one is "name (1)"
		err    error // what the task fails with
	}
	// Under OverwriteSkip one request tells the name, unless that is given.
	kept, compared := cell{stays: true}, cell{gets: 1, stays: true}
	unseen := compared
	for name, row := range map[string]struct {
		policy              littledl.OverwritePolicy
		proven, same, other cell
	}{
		"rename":          {littledl.OverwriteRename, kept, compared, cell{gets: 1, stays: true, second: true}},
		"changed":         {littledl.OverwriteChanged, kept, compared, cell{gets: 1}},
		"error":           {littledl.OverwriteError, kept, compared, cell{gets: 1, stays: true, err: littledl.ErrFileExists}},
		"skip":            {littledl.OverwriteSkip, kept, unseen, unseen},
		"changed, digest": {littledl.OverwriteChanged, kept, kept, cell{gets: 1}},
		"rename, digest":  {littledl.OverwriteRename, kept, kept, cell{gets: 1, stays: true, second: true}},
		"skip a name":     {littledl.OverwriteSkip, kept, kept, kept},
		"replace":         {littledl.OverwriteReplace, cell{gets: 1}, cell{gets: 1}, cell{gets: 1}},
	} {
		for state, want := range map[string]cell{"proven": row.proven, "same": row.same, "other": row.other} {
			t.Run(name+"/"+state, func(t *testing.T) {
				batchBubble(t, func(b *batch) {
					f := b.srv.File("a.bin", faultserver.Size(20*kib))
					path := filepath.Join(b.dir, "a.bin")
					text := faultserver.Bytes(f.Content())
					switch state {
					case "proven":
						b.add(f)
						require.NoError(b, b.get().Start(b.Context()))
						b.d = nil
					case "other":
						text = append([]byte("another"), text[7:]...)
						fallthrough
					case "same":
						require.NoError(b, os.WriteFile(path, text, 0o600))
					}
					before, err := os.Stat(path)
					require.NoError(b, err)
					b.srv.ResetRecords()
					b.conf.Overwrite = row.policy
					var opts []littledl.URLOption
					switch {
					case name == "skip a name":
						opts = append(opts, littledl.WithFilename("a.bin"))
					case strings.HasSuffix(name, ", digest"):
						opts = append(opts, enhHash(f.Content()))
					}
					id := b.add(f, opts...)
					err = b.get().Start(b.Context())
					require.True(b, errors.Is(err, want.err), "%v", err)

					require.Len(b, b.srv.GETs(), want.gets)
					if len(opts) > 0 && want.gets == 0 {
						require.Empty(b, b.srv.Requests())
					}
					after, err := os.Stat(path)
					require.NoError(b, err)
					require.Equal(b, want.stays, os.SameFile(before, after))
					here, err := os.ReadFile(path)
					require.NoError(b, err)
					if want.stays {
						require.Equal(b, text, here)
					} else {
						b.same(path, f.Content())
					}
					files := []string{"a.bin"}
					if want.second {
						files = []string{"a (1).bin", "a.bin"}
						b.same(b.task(id).Path(), f.Content())
					}
					require.Equal(b, files, b.list())
					require.Equal(b, want == kept || row.policy == littledl.OverwriteSkip, b.task(id).Reused)
				})
			})
		}
	}
}
