package digest_test

import (
	"crypto/sha512"
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/digest"
)

// TestSums checks each algorithm with a vector of its specification, of "abc".
func TestSums(t *testing.T) {
	long := sha512.Sum512([]byte("abc"))
	for algorithm, want := range map[string]string{
		"md5":    "900150983cd24fb0d6963f7d28e17f72",                         // RFC 1321
		"sha1":   "a9993e364706816aba3e25717850c26c9cd0d89d",                 // RFC 3174
		"crc32c": "364b3fb7",                                                 // RFC 3720, and its polynomial
		"sha224": "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7", // FIPS 180-4
		"sha384": "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
		"sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", // FIPS 180-4
		"sha512": hex.EncodeToString(long[:]),
	} {
		raw, err := hex.DecodeString(want)
		require.NoError(t, err)
		size, err := digest.Size(algorithm)
		require.NoError(t, err)
		require.Len(t, raw, size)
		s := digest.Sum{Algorithm: algorithm, Bytes: string(raw)}
		require.False(t, s.IsZero())

		h := s.New()
		h.Write([]byte("ab"))
		require.False(t, s.Matches(h), algorithm)
		h.Write([]byte("c"))
		require.True(t, s.Matches(h), algorithm)
	}
}

func TestSize(t *testing.T) {
	n, err := digest.Size("SHA256")
	require.NoError(t, err, "however it is written")
	require.Equal(t, 32, n)
	_, err = digest.Size("crc32")
	require.ErrorContains(t, err, "use md5, sha1, sha224, sha256, sha384, sha512 or crc32c")
	require.True(t, digest.Sum{}.IsZero())
}

// TestAnd: several digests are one that expects all, in whatever order they were given, and
// two different ones of one algorithm are none.
func TestAnd(t *testing.T) {
	of := func(algorithm, text string) digest.Sum {
		s := digest.Sum{Algorithm: algorithm}
		h := s.New()
		h.Write([]byte(text))
		s.Bytes = string(h.Sum(nil))
		return s
	}
	and := func(a, b digest.Sum) digest.Sum {
		both, ok := a.And(b)
		require.True(t, ok)
		return both
	}
	sha, md := of("sha256", "abc"), of("md5", "abc")
	both := and(sha, md)
	require.Equal(t, both, and(md, sha))
	require.Equal(t, both, and(both, sha))
	require.Equal(t, sha, and(digest.Sum{}, sha))
	require.Equal(t, sha, and(sha, digest.Sum{}))
	_, ok := both.And(of("md5", "other"))
	require.False(t, ok)

	h := both.New()
	h.Write([]byte("a"))
	h.Write([]byte("bc"))
	require.True(t, both.Matches(h))
	require.Equal(t, len(both.Bytes), h.Size())
	require.Zero(t, h.BlockSize()%sha.New().BlockSize())
	wrong := and(sha, of("md5", "other"))
	require.False(t, wrong.Matches(h))
	require.Contains(t, wrong.Mismatch(h), "md5 is 900150983cd24fb0d6963f7d28e17f72, not ")
	h.Reset()
	require.False(t, both.Matches(h))
}
