package digest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/digest"
)

// TestPieces: a file has as many as its size says, the last as long as it is.
func TestPieces(t *testing.T) {
	one, err := digest.Parse("md5", "900150983cd24fb0d6963f7d28e17f72")
	require.NoError(t, err)
	p := digest.Pieces{Length: 10, Algorithm: "md5", Sums: one.Bytes + "0123456789012345" + one.Bytes}
	require.Equal(t, 3, p.Len())
	require.Equal(t, 16, p.Strength())
	require.Equal(t, one, p.Of(2))
	require.Equal(t, "0123456789012345", p.Of(1).Bytes)
	for size, fits := range map[int64]bool{0: false, 20: false, 21: true, 30: true, 31: false} {
		require.Equal(t, fits, p.Fits(size), size)
	}
	p.Length = 1<<63 - 1
	require.False(t, p.Fits(1<<63-1))
}
