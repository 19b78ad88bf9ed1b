package littledl_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	. "github.com/littledl/littledl/internal/faultserver"
)

// endless is text as long as a header may be.
var endless = strings.Repeat("all work and no play ", 10_000)

// endlessAnswers are answers that are nothing but that, in whatever place.
func endlessAnswers() map[string]string {
	const ok = "HTTP/1.1 200 OK\r\n"
	path := strings.ReplaceAll(endless, " ", "/")
	return map[string]string{
		"no HTTP":           endless + "\r\n\r\n",
		"version":           "HTTP/" + endless + " 200 OK\r\n\r\n",
		"status":            "HTTP/1.1 2" + path + " OK\r\n\r\n",
		"reason":            "HTTP/1.1 404 " + endless + "\r\nContent-Length: 0\r\n\r\n",
		"header without :":  ok + endless + "\r\n\r\n",
		"header name":       ok + endless + ": x\r\nContent-Length: 10\r\n\r\nx",
		"length":            ok + "Content-Length: " + endless + "\r\n\r\n",
		"lengths":           ok + "Content-Length: 1\r\nContent-Length: 2" + endless + "\r\n\r\n",
		"transfer encoding": ok + "Transfer-Encoding: " + endless + "\r\n\r\n",
		"encoding":          ok + "Content-Encoding: " + endless + "\r\nContent-Length: 1\r\n\r\nx",
		"encodings":         ok + "Content-Encoding: " + strings.Repeat("gzip, ", 30_000) + "\r\nContent-Length: 1\r\n\r\nx",
		"content range":     "HTTP/1.1 206 OK\r\nContent-Range: bytes " + endless + "\r\nContent-Length: 1\r\n\r\nx",
		"location":          "HTTP/1.1 302 Found\r\nLocation: /" + path + "\r\nContent-Length: 0\r\n\r\n",
		"location's scheme": "HTTP/1.1 302 Found\r\nLocation: file:///" + path + "\r\nContent-Length: 0\r\n\r\n",
		"location's host":   "HTTP/1.1 302 Found\r\nLocation: http://" + strings.ReplaceAll(endless, " ", ".") + "test/\r\nContent-Length: 0\r\n\r\n",
		"validators":        ok + "ETag: \"" + path + "\"\r\nLast-Modified: " + endless + "\r\nContent-Length: 10\r\n\r\nx",
		"name":              ok + "Content-Disposition: attachment; filename=a.bin; x=\"" + endless + "\"\r\nContent-Length: 10\r\n\r\nx",
		"long name":         ok + "Content-Disposition: attachment; filename=\"" + endless + "\"\r\nContent-Length: 10\r\n\r\nx",
	}
}

// 190: however much a server says, an error and a line of the log have a kibibyte of it at most,
// and a task that has failed keeps no more.
func TestEndlessTexts(t *testing.T) {
	const tasks = 3 // of each kind
	inBoth(t, func(b *bed) {
		var log bytes.Buffer
		b.conf.Logger = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		b.conf.Retry = littledl.RetryConfig{MaxRetries: -1, MaxElapsed: time.Second}
		kinds, before := 0, int64(0)
		for name, answer := range endlessAnswers() {
			b.raw(fmt.Sprintf("raw%d.test:80", kinds), answer)
			for i := range tasks {
				b.addURL(fmt.Sprintf("http://raw%d.test/%s/%d.bin", kinds, url.PathEscape(name), i), nil)
			}
			kinds++
		}
		before = heap()
		err := b.start()
		require.Less(b, heap()-before, int64(3*mib), "%d tasks, each with %d KiB", kinds*tasks, len(endless)/kib)
		require.Error(b, err)
		require.LessOrEqual(b, len(err.Error()), kib)
		require.NotZero(b, log.Len())
		for line := range strings.Lines(log.String()) {
			require.Less(b, len(line), 3*kib)
		}
		for _, task := range b.d.GetAllTasks() {
			require.True(b, task.IsFailed(), task.URL)
			require.LessOrEqual(b, len(task.Err.Error()), kib)
			for cause := task.Err; cause != nil; cause = errors.Unwrap(cause) {
				require.LessOrEqual(b, len(cause.Error()), kib, task.URL)
			}
		}
	})
}

// 191: a validator that is longer than any is none: it is not sent back with each range.
func TestEndlessValidators(t *testing.T) {
	inBoth(t, func(b *bed) {
		tag := `"` + strings.Repeat("x", 100*kib) + `"`
		b.add(b.srv.File("a.bin", Size(24*mib), ETag(tag)))
		require.NoError(b, b.start())
		sent := 0
		for _, r := range b.srv.GETs() {
			require.LessOrEqual(b, len(r.Header.Get("If-Range")), kib)
			sent += len(r.Header.Get("If-Range"))
		}
		require.Less(b, sent, 64*kib)
	})
}

// 190: nor does the caller's own transport make them longer, and its errors are found in ours.
func TestEndlessErrorsOfTransports(t *testing.T) {
	own := errors.New("mine")
	inBoth(t, func(b *bed) {
		b.conf = littledl.DownloadConfig{HTTPClient: &http.Client{Transport: transportFunc(func(*http.Request) (*http.Response, error) {
			return nil, &url.Error{Op: "GET", URL: endless, Err: fmt.Errorf("%s: %w", endless, own)}
		})}, Retry: littledl.RetryConfig{MaxRetries: -1}}
		id, err := b.downloader().AddURL("http://files.test/a.bin", littledl.WithSavePath(b.dir))
		require.NoError(b, err)
		err = b.d.Start(b.Context())
		require.ErrorIs(b, err, own)
		require.ErrorIs(b, b.task(id).Err, own)
		require.LessOrEqual(b, len(err.Error()), kib)
	})
}

// 190: nor is what a server has a jar keep sent back to it without end.
func TestEndlessCookies(t *testing.T) {
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	asked := 0
	conf := littledl.DownloadConfig{HTTPClient: &http.Client{Jar: jar, Transport: transportFunc(func(r *http.Request) (*http.Response, error) {
		asked++
		require.LessOrEqual(t, len(r.Header.Get("Cookie")), 17*kib)
		if asked > 1 {
			require.Contains(t, r.Header.Get("Cookie"), "small0=1", "one that is no longer than others")
		}
		h := http.Header{"Location": {fmt.Sprintf("/%d", asked)}, "Set-Cookie": {fmt.Sprintf("small%d=1; Path=/", asked-1), fmt.Sprintf("long%d=%s; Path=/", asked, strings.ReplaceAll(endless, " ", ""))}}
		for i := range 20 {
			h.Add("Set-Cookie", fmt.Sprintf("c%d-%d=%s; Path=/", asked, i, strings.Repeat("c", 3*kib)))
		}
		return &http.Response{StatusCode: 302, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: h, Body: http.NoBody, Request: r}, nil
	})}}
	_, err = littledl.BatchDownload(t.Context(), []string{"http://files.test/a.bin"}, t.TempDir(), littledl.WithConfig(conf))
	require.ErrorIs(t, err, littledl.ErrTooManyRedirects)
	require.Equal(t, 11, asked)
	for _, k := range jar.Cookies(&url.URL{Scheme: "http", Host: "files.test"}) {
		require.LessOrEqual(t, len(k.Value), 4*kib)
	}
}
