package littledl_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/backoff"
	"github.com/littledl/littledl/internal/digest"
	"github.com/littledl/littledl/internal/fail"
	"github.com/littledl/littledl/internal/fetch"
	"github.com/littledl/littledl/internal/httprange"
	"github.com/littledl/littledl/internal/journal"
	"github.com/littledl/littledl/internal/redact"
	"github.com/littledl/littledl/internal/safename"
)

// fastest is the least time that something took, of some.
func fastest(do func()) time.Duration {
	least := time.Hour
	for range 3 {
		began := time.Now()
		do()
		least = min(least, time.Since(began))
	}
	return least
}

// growsEvenly requires that eight times as much takes no more than 22 times as long: in the middle
// between eight, with caches that are too small for it and the steps of the allocator, and
// sixty-four, its square. What else the machine and the collector do
// may only make it look longer, and for seconds on end: the least of each is kept from one round
// to the next, and the later rounds wait for a better time.
func growsEvenly(t *testing.T, of string, n int, do func(n int)) {
	t.Helper()
	one, eight := time.Hour, time.Hour
	for round := range time.Duration(30) {
		runtime.GC()
		one, eight = min(one, fastest(func() { do(n) })), min(eight, fastest(func() { do(8 * n) }))
		if eight < time.Millisecond || eight <= 22*one {
			return
		}
		time.Sleep(round * 20 * time.Millisecond)
	}
	t.Errorf("%q: %d take %v, and eight times that %v", of, n, one, eight)
}

// hostile are texts that have made something look at them again and again, of about n bytes.
func hostile(n int) map[string]string {
	all := map[string]string{}
	for _, piece := range []string{
		"/%2f", "/", `\`, "%2f", "/.", "/..", "a", "é", ";", "=", "\"", `\"`, "filename=a;", "filename=;", "filename*=UTF-8''%2f;", "=?", "=?utf-8?q?", "=?utf-8?b?", "?=", "%", "%25",
		",", "gzip,", "sha-256=:", "repr;", "bytes ", "1", "-", ".", "xn--", "a.", "@", ":", "[", "#", "?", "&a=b", " ", "\t", "(1)", " (1)", ".tar", "con.", "\x00", "\u200b", "//", "a/", "../",
	} {
		all[piece] = strings.Repeat(piece, n/len(piece))
	}
	return all
}

// 194: no parser of what servers and callers say takes longer for it than it is long.
func TestParsersGrowEvenly(t *testing.T) {
	header := func(k, v string) http.Header { return http.Header{k: {v}} }
	for name, parse := range map[string]func(s string){
		"fetch.ParseURL": func(s string) { _, _ = fetch.ParseURL("http://a.test/" + s) },
		"its host":       func(s string) { _, _ = fetch.ParseURL("http://" + s) },
		"its query":      func(s string) { _, _ = fetch.ParseURL("http://a.test/?" + s) },
		"fetch.CheckHeader": func(s string) {
			_ = fetch.CheckHeader(header("X", s), false)
			_ = fetch.CheckHeader(header(s, ""), false)
		},
		"fetch.CheckOrigins":          func(s string) { _ = fetch.CheckOrigins(map[string]http.Header{"http://" + s: nil}) },
		"safename.FromURL":            func(s string) { safename.FromURL("http://a.test/" + s) },
		"safename.FromDisposition":    func(s string) { safename.FromDisposition("attachment; filename=" + s) },
		"the same, quoted":            func(s string) { safename.FromDisposition(`attachment; filename="` + s + `"`) },
		"safename.Clean":              func(s string) { safename.Clean(s) },
		"safename.CheckUser":          func(s string) { _, _ = safename.CheckUser(s) },
		"safename.Numbered":           func(s string) { safename.Numbered(s, 7) },
		"safename.NumberOf":           func(s string) { safename.NumberOf("a.bin", s) },
		"safename.Fold":               func(s string) { _ = safename.Fold(s) },
		"httprange.ParseContentRange": func(s string) { _, _ = httprange.ParseContentRange("bytes " + s) },
		"httprange.ParseTime":         func(s string) { _, _ = httprange.ParseTime(s) },
		"httprange.Encoding":          func(s string) { httprange.Encoding(header("Content-Encoding", s)) },
		"httprange.PinOf":             func(s string) { httprange.PinOf(http.Header{"Etag": {s}, "Last-Modified": {s}, "Date": {s}}, 1) },
		"digest.FromHeader":           func(s string) { digest.FromHeader(header("Repr-Digest", s), true) },
		"digest.Parse":                func(s string) { _, _ = digest.Parse("sha256", s) },
		"backoff.RetryAfter":          func(s string) { backoff.RetryAfter(header("Retry-After", s), time.Now()) },
		"redact.URL":                  func(s string) { redact.URL("http://a.test/" + s); redact.URL(s) },
		"redact.Text":                 func(s string) { redact.Text(s) },
		"fail.Brief":                  func(s string) { fail.Brief(fmt.Errorf("%s: %w", s, io.EOF)) },
		"journal.Decode":              func(s string) { _, _ = journal.Decode([]byte(s)) },
	} {
		t.Run("194 "+name, func(t *testing.T) {
			small, large := hostile(5*kib), hostile(40*kib)
			for piece := range small {
				began := time.Now()
				if parse(large[piece]); time.Since(began) < 2*time.Millisecond {
					continue // for as much as a header or a URL has
				}
				growsEvenly(t, piece, 5*kib, func(n int) { parse(map[int]string{5 * kib: small[piece], 40 * kib: large[piece]}[n]) })
			}
		})
	}
	t.Run("194 a journal of many records", func(t *testing.T) {
		log := func(n int) []byte {
			b := journal.Begin(1, journal.Head{ID: 7, Size: 1 << 40})
			for i := range n {
				b = append(b, journal.Extent{Off: int64(i), Len: 1}.Record(7)...)
			}
			return b
		}
		logs := map[int][]byte{5_000: log(5_000), 40_000: log(40_000)}
		growsEvenly(t, "records", 5_000, func(n int) { _, _ = journal.Decode(logs[n]) })
	})
}

// 194: nor does any entry of the library take longer than there is to do.
func TestEntriesGrowEvenly(t *testing.T) {
	downloader := func() *littledl.EnhancedBatchDownloader {
		d, err := littledl.NewEnhancedBatchDownloader()
		require.NoError(t, err)
		return d
	}
	urls := func(n int, format string) (all []string) {
		for i := range n {
			all = append(all, strings.Replace(format, "N", fmt.Sprint(i), 1))
		}
		return all
	}
	failed := func(n int) *littledl.BatchError {
		b := &littledl.BatchError{}
		for range n {
			b.Failed = append(b.Failed, &littledl.FileError{URL: "http://a.test/", Op: "download", Err: io.EOF})
		}
		return b
	}
	many := map[int]*littledl.BatchError{5_000: failed(5_000), 40_000: failed(40_000)}
	long := func(n int) string { return strings.Repeat("/%2f", n/4) }
	for name, c := range map[string]struct {
		n  int
		do func(n int)
	}{
		"AddURL": {250, func(n int) {
			d := downloader()
			for _, u := range urls(n, "http://a.test/N.bin") {
				_, _ = d.AddURL(u)
			}
		}},
		"AddURL, one name": {250, func(n int) {
			d := downloader()
			for _, u := range urls(n, "http://a.test/N/a.bin") {
				_, _ = d.AddURL(u)
			}
		}},
		"AddURL, the same": {250, func(n int) {
			d := downloader()
			for range n {
				_, _ = d.AddURL("http://a.test/a.bin")
			}
		}},
		"AddURLs":          {250, func(n int) { _, _ = downloader().AddURLs(urls(n, "http://a.test/N/a.bin"), "d") }},
		"AddURL, long":     {8 * kib, func(n int) { _, _ = downloader().AddURL("http://a.test" + long(n)) }},
		"AddURL, too long": {16 * kib, func(n int) { _, _ = downloader().AddURL("http://a.test" + long(n)) }},
		"WithFilename":     {16 * kib, func(n int) { _, _ = downloader().AddURL("http://a.test", littledl.WithFilename(long(n))) }},
		"WithSavePath":     {16 * kib, func(n int) { _, _ = downloader().AddURL("http://a.test", littledl.WithSavePath(long(n))) }},
		"WithHash":         {16 * kib, func(n int) { _, _ = downloader().AddURL("http://a.test", littledl.WithHash("sha256", long(n))) }},
		"WithHeader": {16 * kib, func(n int) {
			_, _ = downloader().AddURL("http://a.test", littledl.WithHeader(http.Header{"X": {long(n)}}))
		}},
		"WithBackupURLs": {250, func(n int) {
			_, _ = downloader().AddURL("http://a.test", littledl.WithBackupURLs(urls(n, "http://N.test/a.bin")...))
		}},
		"OriginHeaders": {125, func(n int) {
			h := map[string]http.Header{}
			for _, u := range urls(n, "http://N.test") {
				h[u] = http.Header{"X": {"1"}}
			}
			_, _ = littledl.NewBatchDownloader(littledl.WithConfig(littledl.DownloadConfig{OriginHeaders: h}))
		}},
		"the tasks": {250, func(n int) {
			d := downloader()
			ids, err := d.AddURLs(urls(n, "http://a.test/N/a.bin"), "d")
			require.NoError(t, err)
			for _, id := range ids {
				d.GetTask(id)
				d.GetProgress()
				d.GetStats()
			}
			d.GetAllTasks()
			d.Cancel()
		}},
		"BatchError.Error": {5_000, func(n int) { _ = many[n].Error() }},
		"FileError.Error": {16 * kib, func(n int) {
			_ = (&littledl.FileError{URL: (&url.URL{Path: long(n)}).String(), Err: fmt.Errorf("%s", long(n))}).Error()
		}},
	} {
		t.Run("194 "+name, func(t *testing.T) { growsEvenly(t, name, c.n, c.do) })
	}
}
