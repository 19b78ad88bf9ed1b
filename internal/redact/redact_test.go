package redact_test

import (
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/redact"
)

func TestURL(t *testing.T) {
	for raw, want := range map[string]string{
		"http://a.test/x/y.bin":                    "http://a.test/x/y.bin",
		"https://user:secret@a.test:8443/x":        "https://a.test:8443/x",
		"https://secret@a.test/x":                  "https://a.test/x",
		"https://a.test/x?X-Amz-Signature=secret":  "https://a.test/x",
		"https://a.test/x?":                        "https://a.test/x",
		"https://a.test/x#access_token=secret":     "https://a.test/x",
		"https://a.test/a%20b?sig=secret#secret":   "https://a.test/a%20b",
		"http://a.test/%zz?token=secret":           "http://a.test/%zz…",
		"http://a.test/\x1b[31mred\nnext?s=secret": "http://a.test/?[31mred?next…",
		"":                     "",
		"://":                  "://",
		"user:secret@a.test/x": "user:…",
		"file.bin":             "file.bin",
		"http://a.test/" + strings.Repeat("é", 200): "http://a.test/" + strings.Repeat("%C3%A9", 200),
	} {
		require.Equal(t, want, redact.URL(raw))
	}
}

// TestNoSecretInUnparsable holds for what url.Parse refuses, too.
func TestNoSecretInUnparsable(t *testing.T) {
	for _, raw := range []string{
		"http://user:secret@a.test:port/x",
		"http://user:secret@[::1/x",
		"http://us er:secret@a.test/\x7f",
		"us er:secret@a.test",
		"http://user:sec?secret@a.test:port/x",
		"http://user:secret?x@a.test:port/x",
		"http://a.test:port/x?sig=secret",
		"http://a.test:port/x#secret",
	} {
		_, err := url.Parse(raw)
		require.Error(t, err, "a case for the other test")
		require.NotContains(t, redact.URL(raw), "secret", raw)
	}
}

func TestParsedLeavesItsArgument(t *testing.T) {
	u, err := url.Parse("http://user:secret@a.test/x?q=1#f")
	require.NoError(t, err)
	require.Equal(t, "http://a.test/x", redact.Parsed(u))
	require.Equal(t, "http://user:secret@a.test/x?q=1#f", u.String())
}

func TestText(t *testing.T) {
	require.Equal(t, "plain text", redact.Text("plain text"))
	require.Equal(t, "?[2Jgone?line?", redact.Text("\x1b[2Jgone\nline\x00"))
	require.Equal(t, "a?b", redact.Text("a\u202eb"), "no turning of the direction of writing")
	require.Equal(t, "a?", redact.Text("a\xff"))
	require.Equal(t, strings.Repeat("x", 500)+"?[2J", redact.Line(strings.Repeat("x", 500)+"\u009b[2J"))
	long := redact.Text(strings.Repeat("é", 500))
	require.LessOrEqual(t, len(long), 203)
	require.True(t, utf8.ValidString(long))
	require.True(t, strings.HasSuffix(long, "é…"))
}
