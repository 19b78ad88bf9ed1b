package metalink_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/metalink"
	"github.com/littledl/littledl/internal/safename"
)

func parse(text string) ([]metalink.File, error) { return metalink.Parse(strings.NewReader(text)) }

func open(t testing.TB, name string) io.Reader {
	b, err := os.ReadFile("testdata/" + name)
	require.NoError(t, err)
	return strings.NewReader(string(b))
}

// document has so many files that are written so.
func document(files ...string) string {
	return `<metalink xmlns="urn:ietf:params:xml:ns:metalink">` + strings.Join(files, "") + `</metalink>`
}

func named(name, rest string) string {
	return fmt.Sprintf(`<file name=%q>%s<url>http://a.test/x</url></file>`, name, rest)
}

// TestMirrors: a document as networks of mirrors publish them.
func TestMirrors(t *testing.T) {
	files, err := metalink.Parse(iotest.OneByteReader(open(t, "mirrors.meta4")))
	require.NoError(t, err)
	require.Len(t, files, 1)
	f := files[0]
	require.Equal(t, "example-15.6.iso", f.Name)
	require.EqualValues(t, 600, f.Size)
	require.Equal(t, "md5+sha1+sha256", f.Hash.Algorithm, "all that are known")
	require.Equal(t, []string{
		"https://ftp.example.de/pub/example-15.6.iso",
		"http://mirror.example.de/example-15.6.iso?a=1&b=2", "http://mirror.example.us/example-15.6.iso", "http://mirror2.example.de/example-15.6.iso",
		"http://fr.mirrors.example.net/example-15.6.iso", "http://last.example.org/example-15.6.iso",
	}, f.Sources, "by priority, then from one place after the other")
	require.Equal(t, "sha256", f.Pieces.Algorithm, "the strongest")
	require.EqualValues(t, 512, f.Pieces.Length)
	require.Equal(t, 2, f.Pieces.Len())
	require.Equal(t, byte(0xae), f.Pieces.Of(1).Bytes[31])
}

// TestSeveral: several files, and elements that are nobody's.
func TestSeveral(t *testing.T) {
	files, err := metalink.Parse(open(t, "several.meta4"))
	require.NoError(t, err)
	require.Len(t, files, 2)
	require.Equal(t, "docs/a.txt", files[0].Name)
	require.EqualValues(t, -1, files[0].Size)
	require.True(t, files[0].Hash.IsZero())
	require.Nil(t, files[0].Pieces)
	require.Equal(t, []string{"http://one.test/a.txt"}, files[0].Sources)
	require.EqualValues(t, 0, files[1].Size)
	require.Equal(t, []string{"http://one.test/b.txt"}, files[1].Sources)
}

// TestRefused: what is wrong with a document is said.
func TestRefused(t *testing.T) {
	const sum = "900150983cd24fb0d6963f7d28e17f72"
	for text, want := range map[string]string{
		"":                                 "empty",
		"<html><body>Log in</body></html>": "HTML",
		"<!DOCTYPE html><html></html>":     "HTML",
		"  <HTML>":                         "HTML",
		"{}":                               "",
		`<metalink version="3.0" xmlns="http://www.metalinker.org/"><files/></metalink>`: "Metalink 3",
		`<metalink version="3.0"/>`:                   "Metalink 3",
		`<feed xmlns="http://www.w3.org/2005/Atom"/>`: "begins with <feed>",
		`<metalink/>`:       "namespace",
		document():          "no file",
		document() + "<x/>": "follows its end",
		strings.TrimSuffix(document(named("a", "")), "</metalink>"):                                                "unexpected EOF",
		`<!DOCTYPE metalink [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]>` + document():                                  "document type",
		document(named("a", "&lol;")):                                                                              "entity",
		document(`<file name="a"></file>`):                                                                         "no http or https source",
		document(`<file name="a"><url>ftp://a.test/x</url></file>`):                                                "no http or https source",
		document(named("a", "<size>-1</size>")):                                                                    "size",
		document(named("a", "<size>1e3</size>")):                                                                   "size",
		document(named("a", "<size>1</size><size>1</size>")):                                                       "several sizes",
		document(named("a", `<hash type="md5">xyz</hash>`)):                                                        "md5",
		document(named("a", `<hash type="md5">`+sum+`</hash><hash type="md5">`+strings.Repeat("0", 32)+`</hash>`)): "two different",
		document(named("a", `<url priority="0">http://a.test/x</url>`)):                                            "priority",
		document(named("a", `<url priority="1000000">http://a.test/x</url>`)):                                      "priority",
		document(named("a", `<pieces length="0" type="md5"></pieces>`)):                                            "pieces",
		document(named("a", `<pieces length="2" type="md5"><hash>1</hash></pieces>`)):                              "piece",
		document(named("a", `<size>5</size><pieces length="2" type="md5"><hash>`+sum+`</hash></pieces>`)):          "1 pieces of 2 bytes",
		document(named("a", ""), named("a", "")):                                                                   "twice",
		document(named("a", ""), named("./a", "")):                                                                 "twice",
		document(strings.Repeat("<x>", 40)):                                                                        "32 elements",
		document(`<file name="a">` + strings.Repeat("<url>http://a.test/x</url>", 65) + `</file>`):                 "65 sources",
		`<?xml version="1.0" encoding="UTF-16"?>` + document(named("a", "")):                                       "encoding",
	} {
		_, err := parse(text)
		require.ErrorIs(t, err, metalink.ErrMalformed, text)
		require.ErrorContains(t, err, want, text)
		require.Less(t, len(err.Error()), 1000)
	}
}

// TestNames: a name leads nowhere but below the directory, on any system.
func TestNames(t *testing.T) {
	for _, name := range []string{"", "..", "../a", "a/../../b", "/etc/passwd", "C:/a", "c:a", `a\b`, `..\a`, "a/", "a\x7f", "."} {
		_, err := parse(document(named("x", ""), fmt.Sprintf(`<file name="%s"><url>http://a.test/x</url></file>`, name)))
		require.ErrorIs(t, err, safename.ErrUnsafe, name)
	}
	files, err := parse(document(named("a/b/../c.bin", ""), named("ünï/x", "")))
	require.NoError(t, err)
	require.Equal(t, "a/c.bin", files[0].Name)
}

// TestLimits: a document is bounded, and a large one is read in no time.
func TestLimits(t *testing.T) {
	files := make([]string, metalink.MaxFiles)
	for i := range files {
		files[i] = fmt.Sprintf(`<file name="%d"><url>http://a.test/%d</url></file>`, i, i)
	}
	began := time.Now()
	got, err := parse(document(files...))
	require.NoError(t, err)
	require.Len(t, got, metalink.MaxFiles)
	_, err = parse(document(append(files, named("one more", ""))...))
	require.ErrorContains(t, err, "more than 100000 files")

	hash := "<hash>900150983cd24fb0d6963f7d28e17f72</hash>"
	got, err = parse(document(named("a", `<pieces length="1" type="md5">`+strings.Repeat(hash, 300_000)+`</pieces>`)))
	require.NoError(t, err)
	require.Equal(t, 300_000, got[0].Pieces.Len())
	require.Less(t, time.Since(began), 20*time.Second)

	endless := io.MultiReader(strings.NewReader(document()[:50]), zeros{})
	_, err = metalink.Parse(endless)
	require.ErrorContains(t, err, "longer than 16 MiB")
	broken := errors.New("broken")
	_, err = metalink.Parse(io.MultiReader(strings.NewReader(document()[:50]), iotest.ErrReader(broken)))
	require.Equal(t, broken, err)
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// FuzzParse: no document is anybody's end, and what is taken of one is within the bounds.
func FuzzParse(f *testing.F) {
	for _, name := range []string{"mirrors.meta4", "several.meta4"} {
		b, err := os.ReadFile("testdata/" + name)
		require.NoError(f, err)
		f.Add(string(b))
	}
	f.Add(document(named("a", `<pieces length="9223372036854775807" type="sha-512"></pieces><size>9223372036854775807</size>`)))
	f.Fuzz(func(t *testing.T, text string) {
		files, err := parse(text)
		if err != nil {
			require.Nil(t, files)
			return
		}
		require.NotEmpty(t, files)
		for _, f := range files {
			clean, err := safename.CheckUser(f.Name)
			require.NoError(t, err)
			require.Equal(t, clean, f.Name)
			require.NotContains(t, f.Name, `\`)
			require.NotEmpty(t, f.Sources)
			require.LessOrEqual(t, len(f.Sources), metalink.MaxSources)
			for _, u := range f.Sources {
				require.Regexp(t, "(?i)^https?:", u)
			}
			if p := f.Pieces; p != nil {
				require.Positive(t, p.Length)
				require.Zero(t, len(p.Sums)%p.Strength())
				require.True(t, f.Size < 0 || p.Fits(f.Size))
			}
		}
	})
}
