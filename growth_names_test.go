package littledl_test

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
)

// bodyOf is what it has.
func bodyOf(path string) string { return fmt.Sprintf("%16s", path) }

// oneName is a server that calls every file the same, or each by its URL.
func oneName(same bool, etag func(path string) string) http.RoundTripper {
	return transportFunc(func(r *http.Request) (*http.Response, error) {
		h := http.Header{"Content-Length": {"16"}}
		if t := etag(r.URL.Path); t != "" {
			h.Set("ETag", t)
		}
		if same {
			h.Set("Content-Disposition", "attachment; filename=a.bin")
		}
		body := bodyOf(r.URL.Path)
		res := &http.Response{StatusCode: 200, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: h, ContentLength: 16, Body: io.NopCloser(strings.NewReader(body)), Request: r}
		if r.Method == http.MethodHead {
			res.Body = http.NoBody
		}
		return res, nil
	})
}

// 194: a server that calls every file the same costs, in a folder where they are already, no more
// than one that gives each a name of its own, whatever becomes of what is there and whatever proves
// that it is the file: every one of them was looked at for every other.
func TestOneNameForAll(t *testing.T) {
	n := 2000
	if underRace {
		n = 300
	}
	for what, c := range map[string]struct {
		tag  string
		conf littledl.DownloadConfig
		hash bool
	}{
		"other validators": {tag: "\"%s-%d\""},
		"no validators":    {},
		"replaced":         {conf: littledl.DownloadConfig{Overwrite: littledl.OverwriteReplace}},
		"trusted times":    {conf: littledl.DownloadConfig{TrustModTime: true}},
		"digests":          {hash: true},
	} {
		t.Run("194 "+what, func(t *testing.T) {
			cost := func(same bool) (took time.Duration) {
				dir := t.TempDir()
				for run := range 2 {
					etag := func(path string) string {
						if c.tag == "" {
							return ""
						}
						return fmt.Sprintf(c.tag, path, run)
					}
					byURL := c.hash || c.conf.TrustModTime // what is there is looked at under the URL's name
					c.conf.HTTPClient = &http.Client{Transport: oneName(same && !byURL, etag)}
					d, err := littledl.NewEnhancedBatchDownloader(littledl.WithConfig(c.conf))
					require.NoError(t, err)
					for i := range n {
						u, opts := fmt.Sprintf("http://files.test/%d.bin", i), []littledl.URLOption{littledl.WithSavePath(dir)}
						if same && byURL {
							u = fmt.Sprintf("http://files.test/%d/a.bin", i)
						}
						if c.hash {
							opts = append(opts, littledl.WithHash("sha256", fmt.Sprintf("%x", sha256.Sum256([]byte(bodyOf(u[len("http://files.test"):]))))))
						}
						_, err := d.AddURL(u, opts...)
						require.NoError(t, err)
					}
					began := time.Now()
					require.NoError(t, d.Start(t.Context()))
					took += time.Since(began)
				}
				list, err := os.ReadDir(dir)
				require.NoError(t, err)
				require.LessOrEqual(t, len(list), n+max(0, n-1000), "what is the same is kept, of a name a thousand")
				return took
			}
			var one, each time.Duration
			for range 5 {
				if one, each = cost(true), cost(false); one <= 4*each {
					return
				}
			}
			t.Errorf("%v for one name, %v for %d", one, each, n)
		})
	}
}

// TestForgottenNames: who is forgotten has its file still, and the next of that name is numbered
// behind it.
func TestForgottenNames(t *testing.T) {
	batchBubble(t, func(b *batch) {
		var urls []string
		for i := range 200 {
			urls = append(urls, b.srv.File(fmt.Sprint(i, "/a.bin"), faultserver.Size(1<<10+int64(i))).URL())
		}
		names := map[string]bool{}
		for r := range littledl.BatchDownloadSeq(b.Context(), seqOf(b.dir, urls...), littledl.WithConfig(b.conf)) {
			require.NoError(b, r.Err)
			names[r.Task.Filename] = true
		}
		require.Len(b, names, 200)
		for i := range 200 {
			if i > 0 {
				require.True(b, names[fmt.Sprintf("a (%d).bin", i)], "%d", i)
			}
		}
	})
}
