package littledl

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/partfile"
)

// TestUnchanged: what was hashed counts only if nobody has written to it meanwhile.
func TestUnchanged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	require.NoError(t, os.WriteFile(path, []byte("hello"), 0o600))
	require.NoError(t, os.Chtimes(path, time.Time{}, time.Now().Add(-time.Hour)))
	dir, err := partfile.OpenDir(filepath.Dir(path), "")
	require.NoError(t, err)
	defer dir.Close()
	g, err := dir.Open("f")
	require.NoError(t, err)
	defer g.Close()
	before, err := g.Stat()
	require.NoError(t, err)
	require.True(t, unchanged(g, before))
	require.NoError(t, os.WriteFile(path, []byte("jello"), 0o600))
	require.False(t, unchanged(g, before))
	require.NoError(t, os.Chtimes(path, time.Time{}, before.ModTime()))
	if _, reliable := partfile.IdentityOf(before); reliable {
		require.False(t, unchanged(g, before), "the time of the change tells")
	}
}
