package littledl_test

import (
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	. "github.com/littledl/littledl/internal/faultserver"
)

// 107 to 111: what a server or a URL may call a file, and what it is called then; "": as
// if nothing had been said. However the name is told, the file is in its directory.
func TestHostileNames(t *testing.T) {
	long := strings.Repeat("x", 300)
	for name, names := range map[string]map[string]string{
		"107 a way out": {
			"../../evil": "evil", `..\..\evil`: "evil", "/tmp/evil": "evil", `C:\x`: "x", "C:x": "C_x", `\\host\share\y`: "y",
			"x:stream": "x_stream", "%2e%2e%2fevil": "%2e%2e%2fevil", "%252f..%252fevil": "%252f..%252fevil", "a/../b": "b",
		},
		"108 no name": {
			"": "", ".": "", "..": "", "...": "", " . . ": "", "/": "", "---": "",
			long + ".bin": long[:196] + ".bin", "bad\xff.bin": "bad\ufffd.bin", "a\x00b": "a_b", "two\nlines": "twolines",
			"\x1b[2Jgone": "[2Jgone", "\u202egpj.exe": "gpj.exe", "\u200ehi\u2066dden": "hidden", "a\u0085b": "ab",
		},
		"109 another system's": {
			"CON": "CON_", "NUL": "NUL_", "COM1.txt": "COM1_.txt", "aux": "aux_", "LPT¹.txt": "LPT¹_.txt", "CONIN$": "CONIN$_",
			"dots...": "dots", "space ": "space", `a<b>c:d"e|f?g*h`: "a_b_c_d_e_f_g_h",
		},
		"110 hidden, or an option": {".bashrc": "bashrc", ".ssh": "ssh", "-rf": "rf", "--help": "help", " .x": "x"},
		"111 a part's": {
			"x.ldpart": "x.ldpart_", "x.LDPART": "x.LDPART_", "x.ldjournal": "x.ldjournal_", "x.ldpart ": "x.ldpart_", ".ldpart": "ldpart",
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBoth(t, func(b *bed) {
				want := map[string]string{} // by task
				add := func(at, name string) {
					id, err := b.downloader().AddURL(at, littledl.WithSavePath(filepath.Join(b.dir, fmt.Sprint(len(want)))))
					require.NoError(b, err)
					want[id] = name
				}
				told := func(path, disposition, name string) {
					if name == "" {
						name = path
					}
					add(b.srv.File(path, Size(100), Behave(Disposition(disposition))).URL(), name)
				}
				b.srv.Behave(When(func(r *Request) bool { return strings.HasPrefix(r.URL.Path, "/path/") }, Do(func(*Request, Handler) *Response {
					return Reply(http.StatusOK, "text/plain", "text")
				})))
				for raw, name := range names {
					escaped := strings.ReplaceAll(url.QueryEscape(raw), "+", "%20")
					told(fmt.Sprint("star", len(want)), "attachment; filename*=UTF-8''"+escaped, validOr(raw, name))
					if !strings.ContainsFunc(raw, func(r rune) bool { return r < ' ' || r >= 0x7f }) {
						told(fmt.Sprint("quoted", len(want)), `inline; filename="`+strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(raw)+`"`, name)
					}
					if name != "" {
						add(b.srv.Origin()+"/path/"+escaped, name)
					}
				}
				require.NoError(b, b.d.Start(b.Context()))
				for id, name := range want {
					task := b.task(id)
					require.Equal(b, name, task.Filename, task.URL)
				}
				files := 0
				require.NoError(b, filepath.WalkDir(filepath.Dir(b.dir), func(path string, e fs.DirEntry, err error) error {
					if !e.IsDir() {
						files++
						require.True(b, strings.HasPrefix(path, b.dir), path)
					}
					return err
				}))
				require.Equal(b, len(want), files)
			})
		})
	}
}

// validOr is the name, unless the raw one is no UTF-8: what says that it is counts for
// nothing then.
func validOr(raw, name string) string {
	if strings.Contains(raw, "\xff") {
		return ""
	}
	return name
}

// 112: what is told twice, and what is nonsense.
func TestNamesInConflict(t *testing.T) {
	inBoth(t, func(b *bed) {
		want := map[string]string{}
		for i, c := range [][2]string{
			{`attachment; filename="plain"; filename*=UTF-8''star`, "star"},
			{`attachment; filename*=UTF-8''first; filename*=UTF-8''second`, "first"},
			{`attachment; filename*=UTF-8''%FF; filename="plain2"`, "plain2"},
			{`attachment; filename*=UTF-16''x; filename="plain3"`, "plain3"},
			{`attachment; filename=one; filename=two`, "one"},
			{`attachment; filename=".."; filename="three"`, "three"},
			{`;;;===;;;"""`, "112-6"},
			{`attachment; filename="unclosed`, "unclosed"},
			{`filename=bare`, "bare"},
		} {
			f := b.srv.File(fmt.Sprint("112-", i), Size(10), Behave(Disposition(c[0])))
			want[b.add(f)] = c[1]
		}
		require.NoError(b, b.start())
		for id, name := range want {
			require.Equal(b, name, b.task(id).Filename, id)
		}
	})
}

// 153: a plain filename that is encoded all the same is decoded as browsers do, once, and leads
// nowhere afterwards.
func TestEncodedNames(t *testing.T) {
	inBoth(t, func(b *bed) {
		want := map[string]string{}
		for i, c := range [][2]string{
			{`attachment; filename="=?UTF-8?B?Z3LDtsOfZS50eHQ=?="`, "größe.txt"},
			{`attachment; filename="=?iso-8859-1?q?caf=E9_1.txt?="`, "café 1.txt"},
			{`attachment; filename="=?UTF-8?B?dHdv?= =?UTF-8?Q?_words.txt?="`, "two words.txt"},
			{`attachment; filename="a%20b%C3%A9.txt"`, "a bé.txt"},
			{`attachment; filename=a%20c.txt`, "a c.txt"},
			{`attachment; filename="100%.txt"`, "100%.txt"},
			{`attachment; filename="plain%20.txt"; filename*=UTF-8''star%20.txt`, "star .txt"},
			{`attachment; filename="=?UTF-8?B?Li4vLi4vZXZpbA==?="`, "evil"},
			{`attachment; filename="=?UTF-8?Q?=2Fetc=5Cpasswd?="`, "passwd"},
			{`attachment; filename="..%2f..%2fhome"`, "%2f..%2fhome"},
			{`attachment; filename="%2ebashrc"`, "bashrc"},
			{`attachment; filename="%2e%2e"`, "153-11"},
			{`attachment; filename="two%0alines"`, "two%0alines"},
			{`attachment; filename="=?UTF-8?Q?three=0Alines=1B[2J?="`, "threelines[2J"},
			{`attachment; filename="=?KLINGON?Q?=D8?="`, "153-14"},
			{`attachment; filename="=?KLINGON?Q?x?="`, "x"},
			{`attachment; filename="=?koi8-r?B?1MXT1C5wZGY=?="`, "тест.pdf"},
			{`attachment; filename="=?windows-1252?Q?=80_=E4.pdf?="`, "€ ä.pdf"},
			{`attachment; filename="=?UTF-8?B?w6TDtsO8LnBkZg?="`, "äöü.pdf"},
			{`attachment; filename="=?Shift_JIS?B?k/qWey5wZGY=?="`, "153-19"},
			{`attachment; filename="=?GB2312?Q?report.pdf?="`, "report.pdf"},
		} {
			f := b.srv.File(fmt.Sprint("153-", i), Size(10), Behave(Disposition(c[0])))
			want[b.add(f)] = c[1]
		}
		require.NoError(b, b.start())
		for id, name := range want {
			require.Equal(b, name, b.task(id).Filename, id)
		}
	})
}
