package littledl_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	. "github.com/littledl/littledl/internal/faultserver"
)

// 150: what is written in a URL is asked for as browsers do, and by the same name wherever it
// is written: in what is added, in a backup URL, in where a server leads.
func TestURLsAsWritten(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ raw, target, file string }{
		"150 blank":                 {"/d/a b.bin", "/d/a%20b.bin", "a b.bin"},
		"150 blank in the query":    {"/d/get?n=a b", "/d/get?n=a%20b", "get"},
		"150 letters":               {"/d/größe.bin", "/d/gr%C3%B6%C3%9Fe.bin", "größe.bin"},
		"150 letters in the query":  {"/d/get?n=é", "/d/get?n=%C3%A9", "get"},
		"150 Latin-1":               {"/d/caf\xe9.bin?n=\xe9", "/d/caf%E9.bin?n=%E9", "caf\ufffd.bin"},
		"150 quotes":                {`/d/"a".bin?n="a"'b'`, "/d/%22a%22.bin?n=%22a%22%27b%27", "_a_.bin"},
		"150 percent":               {"/d/100%.bin?p=5%", "/d/100%25.bin?p=5%25", "100%.bin"},
		"150 no digits":             {"/d/%zz.bin?p=%zz", "/d/%25zz.bin?p=%25zz", "%zz.bin"},
		"150 escaped already":       {"/d/a%20b%2Fc.bin?n=%C3%A9+x", "/d/a%20b%2Fc.bin?n=%C3%A9+x", "c.bin"},
		"150 both":                  {"/d/a%2Fb c|d.bin", "/d/a%2Fb%20c%7Cd.bin", "b c_d.bin"},
		"150 backslashes":           {`/d\e\a.bin`, "/d/e/a.bin", "a.bin"},
		"150 with a fragment":       {"/d/a.bin#p=50%", "/d/a.bin", "a.bin"},
		"150 through dots":          {"/x/../d/./a.bin", "/d/a.bin", "a.bin"},
		"150 a disposition to give": {"/d/get?response-content-disposition=attachment; filename=\"a b.bin\"", "/d/get?response-content-disposition=attachment;%20filename=%22a%20b.bin%22", "get"},
	} {
		t.Run(name, func(t *testing.T) {
			inBoth(t, func(b *bed) {
				text := Reply(http.StatusOK, "application/octet-stream", "hello").Body
				serves := Do(func(*Request, Handler) *Response { return Reply(http.StatusOK, "application/octet-stream", "hello") })
				leads := When(func(r *Request) bool { return r.URL.Path == "/from/here" }, RedirectTo(c.raw, 302))
				b.srv.Behave(StrictTarget(), leads, serves)
				b.restarts = 1 // the redirect has a text, too
				added := map[string]string{b.srv.Origin() + c.raw: c.file, b.srv.Origin() + "/from/here": "here"}
				for raw, file := range added {
					id, err := b.downloader().AddURL(raw, littledl.WithSavePath(b.dir))
					require.NoError(b, err)
					b.want[id] = []Content{text}
					defer func() { require.Equal(b, file, b.task(id).Filename) }()
				}
				require.NoError(b, b.start())
				for _, r := range b.srv.GETs() {
					require.Contains(b, []string{c.target, "/from/here"}, r.Target)
				}
				require.Len(b, b.srv.GETs(), 3)
			})
		})
	}
}

// 150: and a backup URL.
func TestBackupURLAsWritten(t *testing.T) {
	inBubble(t, func(b *bed) {
		b.enhanced = true
		b.srv.Behave(StrictTarget())
		gone := b.srv.File("gone", Behave(Status(http.StatusNotFound)))
		f := b.srv.File("d/größe 1.bin", Size(1000))
		b.addURL(gone.URL(), f.Content(), littledl.WithBackupURLs(b.srv.Origin()+"/d/größe 1.bin?x=é"))
		require.NoError(b, b.start())
		require.Equal(b, "/d/gr%C3%B6%C3%9Fe%201.bin?x=%C3%A9", b.srv.GETs("d/größe 1.bin")[0].Target)
	})
}

// 151: an origin is one however it is spelled: by its limit, and by what it alone is sent.
func TestOneOriginManySpellings(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		at        []string // where the server is
		spellings []string
	}{
		"151 case, port, dot": {[]string{"one.test:80", "one.test.:80"}, []string{"http://one.test", "HTTP://ONE.test:80", "http://One.Test.", "http://one.test:00080", "http://one.test.:80"}},
		"151 IDN":             {[]string{"xn--bcher-kva.test:80", "xn--bcher-kva.test.:80"}, []string{"http://bücher.test", "http://BÜCHER.test", "http://bu\u0308cher.test", "http://xn--bcher-kva.test", "http://XN--BCHER-KVA.test.", "http://b%C3%BCcher.test:80"}},
		"151 IPv6":            {[]string{"[2001:db8::1]:80"}, []string{"http://[2001:db8::1]", "http://[2001:DB8:0:0:0:0:0:1]:80", "http://[2001:0db8::0001]"}},
	} {
		t.Run(name, func(t *testing.T) {
			inBoth(t, func(b *bed) {
				srv := Start(b, On(b.net, c.at...))
				b.servers = append(b.servers, srv)
				b.conf.MaxConnectionsPerHost = 1
				b.conf.OriginHeaders = map[string]http.Header{c.spellings[len(c.spellings)-1]: {"X-Key": {"for all of them"}}}
				srv.Behave(Slow(20 * kib))
				for i, s := range slices.Concat(c.spellings, c.spellings) {
					f := srv.File("a"+string(rune('a'+i)), Size(10*kib))
					id, err := b.downloader().AddURL(s+"/a"+string(rune('a'+i)), littledl.WithSavePath(b.dir))
					require.NoError(b, err)
					b.want[id] = []Content{f.Content()}
				}
				require.NoError(b, b.start())
				require.Equal(b, 1, srv.MaxInFlight())
				for _, r := range srv.Requests() {
					require.Equal(b, "for all of them", r.Header.Get("X-Key"), r.Origin)
				}
			})
		})
	}
}

// 152: who says nothing of what he accepts is no person, and some firewalls let nobody else in.
func TestAcceptIsSent(t *testing.T) {
	testFaults(t, []fault{{name: "152 a firewall", does: always(FirewallAccept()), least: 4, gets: 8, then: inRanges}})
}
