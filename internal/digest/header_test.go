package digest_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/digest"
)

func TestFromHeader(t *testing.T) {
	raw256, raw512 := strings.Repeat("\x01", 32), strings.Repeat("\x02", 64)
	b256, b512 := base64.StdEncoding.EncodeToString([]byte(raw256)), base64.StdEncoding.EncodeToString([]byte(raw512))
	sha256, sha512 := digest.Sum{Algorithm: "sha256", Bytes: raw256}, digest.Sum{Algorithm: "sha512", Bytes: raw512}
	for name, c := range map[string]struct {
		field, value string
		whole        bool
		want         digest.Sum
	}{
		"repr-digest":               {"Repr-Digest", "sha-256=:" + b256 + ":", false, sha256},
		"digest of old":             {"Digest", "SHA-256=" + b256, false, sha256},
		"strongest counts":          {"Repr-Digest", "sha-256=:" + b256 + ":, sha-512=:" + b512 + ":", false, sha512},
		"parameters":                {"Repr-Digest", " sha-512 = :" + b512 + ": ;q=1", false, sha512},
		"unknown beside it":         {"Repr-Digest", "md5=:AAAA:,,=,sha-256=:" + b256 + ":,crc32c=:x", false, sha256},
		"of the content, whole":     {"Content-Digest", "sha-256=:" + b256 + ":", true, sha256},
		"of the content, a part":    {"Content-Digest", "sha-256=:" + b256 + ":", false, digest.Sum{}},
		"length of another":         {"Repr-Digest", "sha-256=:" + b512 + ":", false, digest.Sum{}},
		"no base64":                 {"Repr-Digest", "sha-256=:!" + b256 + ":", false, digest.Sum{}},
		"weak ones do not count":    {"Repr-Digest", "md5=:" + b256 + ":", false, digest.Sum{}},
		"hexadecimal does not, too": {"Digest", "sha-256=" + strings.Repeat("01", 32), false, digest.Sum{}},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, digest.FromHeader(http.Header{c.field: {c.value}}, c.whole))
		})
	}
}

// FuzzFromHeader checks that a digest has its algorithm's length whatever a server
// says, that a part's own digest is never taken for the file's, and that one that is
// well-formed is found among whatever stands beside it.
func FuzzFromHeader(f *testing.F) {
	f.Add("sha-256=:x:", "sha-512=", "", []byte("abc"), false)
	f.Add("md5=:AAAA:,", "", "sha-256=:AAAA:", []byte(nil), true)
	f.Fuzz(func(t *testing.T, repr, old, content string, raw []byte, whole bool) {
		got := digest.FromHeader(http.Header{"Repr-Digest": {repr}, "Digest": {old}, "Content-Digest": {content}}, whole)
		requireSum(t, got)
		if !whole {
			require.Equal(t, digest.FromHeader(http.Header{"Repr-Digest": {repr}, "Digest": {old}}, false), got)
		}

		raw = append(raw, make([]byte, 64)...)[:64]
		want := digest.Sum{Algorithm: "sha512", Bytes: string(raw)}
		value := base64.StdEncoding.EncodeToString(raw)
		first := http.Header{"Repr-Digest": {"sha-512=:" + value + ":," + repr}, "Digest": {old}, "Content-Digest": {content}}
		require.Equal(t, want, digest.FromHeader(first, whole), "the first of those as strong")
		last := http.Header{"Repr-Digest": {"sha-512=:" + value + ":"}, "Digest": {old}}
		require.Equal(t, want, digest.FromHeader(last, whole))
	})
}

func requireSum(t *testing.T, s digest.Sum) {
	t.Helper()
	if s.IsZero() {
		require.Empty(t, s.Bytes)
		return
	}
	require.Contains(t, []string{"sha256", "sha512"}, s.Algorithm)
	size, err := digest.Size(s.Algorithm)
	require.NoError(t, err)
	require.Len(t, s.Bytes, size)
	require.NotPanics(t, func() { s.New() })
}
