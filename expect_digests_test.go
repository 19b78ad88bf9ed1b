package littledl_test

import (
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"hash/crc32"
	"hash/fnv"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	. "github.com/littledl/littledl/internal/faultserver"
)

// sri384 is a content's digest in the words of Subresource Integrity.
func sri384(c Content) string {
	sum := sha512.Sum384(Bytes(c))
	return "sha384-" + base64.StdEncoding.EncodeToString(sum[:])
}

// ownHash is WithVerifier by a hash that the library does not know, for a content.
func ownHash(c Content, wrong bool) littledl.URLOption {
	h := fnv.New128a()
	h.Write(Bytes(c))
	sum := h.Sum(nil)
	if wrong {
		sum[0]++
	}
	return littledl.WithVerifier(func() hash.Hash { return fnv.New128a() }, sum)
}

// digests are options that expect a content, and such as expect another.
func digests(c Content) (right, wrong map[string][]littledl.URLOption) {
	other := Generate("other", 1, 10)
	crc := crc32.Checksum(Bytes(c), crc32.MakeTable(crc32.Castagnoli))
	crcText := hex.EncodeToString([]byte{byte(crc >> 24), byte(crc >> 16), byte(crc >> 8), byte(crc)})
	right = map[string][]littledl.URLOption{
		"several":      {enhHash(c), littledl.WithHash("crc32c", crcText), littledl.WithIntegrity(sri384(c))},
		"alternatives": {littledl.WithIntegrity(sri384(other) + " " + sri384(c))},
		"in hex":       {littledl.WithIntegrity("sha256:" + Sum(c))},
		"own":          {ownHash(c, false)},
		"own and more": {enhHash(c), ownHash(c, false)},
	}
	wrong = map[string][]littledl.URLOption{
		"one of several": {enhHash(c), littledl.WithHash("crc32c", "00000000")},
		"alternatives":   {littledl.WithIntegrity(sri384(other))},
		"own":            {ownHash(c, true)},
		"own of several": {enhHash(c), ownHash(c, true)},
	}
	return right, wrong
}

// TestDigests: every kind of digest holds before the file has its name, and is told of afterwards.
func TestDigests(t *testing.T) {
	for _, size := range []int64{20 * kib, 8 * mib} {
		content := Generate("a.bin", 1, size)
		right, wrong := digests(content)
		for what, opts := range right {
			t.Run(what, func(t *testing.T) {
				inBoth(t, func(b *bed) {
					id := b.add(b.srv.File("a.bin", Data(Bytes(content))), opts...)
					require.NoError(b, b.start())
					got := b.task(id)
					require.True(b, got.LengthVerified)
					if what == "own" {
						require.Empty(b, got.Digest, "it has no name")
					} else if what == "alternatives" {
						sum := sha512.Sum384(Bytes(content))
						require.Equal(b, "sha384:"+hex.EncodeToString(sum[:]), got.Digest)
					}
				})
			})
		}
		for what, opts := range wrong {
			t.Run(what+", wrong", func(t *testing.T) {
				inBoth(t, func(b *bed) {
					b.add(b.srv.File("a.bin", Data(Bytes(content))), opts...)
					require.ErrorIs(b, b.start(), littledl.ErrHashMismatch)
					entries, err := os.ReadDir(b.dir)
					require.NoError(b, err)
					require.Empty(b, entries)
				})
			})
		}
	}
}

// TestDigestsFindTheFile: what is there is proven by any of them, and nobody is asked.
func TestDigestsFindTheFile(t *testing.T) {
	content := Generate("a.bin", 1, 20*kib)
	right, _ := digests(content)
	for what, opts := range right {
		t.Run(what, func(t *testing.T) {
			inBoth(t, func(b *bed) {
				b.plant("a.bin", string(Bytes(content)))
				id := b.add(b.srv.File("a.bin", Data(Bytes(content))), opts...)
				require.NoError(b, b.start())
				require.True(b, b.task(id).Reused)
				require.Empty(b, b.srv.Requests())
			})
		})
	}
}
