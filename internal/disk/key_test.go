package disk

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/httprange"
)

func at(t *testing.T, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	require.NoError(t, err)
	return u
}

func TestUnsigned(t *testing.T) {
	for raw, want := range map[string]string{
		"http://a.test/x":                                            "http://a.test/x",
		"http://me:secret@a.test/x?b=2&a=1#part":                     "http://a.test/x?a=1&b=2",
		"http://a.test/x?X-Amz-Signature=1&X-Goog-Date=2&id=3":       "http://a.test/x?id=3",
		"http://a.test/x?Signature=1&Expires=2&Key-Pair-Id=3":        "http://a.test/x",
		"http://a.test/x?se=1&sp=2&sv=3&sr=4&sig=5&skoid=6&v=1":      "http://a.test/x?v=1",
		"http://a.test/x?x-oss-expires=1&OSSAccessKeyId=2&id=3":      "http://a.test/x?id=3",
		"http://a.test/x?q-ak=1&q-signature=2&q=3":                   "http://a.test/x?q=3",
		"http://a.test/x?access_token=1&hdnts=2&verify=3&auth_key=4": "http://a.test/x",
		"http://a.test/x?signature_of=the+author&expires_in=day":     "http://a.test/x?expires_in=day&signature_of=the+author",
	} {
		require.Equal(t, want, Unsigned(at(t, raw)), raw)
	}
}

func TestPartKey(t *testing.T) {
	u, v := at(t, "http://a.test/x?token=1"), at(t, "http://b.test/x")
	require.Equal(t, PartKey("d", "", u), PartKey("e", "", at(t, "http://a.test/x?token=2")), "of a URL")
	require.NotEqual(t, PartKey("d", "", u), PartKey("d", "", v))
	one, two := PartKey("d", "", at(t, "http://a.test/x?id=1")), PartKey("d", "", at(t, "http://a.test/x?id=2"))
	require.NotEqual(t, one, two)
	require.Equal(t, PartKey("d", "", u), one[:8], "of one path")
	require.Equal(t, one[:8], two[:8])
	require.Equal(t, PartKey("d/e", "x", u), PartKey("d", "e/x", v), "of a path, however it is spelled")
	require.NotEqual(t, PartKey("d", "x", u), PartKey("d", "y", u))
}

// TestMarkOf: marks are equal only for one URL and one version of it.
func TestMarkOf(t *testing.T) {
	const day = "Tue, 01 Jan 1980 00:00:00 GMT"
	base := httprange.Pin{Size: 5, ETag: `"e"`, LastModified: day}
	m := MarkOf(at(t, "http://a.test/x?sig=1"), base)
	require.Equal(t, m, MarkOf(at(t, "http://a.test/x?sig=2"), base))
	other := MarkOf(at(t, "http://b.test/x"), base)
	require.NotEqual(t, m.Source, other.Source)
	require.NotEqual(t, m.Version, other.Version)
	for what, pin := range map[string]httprange.Pin{
		"size":          {Size: 6, ETag: `"e"`, LastModified: day},
		"etag":          {Size: 5, ETag: `"f"`, LastModified: day},
		"last-modified": {Size: 5, ETag: `"e"`, LastModified: "Tue, 01 Jan 1980 00:00:01 GMT"},
		"no etag":       {Size: 5, LastModified: day},
		"no date":       {Size: 5, ETag: `"e"`},
	} {
		got := MarkOf(at(t, "http://a.test/x"), pin)
		require.Equal(t, m.Source, got.Source, what)
		require.NotEqual(t, m.Version, got.Version, what)
	}
	for what, pin := range map[string]httprange.Pin{
		"nothing": {Size: 5}, "a weak etag": {Size: 5, ETag: `W/"e"`}, "no date": {Size: 5, LastModified: "yesterday"},
	} {
		require.True(t, MarkOf(at(t, "http://a.test/x"), pin).IsZero(), what)
	}
}
