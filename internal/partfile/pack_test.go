package partfile

import (
	"io/fs"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPack: what identifies a part comes back as it was, but for what is not compared.
func TestPack(t *testing.T) {
	for _, k := range []Kept{
		{},
		{name: "a.bin.0123abcd.ldpart", is: Identity{dev: 1, ino: math.MaxUint64, size: 1 << 40, mtime: -1}, id: math.MaxUint64, nonce: 7},
	} {
		b, ok := k.Pack([]byte("before"))
		require.True(t, ok)
		got, rest := UnpackKept(append(b, "behind"...)[len("before"):])
		require.Equal(t, k, got)
		require.Equal(t, "behind", string(rest))
	}
	_, ok := Kept{info: struct{ fs.FileInfo }{}}.Pack(nil)
	require.False(t, ok)
}
