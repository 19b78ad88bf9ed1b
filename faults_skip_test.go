package littledl_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	. "github.com/littledl/littledl/internal/faultserver"
)

// 175: what OverwriteSkip leaves where it is must have the digest that was given.
func TestSkipVerifies(t *testing.T) {
	disposition := Behave(Disposition(`attachment; filename="a.bin"`))
	for name, c := range map[string]struct {
		url  string
		opts []littledl.URLOption
		does FileOption
		link bool
		gets int
	}{
		"175 by URL":             {url: "a.bin", gets: 1},
		"175 by WithFilename":    {url: "x", opts: []littledl.URLOption{littledl.WithFilename("a.bin")}},
		"175 by the server":      {url: "get", does: disposition, gets: 1},
		"175 through a link":     {url: "x", opts: []littledl.URLOption{littledl.WithFilename("a.bin")}, link: true, gets: 1},
		"175 in a sub-directory": {url: "x", opts: []littledl.URLOption{littledl.WithFilename("s/a.bin")}},
	} {
		for _, same := range []bool{true, false} {
			t.Run(name+map[bool]string{true: ", the same", false: ", another"}[same], func(t *testing.T) {
				inBoth(t, func(b *bed) {
					b.conf.Overwrite = littledl.OverwriteSkip
					opts := []FileOption{Size(20 * kib)}
					if c.does != nil {
						opts = append(opts, c.does)
					}
					f := b.srv.File(c.url, opts...)
					text := string(Bytes(f.Content()))
					if !same {
						text = "of yesterday"
					}
					at := "a.bin"
					if name == "175 in a sub-directory" {
						at = "s/a.bin"
						require.NoError(b, os.Mkdir(filepath.Join(b.dir, "s"), 0o700))
					}
					if c.link {
						elsewhere := filepath.Join(b.TempDir(), "elsewhere")
						require.NoError(b, os.WriteFile(elsewhere, []byte(text), 0o600))
						require.NoError(b, os.Symlink(elsewhere, filepath.Join(b.dir, at)))
					} else {
						b.plant(at, text)
					}
					d := b.another()
					id := b.queue(d, f, append(c.opts, enhHash(f.Content()))...)
					err := b.run(d)
					require.LessOrEqual(b, len(b.srv.GETs()), c.gets)
					if got, readErr := os.ReadFile(filepath.Join(b.dir, at)); readErr != nil || string(got) != text {
						b.Error("it was not left as it is")
					}
					if same {
						require.NoError(b, err)
						require.True(b, snapshot(b, d, id).Reused)
						return
					}
					require.ErrorIs(b, err, littledl.ErrHashMismatch)
					require.Len(b, holds(b, b.dir), 1)
				})
			})
		}
	}
}
