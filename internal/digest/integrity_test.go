package digest_test

import (
	"encoding/base64"
	"hash"
	"hash/fnv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/digest"
)

// of is the digest of a text.
func of(algorithm, text string) digest.Sum {
	s := digest.Sum{Algorithm: algorithm}
	h := s.New()
	h.Write([]byte(text))
	s.Bytes = string(h.Sum(nil))
	return s
}

// sri is that in the words of the specification.
func sri(algorithm, text string) string {
	return algorithm + "-" + base64.StdEncoding.EncodeToString([]byte(of(algorithm, text).Bytes))
}

// matches reports whether a text has what is expected.
func matches(s digest.Sum, text string) bool {
	h := s.New()
	h.Write([]byte(text))
	return s.Matches(h)
}

// TestIntegrity: of several the strongest count, and any of those will do.
func TestIntegrity(t *testing.T) {
	for what, c := range map[string]struct {
		text string
		yes  string // texts that it accepts, one letter each
	}{
		"one":                     {sri("sha384", "a"), "a"},
		"alternatives":            {sri("sha512", "a") + " " + sri("sha512", "b"), "ab"},
		"the strongest":           {sri("sha256", "a") + "\n\t" + sri("sha384", "b") + " " + sri("sha256", "c"), "b"},
		"the same twice":          {sri("sha256", "a") + " " + sri("sha256", "a"), "a"},
		"options":                 {sri("sha256", "a") + "?ct=x?y", "a"},
		"however it is written":   {strings.Replace(sri("sha256", "a"), "sha256", "SHA256", 1), "a"},
		"unknown beside it":       {"sha3-abc " + sri("sha256", "a") + " md5-" + strings.Repeat("A", 22), "a"},
		"without padding":         {strings.TrimRight(sri("sha256", "a"), "="), "a"},
		"the other alphabet":      {strings.NewReplacer("+", "-", "/", "_").Replace(sri("sha512", "a")[7:]), ""},
		"hexadecimal":             {"sha256:ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb", "a"},
		"hexadecimal by another":  {"crc32c:c1d04330", "a"},
		"hexadecimal, and blanks": {" sha256:CA978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb\n", "a"},
	} {
		t.Run(what, func(t *testing.T) {
			if what == "the other alphabet" {
				c.text, c.yes = "sha512-"+c.text, "a"
			}
			s, err := digest.Integrity(c.text)
			require.NoError(t, err)
			for _, text := range []string{"a", "b", "c", ""} {
				require.Equal(t, text != "" && strings.Contains(c.yes, text), matches(s, text), "%q", text)
			}
		})
	}
	for _, text := range []string{
		"", " ", "sha256", "sha256-", "-", "sha256-!!!!", "sha256-" + strings.Repeat("A", 20), "sha3-abc", "md5-1B2M2Y8AsgTpgAmyPhCfg==",
		sri("sha384", "a") + " sha384-AAAA", sri("sha384", "a") + " nonsense", "sha256:", "sha256:ab", "sha999:ab", ":",
	} {
		_, err := digest.Integrity(text)
		require.Error(t, err, "%q", text)
		require.Less(t, len(err.Error()), 500)
	}
	a, err := digest.Integrity(sri("sha512", "a") + " " + sri("sha512", "b"))
	require.NoError(t, err)
	b, err := digest.Integrity(sri("sha512", "b") + " " + sri("sha512", "a"))
	require.NoError(t, err)
	require.Equal(t, a, b, "whatever the order")
}

// TestAndAlternatives: what both expect is what either does.
func TestAndAlternatives(t *testing.T) {
	ab, err := digest.Integrity(sri("sha384", "a") + " " + sri("sha384", "b"))
	require.NoError(t, err)
	both, ok := ab.And(of("sha384", "b"))
	require.True(t, ok)
	require.Equal(t, of("sha384", "b"), both)
	_, ok = ab.And(of("sha384", "c"))
	require.False(t, ok)
	both, ok = ab.And(of("md5", "a"))
	require.True(t, ok)
	require.True(t, matches(both, "a"))
	require.False(t, matches(both, "b"))
	require.Equal(t, "md5+sha384", both.Kind())
	algorithm, sum := both.Strongest(of("md5", "a").Bytes + of("sha384", "a").Bytes)
	require.Equal(t, of("sha384", "a"), digest.Sum{Algorithm: algorithm, Bytes: sum})
	require.Contains(t, ab.Mismatch(hashed(ab, "c")), " or ")
}

func hashed(s digest.Sum, text string) hash.Hash {
	h := s.New()
	h.Write([]byte(text))
	return h
}

// TestOwn: a function of the caller's holds beside the others.
func TestOwn(t *testing.T) {
	make := func() hash.Hash { return fnv.New64a() }
	h := make()
	h.Write([]byte("a"))
	own := digest.Sum{Own: &digest.Own{New: make, Sum: string(h.Sum(nil))}}
	require.False(t, own.IsZero())
	require.True(t, own.Named().IsZero())
	require.True(t, matches(own, "a"))
	require.False(t, matches(own, "b"))
	require.Contains(t, own.Mismatch(hashed(own, "b")), "own digest")
	both, ok := of("sha224", "a").And(own)
	require.True(t, ok)
	require.True(t, matches(both, "a"))
	twice, ok := own.And(own)
	require.True(t, ok)
	require.True(t, matches(twice, "a"))
	both, ok = of("sha224", "b").And(own)
	require.True(t, ok)
	require.False(t, matches(both, "a"))
	require.False(t, matches(both, "b"))
}

// FuzzIntegrity: what is taken expects something, and has the length of its algorithm.
func FuzzIntegrity(f *testing.F) {
	f.Add("sha256-x sha512-", "sha256:ab")
	f.Fuzz(func(t *testing.T, a, b string) {
		for _, text := range []string{a, b, a + " " + sri("sha256", "a") + " " + b} {
			if s, err := digest.Integrity(text); err == nil {
				require.False(t, s.IsZero())
				require.Zero(t, len(s.Bytes)%s.New().Size())
			}
		}
	})
}
