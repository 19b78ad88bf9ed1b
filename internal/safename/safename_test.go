package safename_test

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/safename"
)

func TestClean(t *testing.T) {
	long := strings.Repeat("x", 300)
	for in, want := range map[string]string{
		"plain.txt":          "plain.txt",
		"a.tar.gz":           "a.tar.gz",
		"with space (2).txt": "with space (2).txt",
		"größe.txt":          "größe.txt",
		"日本語.txt":            "日本語.txt",
		"v1.2":               "v1.2",

		// Case 107: no way out of the directory.
		"../../evil":        "evil",
		`..\..\evil`:        "evil",
		"/tmp/evil":         "evil",
		`C:\x`:              "x",
		"C:x":               "C_x",
		`\\host\share\x`:    "x",
		"x:stream":          "x_stream",
		"%2e%2e%2fevil":     "%2e%2e%2fevil", // decoding is not done here
		"dir/":              "dir",
		"a/b\\c/d.txt":      "d.txt",
		"./x":               "x",
		"file://etc/passwd": "passwd",

		// Case 108: nothing left, or nothing but trouble.
		"":                                      "download",
		".":                                     "download",
		"..":                                    "download",
		"...":                                   "download",
		" . . ":                                 "download",
		"/":                                     "download",
		"a/..":                                  "download",
		"\x01\x02":                              "download",
		"-. -":                                  "download",
		"a\x00b":                                "a_b",
		"a\nb\rc\td":                            "abcd",
		"\x1b[31mred":                           "[31mred",
		"a\x7fb\u0085c":                         "abc",
		"evil\u202efdp.exe":                     "evilfdp.exe",
		"a\u2066b\u200fc\u061cd":                "abcd",
		"two\u2028lines":                        "twolines",
		"bad\xff\xfe.txt":                       "bad\ufffd\ufffd.txt",
		long:                                    long[:200],
		long + ".txt":                           long[:196] + ".txt",
		long + ".tar.gz":                        long[:193] + ".tar.gz",
		long + "." + long:                       long[:200],
		strings.Repeat("ü", 150):                strings.Repeat("ü", 100),
		"x" + strings.Repeat("ü", 150) + ".mp3": "x" + strings.Repeat("ü", 97) + ".mp3",

		// Case 109: what Windows does not take.
		"CON":             "CON_",
		"con.txt":         "con_.txt",
		"NUL.tar.gz":      "NUL_.tar.gz",
		"aux":             "aux_",
		"Prn .txt":        "Prn_ .txt",
		"COM1.txt":        "COM1_.txt",
		"lpt9":            "lpt9_",
		"COM¹.log":        "COM¹_.log",
		"LPT³":            "LPT³_",
		"conin$":          "conin$_",
		"CONOUT$.x":       "CONOUT$_.x",
		"COM0":            "COM0",
		"COM10":           "COM10",
		"console":         "console",
		"CONFIG.txt":      "CONFIG.txt",
		"trailing. . .":   "trailing",
		`a<b>c:d"e|f?g*h`: "a_b_c_d_e_f_g_h",

		// Case 110: hidden files and options.
		".bashrc":     "bashrc",
		".ssh":        "ssh",
		"-rf":         "rf",
		" --x":        "x",
		"-.-con":      "con_",
		"mid-dash.-x": "mid-dash.-x",

		// Case 182: what nobody sees, and what acts.
		"\u200b":              "download",
		"\u3164\uffa0\u115f":  "download",
		"\u2800 \u3000":       "download",
		"\u00ad\u034f\ufe0f":  "download",
		"\U000e0041\u180e":    "download",
		"in\u200bvo\u00adice": "invoice",
		"a\u00a0b\u3000c":     "a b c",
		"\u200b.bashrc":       "bashrc",
		"a.\u200blnk":         "a.lnk_",
		"desktop.ini\u200b":   "desktop_.ini",
		"Desktop.INI":         "Desktop_.INI",
		"autorun.inf":         "autorun_.inf",
		"desktop.ini.txt":     "desktop.ini.txt",
		"Thumbs.db":           "Thumbs_.db",
		"x.search-ms":         "x.search-ms_",
		"x.THEME":             "x.THEME_",
		"x.themepack":         "x.themepack_",
		"x.deskthemepack":     "x.deskthemepack_",
		"setup.exe.local":     "setup.exe.local_",
		"x.desktop":           "x.desktop_",
		"a.{645FF040-5081-101B-9F08-00AA002F954E}": "a.{645FF040-5081-101B-9F08-00AA002F954E}_",
		"{a}":                  "{a}",
		"a\U0001d159b":         "ab",
		"a.LNK":                "a.LNK_",
		"a.url":                "a.url_",
		"@.scf":                "@.scf_",
		"a.Library-ms":         "a.Library-ms_",
		"a.searchConnector-ms": "a.searchConnector-ms_",
		"a.link":               "a.link",
		long[:196] + ".lnk":    long[:195] + ".lnk_",
		"सं\u094dस्कृतम्.txt":  "सं\u094dस्कृतम्.txt",

		// Case 111: our own files.
		"x.ldpart":                             "x.ldpart_",
		"x.LdJournal":                          "x.LdJournal_",
		"x.ldpart.":                            "x.ldpart_",
		"x.ldpart.txt":                         "x.ldpart.txt",
		".ldpart":                              "ldpart",
		"con.ldpart":                           "con_.ldpart_",
		long[:193] + ".ldpart":                 long[:192] + ".ldpart_",
		long[:193] + ".ldpart" + long:          long[:192] + ".ldpart_",
		"con" + strings.Repeat(" ", 300) + "x": "con_",
	} {
		require.Equal(t, want, safename.Clean(in), "%q", in)
		requireSafe(t, safename.Clean(in))
	}
}

func TestFromURL(t *testing.T) {
	for in, want := range map[string]string{
		"https://example.org/a/b.txt":               "b.txt",
		"https://example.org/a/b.txt?q=/x/y.zip":    "b.txt",
		"https://example.org/a/b.txt#/x/y.zip":      "b.txt",
		"https://example.org/a/b.txt#f?q":           "b.txt",
		"https://example.org/dir/":                  "dir",
		"https://example.org/dir///":                "dir",
		"https://example.org":                       "",
		"https://example.org/":                      "",
		"https://example.org?file=x/y":              "",
		"https://user:pw@example.org:8080/x":        "x",
		"/a/b.txt":                                  "b.txt",
		"b.txt":                                     "b.txt",
		"":                                          "",
		"?x":                                        "",
		"https://example.org/a%20b.txt":             "a b.txt",
		"https://example.org/gr%C3%B6%C3%9Fe":       "größe",
		"https://example.org/a+b":                   "a+b",
		"https://example.org/100%":                  "100%",
		"https://example.org/%zz%4":                 "%zz%4",
		`https://example.org\a\b`:                   "b",
		"https://example.org/a%2Fb":                 "b",
		"https://example.org/a%5cb":                 "b",
		`https://example.org/a\b`:                   "b",
		"https://example.org/..%2f..%2fevil":        "evil",
		"https://example.org/%252e%252e%252fevil":   "%2e%2e%2fevil", // once, not twice
		"https://example.org/x/%2f":                 "x",
		"https://example.org/x/%2f%5C/":             "x",
		"https://example.org/..":                    "..",
		"https://example.org/r/https://other.org/y": "y",
		"https://example.org/a%00b":                 "a\x00b",
	} {
		require.Equal(t, want, safename.FromURL(in), in)
	}
}

func TestFromDisposition(t *testing.T) {
	for in, want := range map[string]string{
		`attachment; filename="a b.txt"`:                     "a b.txt",
		`attachment; filename=a.txt`:                         "a.txt",
		`ATTACHMENT;FILENAME=a.txt`:                          "a.txt",
		`inline; filename = "a.txt" ; size=3`:                "a.txt",
		`filename=a.txt`:                                     "a.txt",
		`; filename=a.txt;`:                                  "a.txt",
		`attachment; filename=two words.txt`:                 "two words.txt",
		`attachment; filename="say \"hi\".txt"`:              `say "hi".txt`,
		`attachment; filename="a;b=c.txt"; x=y`:              "a;b=c.txt",
		`attachment; filename="no end`:                       "no end",
		`attachment; filename="a.txt"junk; filename="b.txt"`: "a.txt",
		`attachment; filename="C:\dir\file.txt"`:             `C:\dir\file.txt`,
		`attachment; filename="\\\\host\\share\\x"`:          `\\host\share\x`,
		`attachment; filename=a%20b.txt`:                     "a b.txt",
		`attachment; filename*=UTF-8''gr%C3%B6%C3%9Fe.txt`:   "größe.txt",
		`attachment; filename*=utf-8'de'gr%c3%b6%c3%9fe.txt`: "größe.txt",
		`attachment; filename*=ISO-8859-1''gr%F6%DFe.txt`:    "größe.txt",
		`attachment; filename*="UTF-8''quoted.txt"`:          "quoted.txt",
		`attachment; filename*=UTF-8''a%252Fb`:               "a%2Fb",
		`attachment; filename*=UTF-8''..%2f..%2fevil`:        "../../evil",

		// Case 112: which one wins.
		`attachment; filename="plain.txt"; filename*=UTF-8''star.txt`:   "star.txt",
		`attachment; filename*=UTF-8''star.txt; filename="plain.txt"`:   "star.txt",
		`attachment; filename*=UTF-8''%FF.txt; filename="plain.txt"`:    "plain.txt",
		`attachment; filename*=UTF-8''100%; filename="plain.txt"`:       "plain.txt",
		`attachment; filename*=UTF-16''x; filename="plain.txt"`:         "plain.txt",
		`attachment; filename*=nonsense; filename="plain.txt"`:          "plain.txt",
		`attachment; filename*=UTF-8'x; filename="plain.txt"`:           "plain.txt",
		`attachment; filename*=UTF-8''%FF; filename*=UTF-8''second.txt`: "second.txt",
		`attachment; filename="one.txt"; filename="two.txt"`:            "one.txt",
		`attachment; filename=""; filename="two.txt"`:                   "two.txt",
		`attachment; filename=".."; filename="two.txt"`:                 "two.txt",
		`attachment; filename*=UTF-8''%2F; filename="two.txt"`:          "two.txt",
		"attachment; filename=\"na\xefve.txt\"":                         "naïve.txt",
		`attachment; filename="größe.txt"`:                              "größe.txt",

		// Case 153: encoded where nothing ought to be, decoded as browsers do.
		`attachment; filename="gr%C3%B6%C3%9Fe%20%28x%29.txt"`:                      "größe (x).txt",
		`attachment; filename=%E6%97%A5%E6%9C%AC.zip`:                               "日本.zip",
		`attachment; filename="100%.txt"`:                                           "100%.txt",
		`attachment; filename="50%25 off.txt"`:                                      "50% off.txt",
		`attachment; filename="a%zz%20b.txt"`:                                       "a%zz b.txt",
		`attachment; filename="a+b.txt"`:                                            "a+b.txt",
		`attachment; filename="caf%E9.txt"`:                                         "caf%E9.txt", // in whatever charset
		`attachment; filename="größe%20x.txt"`:                                      "größe%20x.txt",
		`attachment; filename="a%20b.txt"; filename*=UTF-8''c.txt`:                  "c.txt",
		`attachment; filename="=?UTF-8?B?Z3LDtsOfZS50eHQ=?="`:                       "größe.txt",
		`attachment; filename==?utf-8?q?gr=C3=B6=C3=9Fe_1.txt?=`:                    "größe 1.txt",
		`attachment; filename="=?ISO-8859-1?Q?caf=E9.txt?="`:                        "café.txt",
		`attachment; filename="=?UTF-8?B?Z3LDtg==?= =?UTF-8?Q?=C3=9Fe.txt?="`:       "größe.txt",
		`attachment; filename="a =?UTF-8?Q?=C3=B6?= b.txt"`:                         "a ö b.txt",
		`attachment; filename="=?UTF-8?Q?a%20b?="`:                                  "a%20b",
		`attachment; filename="=?GB2312?B?suLK1A==?=.txt"`:                          "", // nobody here knows it
		`attachment; filename="=?UTF-8?B?***?="`:                                    "",
		`attachment; filename="=?UTF-8?B?Li4vLi4vZXZpbA==?="`:                       "../../evil", // for Clean
		`attachment; filename="%2e%2e%2fevil"`:                                      "%2e%2e%2fevil",
		`attachment; filename="..%5cevil"`:                                          "..%5cevil",
		`attachment; filename="%252e%252e%252fevil"`:                                "%252e%252e%252fevil",
		`attachment; filename="a%0d%0ab"`:                                           "a%0d%0ab",
		`attachment; filename="%2ebashrc"`:                                          ".bashrc", // for Clean
		`attachment; filename="%2e%2e"; filename="two.txt"`:                         "two.txt",
		`attachment; filename="=?UTF-8?Q?=2E=2E?="; filename="=?UTF-8?Q?two.txt?="`: "two.txt",

		// Nothing to be had.
		"":                             "",
		"attachment":                   "",
		"attachment; filename=":        "",
		`attachment; filename="/"`:     "",
		`attachment; filename="..."`:   "",
		`attachment; xfilename="a"`:    "",
		`;;;===;;;"""`:                 "",
		`attachment; filename`:         "",
		`attachment; filename*=''`:     "",
		`attachment; name="field.txt"`: "",
	} {
		require.Equal(t, want, safename.FromDisposition(in), in)
	}
}

func TestPlainNamesCostNoAllocation(t *testing.T) {
	url := "https://example.org/some/where/file-000123.tar.gz?token=x"
	require.Zero(t, testing.AllocsPerRun(100, func() {
		if safename.Clean(safename.FromURL(url)) != "file-000123.tar.gz" {
			t.Fail()
		}
	}))
	require.Zero(t, testing.AllocsPerRun(100, func() { _ = safename.Fold("file-000123.tar.gz") }))
}

func FuzzFromURL(f *testing.F) {
	for _, s := range []string{
		"https://example.org/a/b.txt?x#y", "http://h/%2e%2e%2fevil", `http://h/..\..\evil`, "http://h/con%20.txt",
		"http://h/%252e%252e%252f", "http://h/%C2%B9/COM%C2%B9", "http://h/a.ldpart%20", "%", "a/b/", "h://", "http://h/-%2d.",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, u string) {
		name := safename.FromURL(u)
		require.NotContains(t, name, "/")
		require.NotContains(t, name, `\`)
		requireSafe(t, safename.Clean(name))
	})
}

func FuzzFromDisposition(f *testing.F) {
	for _, s := range []string{
		`attachment; filename="a.txt"`, `attachment; filename*=UTF-8''%e2%82%ac.txt; filename=x`, `filename="\"\\`, `filename="=?UTF-8?B?Li4vLi4vZXZpbA==?= =?utf-8?q?=00=2F?=%2f"`, "filename=%2e%2e%5c",
		`attachment; filename="../../evil"`, `attachment; filename*=iso-8859-1'en'%a3`, `;=;"=;`, `filename=CON.ldjournal`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, h string) {
		name := safename.FromDisposition(h)
		clean := safename.Clean(name)
		requireSafe(t, clean)
		if name == "" {
			require.Equal(t, "download", clean)
			return
		}
		require.True(t, utf8.ValidString(name), "%q", name)
		if clean == "download" {
			require.Contains(t, name, clean, "something is left of it")
		}
		for _, n := range []int{1, 99, 1 << 30} { // the name of another file that has it already
			numbered := safename.Numbered(clean, n)
			require.NotEqual(t, clean, numbered)
			checked, err := safename.CheckUser(numbered)
			require.NoError(t, err)
			require.Equal(t, numbered, checked)
			require.NotContains(t, numbered, "/")
			back, ok := safename.NumberOf(clean, numbered)
			require.True(t, ok, numbered)
			require.Equal(t, n, back)
		}
	})
}

func FuzzClean(f *testing.F) {
	f.Add("con", 300, " x")
	f.Add("x", 193, ".ldpart")
	f.Add("con.", 180, ".ldjournal                                  x")
	f.Add("¹", 99, ".tar.gz")
	f.Add("\xff", 70, ".ldpart\u202e. ")
	f.Fuzz(func(t *testing.T, head string, n int, tail string) {
		for _, filler := range []string{"x", " ", "ü", "."} {
			requireSafe(t, safename.Clean(head+strings.Repeat(filler, min(max(n, 0), 300))+tail))
		}
	})
}

// device is written differently from the code on purpose.
var device = regexp.MustCompile(`(?i)^(con|prn|aux|nul|com[1-9¹²³]|lpt[1-9¹²³]|conin\$|conout\$) *(\..*)?$`)

// requireSafe checks everything that a cleaned name promises.
func requireSafe(t *testing.T, name string) {
	t.Helper()
	require.NotEmpty(t, name)
	require.LessOrEqual(t, len(name), 200, "%q", name)
	require.True(t, utf8.ValidString(name), "%q", name)
	require.True(t, filepath.IsLocal(name), "%q", name)
	require.False(t, strings.ContainsAny(name, "<>:\"/\\|?*\x00"), "%q", name)
	require.False(t, strings.ContainsFunc(name, unicode.IsControl), "%q", name)
	require.False(t, strings.ContainsFunc(name, func(r rune) bool {
		return unicode.In(r, unicode.Bidi_Control, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) || r == '\u2800'
	}), "%q", name)
	require.NotContains(t, ".- ", name[:1], "%q", name)
	require.NotContains(t, ". ", name[len(name)-1:], "%q", name)
	require.NotRegexp(t, device, name)
	require.NotRegexp(t, `(?i)\.(ldpart|ldjournal|lnk|url|scf)$|^(desktop\.ini|autorun\.inf)$`, name)
	require.Equal(t, name, safename.Clean(name), "idempotent")
}

func BenchmarkCleanFromURL(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		safename.Clean(safename.FromURL("https://example.org/some/where/file-000123.tar.gz?token=x"))
	}
}

func TestNumberOf(t *testing.T) {
	for other, n := range map[string]int{
		"a.tar.gz": 0, "a (1).tar.gz": 1, "a (12).tar.gz": 12,
		"a (0).tar.gz": -1, "a (01).tar.gz": -1, "a (x).tar.gz": -1, "a(1).tar.gz": -1, "b (1).tar.gz": -1, "a (1).tar": -1, "a (1)": -1, "": -1,
	} {
		got, ok := safename.NumberOf("a.tar.gz", other)
		require.Equal(t, n >= 0, ok, other)
		require.Equal(t, max(n, 0), got, other)
	}
}

func TestSplit(t *testing.T) {
	for name, want := range map[string][2]string{"a": {"", "a"}, "s/a": {"s", "a"}, "s/t/a.b": {"s/t", "a.b"}, "": {}} {
		sub, base := safename.Split(name)
		require.Equal(t, want, [2]string{sub, base})
	}
}
