package littledl_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	. "github.com/littledl/littledl/internal/faultserver"
)

// raw answers every request at an address of the network in memory with these bytes.
func (b *bed) raw(addr, answer string) {
	l, err := b.net.Listen(addr)
	require.NoError(b, err)
	var wg sync.WaitGroup
	b.Cleanup(func() { l.Close(); wg.Wait() }) // the end of a connection takes its time to arrive
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer c.Close()
				if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
					_, _ = c.Write([]byte(answer))
				}
			})
		}
	})
}

// Rule 25: whatever a server says, an error has nothing that a terminal takes for a
// command, and no secret that a server put in a header.
func TestHostileAnswers(t *testing.T) {
	const esc = "\x1b[31mred\x1b]0;title\x07\u009b2J\u202e"
	for name, answer := range map[string]string{
		"no HTTP":           esc + "\r\n\r\n",
		"version":           "HTTP/" + esc + " 200 OK\r\n\r\n",
		"status":            "HTTP/1.1 2" + esc + "0 OK\r\n\r\n",
		"reason":            "HTTP/1.1 404 " + esc + "\r\nContent-Length: 0\r\n\r\n",
		"header without :":  "HTTP/1.1 200 OK\r\n" + esc + "\r\n\r\n",
		"header name":       "HTTP/1.1 200 OK\r\n" + esc + ": x\r\n\r\n",
		"length":            "HTTP/1.1 200 OK\r\nContent-Length: " + esc + "\r\n\r\n",
		"lengths":           "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2" + esc + "\r\n\r\n",
		"transfer encoding": "HTTP/1.1 200 OK\r\nTransfer-Encoding: " + esc + "\r\n\r\n",
		"encoding":          "HTTP/1.1 200 OK\r\nContent-Encoding: \u009b2J\u202e\r\nContent-Length: 1\r\n\r\nx",
		"content range":     "HTTP/1.1 206 OK\r\nContent-Range: bytes \u009b2J\u202e\r\nContent-Length: 1\r\n\r\nx",
		"chunk":             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + esc + "\r\n",
		"location":          "HTTP/1.1 302 Found\r\nLocation: file:///\u009b2J\u202e?key=" + secret + "\r\nContent-Length: 0\r\n\r\n",
		"broken location":   "HTTP/1.1 302 Found\r\nLocation: http://files.test/" + esc + "?key=" + secret + "\r\n\r\n",
		"location's host":   "HTTP/1.1 302 Found\r\nLocation: http://\u009b2J\u202e.test/?key=" + secret + "\r\nContent-Length: 0\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			inBoth(t, func(b *bed) {
				b.conf.Retry = littledl.RetryConfig{MaxRetries: -1, MaxElapsed: time.Second}
				b.raw("raw.test:80", answer)
				b.addURL("http://raw.test/a.bin", nil)
				err := b.start()
				require.Error(b, err)
				requirePrintable(b, err.Error())
				require.NotContains(b, err.Error(), "\u202e")
				require.NotContains(b, err.Error(), secret)
				require.Less(b, len(err.Error()), 1000)
				finals, parts := b.listing()
				require.Empty(b, append(finals, parts...))
			})
		})
	}
}

// Rules 13 to 15, and 118: what is secret in a URL is not in errors, in the log, in the
// names of parts or in what is kept beside them.
func TestSecretsStay(t *testing.T) {
	t.Parallel()
	inBoth(t, func(b *bed) {
		var log bytes.Buffer
		b.conf.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		b.conf.Retry.MaxRetries = 1
		add := func(f *File) string {
			url := strings.Replace(f.URL(), "//", "//user:"+secret+"@", 1)
			b.homes["http://files.test"] = true
			id, err := b.downloader().AddURL(url+"?X-Amz-Signature="+secret+"&sig="+secret+"#"+secret, littledl.WithSavePath(b.dir),
				littledl.WithHeader(http.Header{"X-Api-Key": {secret}}))
			require.NoError(b, err)
			b.want[id] = []Content{f.Content()}
			return id
		}
		add(b.srv.File("slow.bin", Size(8*mib), Behave(BasicAuth("user", secret), Slow(2*mib), First(2, RST(mib)))))
		for name, fault := range map[string]Behaviour{
			"missing": Status(404), "broken": Status(500), "stands": Stall(100), "cut": ShortBody(100), "page": Gzip(),
			"loop": RedirectTo("?sig="+secret, 302), "away": RedirectTo("ftp://user:"+secret+"@else.test/?sig="+secret, 302),
			"down": RedirectTo("http://user:"+secret+"@down.test/?sig="+secret, 302), "changed": ETagOnly(),
		} {
			add(b.srv.File(name, Behave(BasicAuth("user", secret), fault)))
		}
		var seen []string
		time.AfterFunc(time.Second, func() {
			require.NoError(b, filepath.WalkDir(b.dir, func(path string, e fs.DirEntry, err error) error {
				seen = append(seen, path)
				if text, err := os.ReadFile(path); err == nil {
					require.NotContains(b, string(text), secret, path)
				}
				return err
			}))
		})
		err := b.start()
		require.Error(b, err)
		require.NotContains(b, err.Error(), secret)
		require.Greater(b, len(seen), 1, "a part was there to look at")
		require.NotContains(b, strings.Join(seen, " "), secret)
		require.Contains(b, log.String(), "http://files.test/broken")
		require.NotContains(b, log.String(), secret)
	})
}

// Rule 8: files that look like parts, of whatever name, are their owner's business.
func TestForeignFilesStay(t *testing.T) {
	inBoth(t, func(b *bed) {
		for _, name := range []string{
			"x.ldpart", "a.bin.ldpart", "a.bin.0123abcd.ldpart", "a.bin.0123abcd.ldjournal", "a.bin.part", "a.bin.aria2", ".a.bin.tmp", "c.bin",
		} {
			path := filepath.Join(b.dir, name)
			require.NoError(b, os.WriteFile(path, []byte("theirs"), 0o600))
			b.theirs[path] = "theirs"
		}
		good := b.add(b.srv.File("a.bin", Size(8*mib)))
		bad := b.add(b.srv.File("b.bin", Size(8*mib), Behave(After(3, Status(404)))))
		other := b.add(b.srv.File("c.bin"))
		require.Error(b, b.start())
		require.True(b, b.task(good).IsCompleted())
		require.True(b, b.task(bad).IsFailed())
		require.Equal(b, "c (1).bin", b.task(other).Filename)
		require.NoError(b, b.d.Stop())
	})
}

// Rule 24: who changes what was handed out changes nothing for others.
func TestSnapshotsAreCopies(t *testing.T) {
	enhBubble(t, func(b *enhBed) {
		a, c := b.origin("a.test"), b.origin("b.test")
		f := a.File("f", Size(8*mib), Behave(Slow(4*mib)))
		c.File("f", Size(8*mib))
		id := b.mirrored("f", f.Content(), nil, a, c)
		spoil := func() {
			task := b.task(id)
			require.Len(b, task.Sources, 2)
			task.Sources[0].URL, task.Sources[1].Bytes = "spoilt", -1
			b.get().GetAllTasks()[0].Sources[0].URL = "spoilt"
		}
		time.AfterFunc(time.Second, spoil)
		require.NoError(b, b.start())
		spoil()
		require.Equal(b, f.URL(), b.task(id).Sources[0].URL)
		require.Zero(b, b.task(id).Sources[1].Bytes)
	})
	header := http.Header{"X-Mine": {"1"}}
	inBoth(t, func(b *bed) {
		b.add(b.srv.File("a.bin"), littledl.WithHeader(header))
		header.Set("X-Mine", "2")
		require.NoError(b, b.start())
		require.Equal(b, "1", b.srv.GETs()[0].Header.Get("X-Mine"))
		header.Set("X-Mine", "1")
	})
}

// Rule 27: the proxy is the environment's where none is given, NO_PROXY counts, and the
// proxy's password goes to the proxy alone. The environment is read once in a process,
// so this has one of its own.
func TestProxyOfTheEnvironment(t *testing.T) {
	if !inOwnProcess(t, "", "HTTP_PROXY=http://user:"+secret+"@proxy.test:3128", "NO_PROXY=files.test", "REQUEST_METHOD=") {
		return
	}
	inBoth(t, func(b *bed) {
		b.conf.Proxy = nil
		proxy := b.origin("proxy.test:3128")
		b.homes["http://else.test"] = true // as the proxy sees it
		b.add(b.srv.File("direct.bin"))
		f := proxy.File("a.bin")
		id, err := b.d.AddURL("http://else.test/a.bin", littledl.WithSavePath(b.dir))
		require.NoError(b, err)
		b.want[id] = []Content{f.Content()}
		require.NoError(b, b.start())
		require.Len(b, proxy.GETs(), 1)
		require.Equal(b, "else.test", proxy.GETs()[0].Host)
		require.NotEmpty(b, proxy.GETs()[0].Header.Get("Proxy-Authorization"))
		require.Len(b, b.srv.GETs(), 1)
		require.Empty(b, b.srv.GETs()[0].Header.Get("Proxy-Authorization"))
	})
}

// secretHeaders are the credentials that a test gives in every way there is.
var secretHeaders = []string{"Authorization", "Cookie", "X-Api-Key", "X-Origin"}

// TestCredentialsStayHome: not on redirects, not to where redirects led when segments
// are fetched from there, not to the next URL, and not into errors.
func TestCredentialsStayHome(t *testing.T) {
	batchBubble(t, func(b *batch) {
		cdn := Start(b, On(b.net, "cdn.test:80", "files.test:8080"))
		b.conf.OriginHeaders = map[string]http.Header{"http://files.test": {"X-Origin": {"hidden"}}}
		for i, at := range []string{"cdn.test:80", "files.test:8080"} {
			name := fmt.Sprint("large", i)
			target := cdn.File(name, Size(8<<20))
			b.srv.File(name, Behave(RedirectTo(cdn.URLAt(at, name), 302)))
			raw := strings.Replace(b.srv.URL(name), "//", "//user:hidden@", 1) + "?sig=hidden"
			id, err := b.get().AddURL(raw, littledl.WithSavePath(b.dir),
				littledl.WithHeader(http.Header{"Cookie": {"hidden"}, "X-Api-Key": {"hidden"}}))
			require.NoError(b, err)
			b.want[id] = target.Content()
		}
		b.add(cdn.File("other"))
		missing, err := b.get().AddURL("http://user:hidden@files.test/missing?sig=hidden", littledl.WithSavePath(b.dir))
		require.NoError(b, err)
		err = b.start()
		require.Error(b, err)
		require.NotContains(b, err.Error(), "hidden")
		require.NotContains(b, b.task(missing).Err.Error(), "hidden")
		require.Empty(b, cdn.Leaks("http://files.test", secretHeaders...))
		for _, r := range b.srv.Requests("large0", "large1") {
			for _, k := range secretHeaders {
				require.NotEmpty(b, r.Header.Get(k), "%s of %s", k, r.Path)
			}
		}
		require.Greater(b, len(cdn.GETs("large0")), 2, "what follows goes straight to where the redirect led")
		require.Len(b, b.srv.GETs("large0"), 1)
	})
}

// TestUserInfoHoldsForTheOrigin: a redirect within it, and the segments behind that,
// are asked for with the credentials.
func TestUserInfoHoldsForTheOrigin(t *testing.T) {
	batchBubble(t, func(b *batch) {
		target := b.srv.File("target", Size(8<<20), Behave(BasicAuth("user", "word")))
		from := b.srv.File("from", Behave(BasicAuth("user", "word"), RedirectTo("/target", 302)))
		id, err := b.get().AddURL(strings.Replace(from.URL(), "//", "//user:word@", 1), littledl.WithSavePath(b.dir))
		require.NoError(b, err)
		b.want[id] = target.Content()
		require.NoError(b, b.start())
	})
}
