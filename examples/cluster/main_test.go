package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/littledl/littledl/examples/cluster/cluster"
	"github.com/littledl/littledl/examples/internal/command"
	"github.com/stretchr/testify/require"
)

// TestVerbs: a batch from the list to what is missing of it, by the command line alone.
func TestVerbs(t *testing.T) {
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "3") {
			http.NotFound(w, r)
			return
		}
		fmt.Fprint(w, "it is ", r.URL.Path)
	}))
	t.Cleanup(site.Close)
	dir := t.TempDir()
	list, store := filepath.Join(dir, "list"), filepath.Join(dir, "store")
	text := "# a list\n\n"
	for i := range 20 {
		text += fmt.Sprintf("%s/%d priority=%d name=dir/f%d\n", site.URL, i, i%2, i)
	}
	require.NoError(t, os.WriteFile(list, []byte(text), 0o600))
	server, err := cluster.Server{Dir: filepath.Join(dir, "queue"), Token: "secret", NoSync: true}.Start()
	require.NoError(t, err)
	t.Cleanup(server.Close)
	do := func(ctx context.Context, args ...string) (int, string) {
		var out command.Output
		code := run(ctx, append(args, "-nats", server.URL(), "-token", "secret"), &out, &out)
		return code, out.String()
	}
	ok := func(want string, args ...string) {
		t.Helper()
		code, out := do(t.Context(), args...)
		require.Equal(t, command.Done, code, out)
		require.Contains(t, out, want)
	}
	ok("20 jobs, 0 of them", "enqueue", "-batch", "b", "-i", list)
	ok("20 jobs, 20 of them", "enqueue", "-batch", "b", "-i", list)
	ok("", "pause", "-batch", "b")
	ok("paused", "status", "-batch", "b", "-once")
	ctx, stop := context.WithCancel(t.Context())
	var working sync.WaitGroup
	working.Go(func() {
		code, out := do(ctx, "work", "-scratch", filepath.Join(dir, "scratch"), "-sink", store, "-drain", "0")
		if code != command.Done {
			t.Error(out)
		}
	})
	time.Sleep(300 * time.Millisecond)
	ok("", "resume", "-batch", "b")
	ok("18 of 20 stored, 2 failed", "status", "-batch", "b", "-failed")
	ok("2 jobs", "retry", "-batch", "b")
	ok("18 of 20 stored, 2 failed", "status", "-batch", "b")
	code, out := do(t.Context(), "verify", "-batch", "b", "-i", list, "-sink", store)
	require.Equal(t, command.Failed, code)
	require.Equal(t, site.URL+"/3\n"+site.URL+"/13\ncluster verify: 2 objects are missing\n", out)
	stop()
	working.Wait()
	body, err := os.ReadFile(filepath.Join(store, cluster.Key("b", 7, "dir/f7")))
	require.NoError(t, err)
	require.Equal(t, "it is /7", string(body))
	ok("", "share", "-host", site.URL, "-n", "2")
	ok("", "cancel", "-batch", "b")

	for _, args := range [][]string{
		{"fly"}, {"work"}, {"enqueue"}, {"status", "-batch", "b", "more"}, {"work", "-sink", "gs://x"}, {"work", "-limit", "0", "-sink", "x"},
	} {
		code, out := do(t.Context(), args...)
		require.Equal(t, command.Usage, code, out)
	}
	code, out = do(t.Context(), "status", "-batch", "nobody")
	require.Equal(t, command.Failed, code)
	require.Contains(t, out, "no such batch")
	require.NoError(t, os.WriteFile(list, []byte(site.URL+"\n"+site.URL+" colour=red\n"), 0o600))
	code, out = do(t.Context(), "enqueue", "-batch", "c", "-i", list)
	require.Equal(t, command.Failed, code)
	require.Contains(t, out, "line 2")
	code, out = do(t.Context(), "work", "-h")
	require.Equal(t, command.Done, code)
	require.Contains(t, out, "-scratch")
}

// TestDemo: it ends by itself, and finds everything right.
func TestDemo(t *testing.T) {
	if os.Getenv("LITTLEDL_CLUSTER") == "" {
		t.Skip("LITTLEDL_CLUSTER is not set")
	}
	program := filepath.Join(t.TempDir(), "cluster")
	build, err := runProgram(t, "go", "build", "-o", program, ".")
	require.NoError(t, err, build)
	out, err := runProgram(t, program)
	require.NoError(t, err, out)
	require.Contains(t, out, "2020 of 2020, once each")
	require.Contains(t, out, "2020 of 2020 as the origin has them")
}

func runProgram(t *testing.T, name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	return string(out), err
}

// TestWaiting: what is waited for is named without its password.
func TestWaiting(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
	defer cancel()
	var out command.Output
	run(ctx, []string{"status", "-batch", "x", "-nats", "nats://user:SECRET@127.0.0.1:1"}, &out, &out)
	t.Log(out.String())
	require.NotContains(t, out.String(), "SECRET")
}
