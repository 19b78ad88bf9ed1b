package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
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

// result is what a command left behind.
type result struct {
	code           int
	stdout, stderr string
}

func runCommand(t *testing.T, stdin string, args ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), args, strings.NewReader(stdin), &stdout, &stderr)
	const control = `[\x00-\x08\x0b-\x1f\x7f-\x{9f}\x{202a}-\x{202e}]`
	require.NotRegexp(t, control, stdout.String(), "not plain text")
	require.NotRegexp(t, control, stderr.String(), "not plain text")
	return result{code, stdout.String(), stderr.String()}
}

func startOrigin(t *testing.T, c origin.Config) *origin.Origin {
	t.Helper()
	o, err := origin.Start(c)
	require.NoError(t, err)
	t.Cleanup(func() { o.Close() })
	return o
}

func requireFile(t *testing.T, dir, name string, size int64) {
	t.Helper()
	body, err := os.ReadFile(filepath.Join(dir, name))
	require.NoError(t, err)
	sum := sha256.Sum256(body)
	require.Equal(t, origin.SHA256(name, size), hex.EncodeToString(sum[:]), name)
}

func requireEmptyDir(t *testing.T, dir string) {
	t.Helper()
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestAllDone(t *testing.T) {
	o, dir := startOrigin(t, origin.Config{}), t.TempDir()
	r := runCommand(t, "", o.URL("a.bin", 300<<10), "-o", dir, o.URL("b.bin", 7<<20), "-j", "2")
	require.Equal(t, command.Done, r.code, r.stderr)
	require.Empty(t, r.stderr)
	requireFile(t, dir, "a.bin", 300<<10)
	requireFile(t, dir, "b.bin", 7<<20)
	require.Equal(t, 1, strings.Count(r.stdout, "saved "+filepath.Join(dir, "a.bin")+"  300.0 KiB\n"))
	require.Equal(t, 1, strings.Count(r.stdout, "saved "+filepath.Join(dir, "b.bin")+"  7.0 MiB\n"))
	require.Regexp(t, `(?m)^files +2 of 2$`, r.stdout)
	require.Regexp(t, `(?m)^bytes +7\.3 MiB$`, r.stdout)
}

func TestSecondRunFetchesNothing(t *testing.T) {
	o, dir := startOrigin(t, origin.Config{}), t.TempDir()
	args := []string{"-o", dir, o.URL("a.bin", 300<<10)}
	require.Equal(t, command.Done, runCommand(t, "", args...).code)
	r := runCommand(t, "", args...)
	require.Equal(t, command.Done, r.code, r.stderr)
	require.Contains(t, r.stdout, "kept "+filepath.Join(dir, "a.bin")+"  300.0 KiB\n")
	require.Regexp(t, `(?m)^of them kept +1 \(300\.0 KiB were there already\)$`, r.stdout)
}

func TestSomeFailed(t *testing.T) {
	o, dir := startOrigin(t, origin.Config{}), t.TempDir()
	missing := strings.Replace(o.URL("gone.bin", 1), "/1/", "/no/", 1)
	r := runCommand(t, "", "-o", dir, missing+"?key=secret", o.URL("a.bin", 1000), "ftp://host/x")
	require.Equal(t, command.Failed, r.code)
	requireFile(t, dir, "a.bin", 1000)
	lines := strings.Split(strings.TrimSpace(r.stderr), "\n")
	require.Len(t, lines, 2, r.stderr)
	require.Contains(t, lines[0], "ftp://host/x")
	require.Contains(t, lines[1], missing)
	require.Contains(t, lines[1], "404")
	require.NotContains(t, r.stdout+r.stderr, "secret")
	require.Regexp(t, `(?m)^files +3 of 3, 2 failed$`, r.stdout)
}

func TestListFromStandardInput(t *testing.T) {
	o, dir := startOrigin(t, origin.Config{}), t.TempDir()
	list := "\ufeff# files\r\n\n  " + o.URL("a.bin", 10) + "  # the first\r\n" + o.URL("b.bin", 20)
	r := runCommand(t, list, "-i", "-", "-o", dir, o.URL("c.bin", 30))
	require.Equal(t, command.Done, r.code, r.stderr)
	requireFile(t, dir, "a.bin", 10)
	requireFile(t, dir, "b.bin", 20)
	requireFile(t, dir, "c.bin", 30)
}

func TestLimitsReachTheServer(t *testing.T) {
	o := startOrigin(t, origin.Config{RTT: 10 * time.Millisecond})
	args := []string{"-o", t.TempDir(), "-j", "3", "-x", "1", "-q"}
	for i := range 12 {
		args = append(args, o.URL(fmt.Sprintf("f%d", i), 10))
	}
	r := runCommand(t, "", args...)
	require.Equal(t, command.Done, r.code, r.stderr)
	require.LessOrEqual(t, o.Stats().Peak, int64(3))
	require.Regexp(t, `^\nfiles`, r.stdout, "-q leaves the summary")
}

func TestInterrupted(t *testing.T) {
	o := startOrigin(t, origin.Config{Rates: []int64{100 << 10}})
	dir := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	var stdout, stderr bytes.Buffer
	begun := time.Now()
	code := run(ctx, []string{"-o", dir, o.URL("slow.bin", 10<<20), o.URL("quick.bin", 10)}, nil, &stdout, &stderr)
	require.Equal(t, command.Failed, code)
	require.Less(t, time.Since(begun), 5*time.Second)
	requireFile(t, dir, "quick.bin", 10)
	require.Equal(t, "fetch: interrupted; the same command goes on where this one has stopped\n", stderr.String())
	require.Regexp(t, `(?m)^files +1 of 2, 1 did not complete$`, stdout.String())
}

// A server chooses names, statuses and errors; none of it may steer the terminal.
func TestServerTextIsCleaned(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.Contains(r.URL.Path, "named"):
			w.Header().Set("Content-Disposition", "attachment; filename*=UTF-8''evil%1B%5B2J%C2%9B31m%E2%80%AEtxt.bin")
			w.Write([]byte("body"))
		case strings.Contains(r.URL.Path, "moved"):
			w.Header().Set("Location", "ftp://\x1b[31m/")
			w.WriteHeader(http.StatusFound)
		default:
			http.NotFound(w, r)
		}
	}))
	defer server.Close()
	r := runCommand(t, "", "-o", t.TempDir(), server.URL+"/named", server.URL+"/moved", server.URL+"/gone%1b%5b31m")
	require.Equal(t, command.Failed, r.code)
	require.Regexp(t, `(?m)^files +3 of 3, 2 failed$`, r.stdout)
	require.Equal(t, 2, strings.Count(r.stderr, "\n"), r.stderr)
}

func TestClean(t *testing.T) {
	require.Equal(t, "a?[31mb??c?d?e", clean("a\x1b[31mb\r\nc\u202ed\u009be"))
	require.Equal(t, "plain – ünïcödé 文", clean("plain – ünïcödé 文"))
	require.Equal(t, "bad?", clean("bad\xff"))
}

func smallDemonstration() demonstration {
	return demonstration{
		server: origin.Config{RTT: 5 * time.Millisecond, Rates: []int64{20 << 20}},
		files:  []demoFile{{"small-1", 1000}, {"large", 6 << 20}, {"small-2", 0}},
	}
}

func TestDemonstration(t *testing.T) {
	var stdout, stderr bytes.Buffer
	o, err := parseFlags(nil)
	require.NoError(t, err)
	require.True(t, o.demo())
	require.NoError(t, smallDemonstration().run(t.Context(), o, &stdout, &stderr), stderr.String())
	require.NotContains(t, stdout.String(), "\x1b")
	require.Regexp(t, `(?m)^files +3 of 3$`, stdout.String())
	require.Regexp(t, `(?m)^peak in flight +[1-9]\d* requests$`, stdout.String())
	require.Regexp(t, `(?m)^wrong files +0 `, stdout.String())
	dir := regexp.MustCompile(`They go to (.*), which`).FindStringSubmatch(stdout.String())
	require.Len(t, dir, 2)
	require.NoDirExists(t, dir[1])
}

func TestDemonstrationInterrupted(t *testing.T) {
	var stdout, stderr bytes.Buffer
	t.Setenv("TMPDIR", t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	o, err := parseFlags([]string{"-q"})
	require.NoError(t, err)
	err = smallDemonstration().run(ctx, o, &stdout, &stderr)
	require.Equal(t, command.Failed, exitCode(err, &stderr))
	require.Equal(t, "fetch: interrupted\n", stderr.String())
	requireEmptyDir(t, os.TempDir())
}

func TestWrongBytesAreFound(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	require.NoError(t, os.WriteFile(path, make([]byte, 10), 0o600))
	require.False(t, same(path, demoFile{"f", 10}))
	require.False(t, same(path+".not", demoFile{"f", 10}))
}
