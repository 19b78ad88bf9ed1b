package safename_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/safename"
)

func TestCheckUser(t *testing.T) {
	for in, want := range map[string]string{
		"a.txt":                  "a.txt",
		"sub/dir/a.txt":          "sub/dir/a.txt",
		"./a//b/./c":             "a/b/c",
		"a/../b":                 "b",
		".bashrc":                ".bashrc", // the caller may
		"-rf":                    "-rf",
		"größe/日本":               "größe/日本",
		strings.Repeat("x", 255): strings.Repeat("x", 255),
	} {
		got, err := safename.CheckUser(in)
		require.NoError(t, err, in)
		require.Equal(t, want, got)
	}
	for in, why := range map[string]string{
		"":                               "empty",
		".":                              "not below",
		"..":                             "not below",
		"../a":                           "not below",
		"a/../../b":                      "not below",
		"a/..":                           "not below",
		"/etc/passwd":                    "absolute",
		"a/":                             "slash",
		"a\x00b":                         "control",
		"a\nb":                           "control",
		"a\u0085b":                       "control",
		"a\xffb":                         "UTF-8",
		"a/" + strings.Repeat("x", 256):  "255",
		strings.Repeat("ü", 128) + "/ok": "255",
	} {
		_, err := safename.CheckUser(in)
		require.ErrorIs(t, err, safename.ErrUnsafe, "%q", in)
		require.ErrorContains(t, err, why, "%q", in)
		require.NotContains(t, err.Error(), "\n")
		require.Less(t, len(err.Error()), 1000)
	}
}

func TestNumbered(t *testing.T) {
	for _, c := range []struct {
		name string
		n    int
		want string
	}{
		{"a.txt", 0, "a.txt"},
		{"a.txt", 1, "a (1).txt"},
		{"a.txt", 12, "a (12).txt"},
		{"a", 1, "a (1)"},
		{"a.tar.gz", 1, "a (1).tar.gz"},
		{"a.TAR.XZ", 2, "a (2).TAR.XZ"},
		{"a.csv.gz", 1, "a (1).csv.gz"},
		{"v1.2.gz", 1, "v1.2 (1).gz"},
		{"setup-1.0.exe", 1, "setup-1.0 (1).exe"},
		{"Mr. Smith", 1, "Mr. Smith (1)"},
		{".bashrc", 1, ".bashrc (1)"},
		{".tar.gz", 1, ".tar (1).gz"},
		{"sub.dir/a.txt", 1, "sub.dir/a (1).txt"},
		{"sub.dir/a", 1, "sub.dir/a (1)"},
		{"a." + strings.Repeat("e", 40), 1, "a." + strings.Repeat("e", 40) + " (1)"},
		{"d/" + strings.Repeat("x", 255), 1, "d/" + strings.Repeat("x", 251) + " (1)"},
		{"d/" + strings.Repeat("x", 251) + ".txt", 10, "d/" + strings.Repeat("x", 246) + " (10).txt"},
		{strings.Repeat("ü", 127), 1, strings.Repeat("ü", 125) + " (1)"},
	} {
		require.Equal(t, c.want, safename.Numbered(c.name, c.n), c.name)
	}
}

func TestFold(t *testing.T) {
	for _, same := range [][]string{
		{"a.txt", "A.TXT", "A.txt"},
		{"größe", "GRÖßE", "GRÖẞE"},
		{"k", "K", "\u212a"}, // the Kelvin sign
		{"s", "S", "ſ"},
		{"σ", "ς", "Σ"},
		{"i", "I", "İ", "ı"}, // over-cautious: they differ on most systems
	} {
		for _, name := range same {
			require.Equal(t, safename.Fold(same[0]), safename.Fold(name), name)
		}
	}
	require.Equal(t, "plain-1.txt", safename.Fold("plain-1.txt"))
	require.NotEqual(t, safename.Fold("a"), safename.Fold("b"))
	require.NotEqual(t, safename.Fold("o"), safename.Fold("ö"))
}

func FuzzUserNames(f *testing.F) {
	f.Add("a/b.tar.gz", 3)
	f.Add("../../x", 1)
	f.Add(strings.Repeat("ü", 140)+".txt", 1<<30)
	f.Add("/", -1)
	f.Fuzz(func(t *testing.T, name string, n int) {
		require.Equal(t, safename.Fold(name), safename.Fold(strings.ToUpper(safename.Fold(name))))
		clean, err := safename.CheckUser(name)
		if err != nil {
			require.ErrorIs(t, err, safename.ErrUnsafe)
			return
		}
		again, err := safename.CheckUser(clean)
		require.NoError(t, err)
		require.Equal(t, clean, again)

		numbered := safename.Numbered(clean, n)
		require.Equal(t, n <= 0, numbered == clean)
		require.True(t, utf8.ValidString(numbered))
		checked, err := safename.CheckUser(numbered)
		require.NoError(t, err, "still a name that may be used")
		require.Equal(t, numbered, checked)
		if n > 0 {
			require.NotEqual(t, numbered, safename.Numbered(clean, n-1))
		}
	})
}
