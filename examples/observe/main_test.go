package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/examples/internal/command"
	"github.com/littledl/littledl/examples/internal/origin"
)

// quick is the demonstration, small and near.
func quick() demo {
	d := standard()
	for i := range d.sites {
		s := &d.sites[i]
		s.config.RTT, s.config.Rates = s.config.RTT/40, nil
		s.late, s.breaks = s.late/40, s.breaks/3
		if s.config.MaxInFlight > 0 { // so that they meet there
			s.config.MaxInFlight, s.config.Rates = 1, []int64{1 * mib}
		}
	}
	for i := range d.files {
		d.files[i].size /= 3
	}
	return d
}

// started is a command that runs.
type started struct {
	*testing.T
	stdout, stderr command.Output
	interrupt      context.CancelFunc
	done           chan int
}

// start runs the command, which has to leave nothing behind in its temporary directory.
func start(t *testing.T, d demo, args ...string) *started {
	ctx, cancel := context.WithCancel(t.Context())
	c := &started{T: t, interrupt: cancel, done: make(chan int, 1)}
	go func() { c.done <- run(ctx, args, d, &c.stdout, &c.stderr) }()
	t.Cleanup(func() {
		cancel()
		c.code()
	})
	return c
}

// code is what the command returns.
func (c *started) code() int {
	code := <-c.done
	c.done <- code
	return code
}

// says waits until the command has printed something that matches, and returns that.
func (c *started) says(pattern string) string {
	c.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if got := regexp.MustCompile(pattern).FindString(c.stdout.String()); got != "" {
			return got
		}
	}
	c.interrupt()
	c.code()
	require.Fail(c, "it does not say "+pattern, c.stdout.String()+c.stderr.String())
	return ""
}

func get(t *testing.T, url string) string {
	t.Helper()
	res, err := http.Get(url)
	require.NoError(t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, res.StatusCode)
	return string(body)
}

func TestDemonstration(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	spans := filepath.Join(t.TempDir(), "spans.json")
	c := start(t, quick(), "-trace", spans)
	url := c.says(`http://\S+/`)
	require.Contains(t, get(t, url), "<title>littledl</title>")
	t.Log(c.says("87 of 88 files are complete.*"))
	c.says("until Ctrl-C")
	numbers := get(t, url+"metrics")
	require.Contains(t, numbers, "\nlittledl_files{state=\"completed\"} 87\n")
	require.Contains(t, numbers, "\nlittledl_files{state=\"failed\"} 1\n")
	for _, host := range []string{"fast", "mirror", "slow", "busy", "flaky", "late"} {
		require.Regexp(t, `(?m)^littledl_host_received_bytes_total\{host="http://`+host+`.example:80"\} [1-9]`, numbers)
	}
	require.Regexp(t, `(?m)^littledl_requests_total\{host="http://busy.example:80",status="5xx"\} [1-9]`, numbers, "it refuses")
	require.Regexp(t, `(?m)^littledl_requests_total\{host="http://late.example:80",status="error"\} [1-9]`, numbers, "nobody is there at first")
	require.Regexp(t, `(?m)^littledl_retries_total\{host="http://flaky.example:80"\} [1-9]`, numbers, "it breaks off")

	res, err := http.Get(url + "events") // somebody looks on
	require.NoError(t, err)
	defer res.Body.Close()
	c.interrupt()
	require.Equal(t, command.Done, c.code(), c.stderr.String())
	left, err := os.ReadDir(os.Getenv("TMPDIR"))
	require.NoError(t, err)
	require.Empty(t, left)

	files, requests := 0, 0
	f, err := os.Open(spans)
	require.NoError(t, err)
	defer f.Close()
	for d := json.NewDecoder(f); d.More(); {
		var span struct{ Name string }
		require.NoError(t, d.Decode(&span))
		if span.Name == "download" {
			files++
		} else {
			requests++
		}
	}
	require.Equal(t, 88, files)
	require.Greater(t, requests, 88)
}

func TestInterrupted(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	c := start(t, standard())
	c.says(`http://\S+/`)
	c.interrupt()
	require.Equal(t, command.Failed, c.code())
	left, err := os.ReadDir(os.Getenv("TMPDIR"))
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestURLs(t *testing.T) {
	t.Parallel()
	o, err := origin.Start(origin.Config{})
	require.NoError(t, err)
	t.Cleanup(func() { o.Close() })
	dir := t.TempDir()
	c := start(t, demo{}, "-exit", "-o", dir, o.URL("a.bin", 1000), o.URL("b.bin", 7<<20))
	require.Equal(t, command.Done, c.code(), c.stderr.String())
	c.says("2 of 2 files are complete")
	info, err := os.Stat(filepath.Join(dir, "b.bin"))
	require.NoError(t, err)
	require.Equal(t, int64(7<<20), info.Size())

	gone := strings.Replace(o.URL("gone.bin", 1), "/1/", "/no/", 1)
	c = start(t, demo{}, "-exit", "-o", dir, gone+"?token=secret")
	require.Equal(t, command.Failed, c.code())
	require.Contains(t, c.stderr.String(), "404")
	require.NotContains(t, c.stderr.String(), "secret")
}

func TestWrongCalls(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		"flag provided":           {"-nonsense"},
		"ftp":                     {"ftp://host/x"},
		"-addr takes another":     {"-addr", "127.0.0.1:http-or-so"},
		"no trace can be written": {"-trace", filepath.Join(t.TempDir(), "no", "such", "directory")},
	} {
		c := start(t, quick(), append([]string{"-exit"}, args...)...)
		require.NotZero(t, c.code())
		require.Contains(t, c.stderr.String(), want)
		require.NotContains(t, c.stdout.String(), "complete")
	}
	c := start(t, quick(), "-h")
	require.Equal(t, command.Done, c.code())
	require.Contains(t, c.stdout.String(), "usage: observe")
}
