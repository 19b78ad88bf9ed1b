package fetch_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/faultserver"
	"github.com/littledl/littledl/internal/fetch"
)

// asWritten are URLs as people write them, and what is sent for each: "host target".
var asWritten = map[string]string{
	// Nothing to do.
	"/a/b.bin?x=1&y=a+b": "/a/b.bin?x=1&y=a+b",
	"/a%20b%2Fc%e9":      "/a%20b%2Fc%e9",
	"/!$&'()*+,;=:@[]~":  "/!$&'()*+,;=:@[]~",
	"?":                  "/?",
	"?a?b/c:d@e":         "/?a?b/c:d@e",
	"/a?{x}|y^`[z]\\":    "/a?{x}|y^`[z]\\", // browsers send these as they are

	// Blanks, quotes, and what is not ASCII.
	"/a b.bin":       "/a%20b.bin",
	"/a.bin?n=a b":   "/a.bin?n=a%20b",
	"/größe.bin":     "/gr%C3%B6%C3%9Fe.bin",
	"/a?n=größe":     "/a?n=gr%C3%B6%C3%9Fe",
	"/gr\xf6\xdfe":   "/gr%F6%DFe",
	"/a?n=\xe9":      "/a?n=%E9",
	`/"a"<b>'c'`:     "/%22a%22%3Cb%3E'c'",
	`/a?n="a"<b>'c'`: "/a?n=%22a%22%3Cb%3E%27c%27",
	"/a%2Fb|c^d`{e}": "/a%2Fb%7Cc%5Ed%60%7Be%7D",
	"/日本語\u3000.zip": "/%E6%97%A5%E6%9C%AC%E8%AA%9E%E3%80%80.zip",

	// Percent signs that escape nothing.
	"/100%.bin":       "/100%25.bin",
	"/100%":           "/100%25",
	"/%zz%4%%41":      "/%25zz%254%25%41",
	"/a?p=100%&q=%zz": "/a?p=100%25&q=%25zz",

	// The rest of what browsers do.
	" \t/a.bin\r\n":     "/a.bin",
	"/a.bin#frag%ment":  "/a.bin",
	"/a#b?c":            "/a",
	`/a\b\c.bin?x=\`:    `/a/b/c.bin?x=\`,
	"/x/../d/./t.bin":   "/d/t.bin",
	"/x/y/..":           "/x/",
	"//a//b/":           "//a//b/",
	"/../../etc/passwd": "/etc/passwd",
	"/%2e%2e/x":         "/%2e%2e/x",
	"/a.b/.c":           "/a.b/.c",
}

// TestURLsAsWritten: the same is sent for what was given and for what a server leads to.
func TestURLsAsWritten(t *testing.T) {
	srv := faultserver.Start(t, faultserver.On(faultserver.NewNet(), "a.test:80"))
	from := parse(t, "http://a.test/dir/from")
	for raw, want := range asWritten {
		given := "http://a.test" + raw
		if raw[0] == ' ' {
			given = " http://a.test" + raw[2:]
		}
		u, err := fetch.ParseURL(given)
		require.NoError(t, err, "%q", raw)
		require.Equal(t, want, u.RequestURI(), "%q", raw)
		require.Equal(t, "a.test", u.Host)
		again, err := fetch.ParseURL(u.String())
		require.NoError(t, err)
		require.Equal(t, u, again, "what has been settled stays")

		if raw[0] == '\t' || raw[0] == ' ' || strings.HasPrefix(raw, "//") || raw[0] == '?' {
			continue
		}
		srv.ResetRecords()
		srv.File("dir/from", faultserver.Behave(faultserver.RedirectTo(raw, 302)))
		res, err := get(t, client(t, config(srv)), from.String())
		require.NoError(t, err, "%q", raw)
		require.Equal(t, want, res.URL.RequestURI(), "%q", raw)
	}
}

// TestRelativeAsWritten: what is resolved.
func TestRelativeAsWritten(t *testing.T) {
	srv := faultserver.Start(t, faultserver.On(faultserver.NewNet(), "a.test:80", "b.test:8080"))
	for location, want := range map[string]string{
		"b c.bin":                    "http://a.test/dir/b%20c.bin",
		"é/../ü?q=ä":                 "http://a.test/dir/%C3%BC?q=%C3%A4",
		"12:30 Uhr.bin":              "http://a.test/dir/12:30%20Uhr.bin",
		"?q=a b":                     "http://a.test/dir/from?q=a%20b",
		`\x\y`:                       "http://a.test/x/y",
		"//B.test:8080/a b":          "http://b.test:8080/a%20b",
		"HTTP://B.TEST:08080/100%":   "http://b.test:8080/100%25",
		"http://a.test:80/x y":       "http://a.test/x%20y",
		`http:\\b.test:8080\x`:       "http://b.test:8080/x",
		"http://us er:p%w@a.test/x":  "http://a.test/x",
		"http://a.test/a%2Fb%5C|c d": "http://a.test/a%2Fb%5C%7Cc%20d",
	} {
		f := srv.File("dir/from", faultserver.Behave(faultserver.Nth(1, faultserver.RedirectTo(location, 302))))
		srv.ResetRecords()
		res, err := get(t, client(t, config(srv)), f.URL())
		require.NoError(t, err, location)
		require.Equal(t, want, res.URL.String(), location)
		require.Empty(t, srv.Leaks(""))
	}
}

// TestURLsThatCannotBe are errors that repeat nothing of them.
func TestURLsThatCannotBe(t *testing.T) {
	for _, raw := range []string{
		"", " ", "\n", "a.bin", "/a.bin", "//a.test/hidden", "http://", "http:///a.bin", "http:a.bin", "https:", "http://:80/", "http://./",
		"file:///etc/hidden", "ftp://a.test/", "data:,hidden", "javascript:alert(1)", "ht tp://a.test/", "1http://a.test/",
		"http://a b.test/", "http://a\tb.test/", "http://a.test/\x00", "http://a.test/x\ny", "http://a.test/x\ty", "http://a.test/x\x7f",
		"http://a.test:port/", "http://a.test:0/", "http://a.test:65536/", "http://a.test:-1/", "http://a.test:80:80/",
		"http://[::1/", "http://[::g]/", "http://[1.2.3.4]/", "http://[]/", "http://::1/", "http://[::1]x/",
		"http://a<b.test/", `http://a"b.test/`, "http://a|b.test/", "http://a%b.test/", "http://a%20b.test/", "http://a^b.test/", "http://{a}.test/",
		"http://\xff\xfe.test/", "http://\u2060.\u3002/", "http://a\ufffdb.test/",
		`http://DOMAIN\hidden:hidden@a.test/`, `http:\\DOMAIN\hidden@a.test/`,
	} {
		u, err := fetch.ParseURL(raw)
		require.Error(t, err, "%q is %v", raw, u)
		require.NotContains(t, err.Error(), "hidden")
	}
}

// TestUserInfoAsWritten: it is the caller's, whatever is in it.
func TestUserInfoAsWritten(t *testing.T) {
	for raw, want := range map[string]*url.Userinfo{
		"http://user:pass@a.test/":         url.UserPassword("user", "pass"),
		"http://us er:pä%ss\"[x]@a.test/":  url.UserPassword("us er", "pä%ss\"[x]"),
		"http://user:p@ss@a.test/x@y":      url.UserPassword("user", "p@ss"),
		"http://DOMAIN%5Cuser:p@a.test/":   url.UserPassword(`DOMAIN\user`, "p"),
		"http://user@a.test?mail=x\\@b.de": url.User("user"),
	} {
		u, err := fetch.ParseURL(raw)
		require.NoError(t, err, raw)
		require.Equal(t, "a.test", u.Host, raw)
		require.Equal(t, want, u.User, raw)
	}
}

// TestAcceptIsSent unless the caller says another.
func TestAcceptIsSent(t *testing.T) {
	srv := faultserver.Start(t, faultserver.On(faultserver.NewNet(), "a.test:80"))
	f := srv.File("a.bin")
	c := config(srv)
	for i, want := range []string{"*/*", "text/x", "text/y", "text/z"} {
		change := func(*fetch.Request) {}
		switch i {
		case 1:
			c.Header = http.Header{"accept": {want}}
		case 2:
			c.OriginHeaders = map[string]http.Header{"HTTP://A.test.": {"Accept": {want}}}
		case 3:
			change = func(r *fetch.Request) { r.Header = http.Header{"Accept": {want}} }
		}
		_, err := get(t, client(t, c), f.URL(), change)
		require.NoError(t, err)
		require.Equal(t, []string{want}, srv.GETs("a.bin")[i].Header["Accept"])
	}
}

func FuzzParseURL(f *testing.F) {
	for raw := range asWritten {
		f.Add("http://a.test" + raw)
	}
	f.Add("https://a.test:8443/a/b-c_d.e~f?g=1&h=2,3;i+j=k!$:/?l")
	f.Add("http://bücher.example:080/a b?c d#e")
	f.Add("http:\\\\[::1%25\x80]")
	f.Add(`http:\\user:p w@[::1%25x y]\100%`)
	f.Fuzz(func(t *testing.T, raw string) {
		u, err := fetch.ParseURL(raw)
		other, otherErr := fetch.ParseURL(" " + raw) // not as quickly
		if raw != "" && len(raw) < 64<<10 {
			require.Equal(t, err, otherErr, "%q", raw)
			require.Equal(t, u, other, "%q", raw)
		}
		if err != nil {
			return
		}
		for _, c := range []byte(u.Host + u.RequestURI()) {
			require.True(t, ' ' < c && c < 0x7f, "%q holds %q", u.RequestURI(), c)
		}
		require.NotContains(t, u.RequestURI(), `"`)
		require.NotEmpty(t, u.Hostname())
		again, err := fetch.ParseURL(u.String())
		require.NoError(t, err, "%q is %q", raw, u)
		require.Equal(t, u.RequestURI(), again.RequestURI(), "%q", raw)
		require.Equal(t, fetch.Origin(u), fetch.Origin(again))
		require.Equal(t, u.User.String(), again.User.String())
	})
}
