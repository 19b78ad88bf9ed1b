package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/examples/internal/command"
	"github.com/littledl/littledl/examples/internal/origin"
)

// TestLastFrameIsTheSummary: the same counts, bytes, speed and time, of all URLs that were given.
func TestLastFrameIsTheSummary(t *testing.T) {
	o := startOrigin(t, origin.Config{Rates: []int64{8 << 20}})
	gone := strings.Replace(o.URL("gone", 1), "/1/", "/no/", 1)
	for _, cols := range []int{40, 80, 200} {
		t.Run(fmt.Sprint(cols), func(t *testing.T) {
			code, f, stderr := runOn(t, cols, "-o", t.TempDir(), o.URL("a.bin", 1000), o.URL("b.bin", 3<<20), gone, "ftp://host/x")
			require.Equal(t, command.Failed, code)
			require.Equal(t, 2, strings.Count(stderr, "\n"), stderr)
			screen, row := f.text(), func(name string) string {
				return regexp.MustCompile(`(?m)^` + name + ` +(.*)$`).FindStringSubmatch(f.text())[1]
			}
			require.Equal(t, "4 of 4, 2 failed", row("files"))
			bar := regexp.MustCompile(`(?m)^4( of |/)4.*, 2 failed +\d+%.*$`).FindAllString(screen, -1)
			require.Len(t, bar, 1, screen)
			require.Contains(t, bar[0], row("mean speed"))
			if cols >= 80 {
				require.Contains(t, bar[0], " "+row("bytes")+" ")
				require.True(t, strings.HasSuffix(bar[0], " "+row("time")), screen)
			}
			require.Contains(t, screen, bar[0]+"\n\nfiles ", "nothing is between")
		})
	}
}

// TestFramesAreWhole: each is one write, from the first line to the last.
func TestFramesAreWhole(t *testing.T) {
	o := startOrigin(t, origin.Config{Rates: []int64{8 << 20}})
	code, f, stderr := runOn(t, 80, "-o", t.TempDir(), o.URL("large.bin", 6<<20), o.URL("b.bin", 10))
	require.Equal(t, command.Done, code, stderr)
	require.Greater(t, len(f.writes), 3)
	last := len(f.writes) - 1
	require.True(t, strings.HasPrefix(f.writes[last], "\nfiles "))
	for i, w := range f.writes[:last] {
		require.Regexp(t, `^(\x1b\[\d+A)?\r`, w)
		require.True(t, strings.HasSuffix(w, "\n\x1b[J"), "%q", w)
		require.Regexp(t, `[012] of 2 files`, w)
		require.Equal(t, i > 0, strings.HasPrefix(w, "\x1b["), "%q", w)
	}
	require.Contains(t, strings.Join(f.writes, ""), "\n  large.bin ")
	require.NotContains(t, f.text(), "  large.bin ", "files in flight are not left behind")
}

// TestNothingIsLeftOfProgress where there is no terminal.
func TestNothingIsLeftOfProgress(t *testing.T) {
	o, dir := startOrigin(t, origin.Config{Rates: []int64{3 << 20}}), t.TempDir()
	r := runCommand(t, "", "-o", dir, o.URL("a.bin", 5<<20))
	require.Equal(t, command.Done, r.code, r.stderr)
	require.Regexp(t, `^saved \S+a\.bin  5\.0 MiB\n\nfiles +1 of 1\nbytes +5\.0 MiB\ntime .*\nmean speed .*\nsaved in .*\n$`, r.stdout)
}

// stalling sends so much and then nothing.
type stalling struct {
	http.ResponseWriter
	left    int
	stalled func()
}

func (s *stalling) Write(p []byte) (int, error) {
	if s.left -= len(p); s.left < 0 {
		s.ResponseWriter.(http.Flusher).Flush()
		s.stalled()
	}
	return s.ResponseWriter.Write(p)
}

// TestInterruptedGoesOn: the same command fetches what was missing, and only that.
func TestInterruptedGoesOn(t *testing.T) {
	const size, first = 8 << 20, 3 << 20
	body := bytes.Repeat([]byte("0123456789abcdef"), size/16)
	ctx, interrupt := context.WithCancel(t.Context())
	var stands atomic.Bool
	stands.Store(true)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"1"`)
		if stands.Load() {
			w = &stalling{ResponseWriter: w, left: first, stalled: func() {
				time.AfterFunc(300*time.Millisecond, interrupt)
				<-r.Context().Done()
			}}
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
	}))
	defer server.Close()

	args := []string{"-o", t.TempDir(), "-x", "1", server.URL + "/a.bin"}
	var stderr bytes.Buffer
	f := newTerminal(t, 80, 24)
	require.Equal(t, command.Failed, run(ctx, args, nil, f, &stderr))
	require.Equal(t, "fetch: interrupted; the same command goes on where this one has stopped\n", stderr.String())
	require.Regexp(t, `(?m)^files +0 of 1, 1 did not complete$`, f.text())
	require.Regexp(t, `(?m)^0( of |/)1.*, 1 did not complete `, f.text())
	require.NotContains(t, f.text(), "failed")

	stands.Store(false)
	code, f, errors := runOn(t, 80, args...)
	require.Equal(t, command.Done, code, errors)
	require.Contains(t, f.text(), "MiB that an earlier run had fetched")
}
