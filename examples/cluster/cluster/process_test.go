//go:build unix

package cluster

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/littledl/littledl"
	"github.com/stretchr/testify/require"
)

// role is what a process of its own, which is this program once more, is to be.
type role struct {
	Server  *Server
	Worker  string // its name
	Scratch string
	Store   string
	Limit   int // of a host
	N, Size int // jobs to enqueue
	Sites   []string

	URL string // of the cluster
}

const roleVariable = "LITTLEDL_CLUSTER_ROLE"

func TestMain(m *testing.M) {
	text := os.Getenv(roleVariable)
	if text == "" {
		os.Exit(m.Run())
	}
	var r role
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		panic(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	go func() { // nothing of it stays when the test is gone
		for parent := os.Getppid(); os.Getppid() == parent; {
			time.Sleep(time.Second)
		}
		os.Exit(3)
	}()
	if err := r.play(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func (r *role) play(ctx context.Context) error {
	if r.Server != nil {
		s, err := r.Server.Start()
		if err == nil {
			<-ctx.Done()
			s.Close()
		}
		return err
	}
	c, err := Open(ctx, Config{URL: r.URL})
	if err != nil {
		return err
	}
	defer c.Close()
	if r.Worker == "" {
		_, err := c.Enqueue(ctx, "batch", urls(r.N, r.Size, r.Sites...))
		return err
	}
	return c.Work(ctx, Worker{
		Name: r.Worker, Scratch: r.Scratch, Sink: Dir{Path: r.Store}, Log: slog.New(slog.NewTextHandler(os.Stderr, nil)),
		HostLimit: func(string) int { return cmp.Or(r.Limit, 6) },
		Download:  littledl.DownloadConfig{HTTPClient: &http.Client{Transport: deadly{http.DefaultTransport}}},
	})
}

// deadly is a transport with a flaw: some URLs end the process.
type deadly struct{ http.RoundTripper }

func (d deadly) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.Contains(r.URL.Path, "poison") {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}
	return d.RoundTripper.RoundTrip(r)
}

// process is one that can be killed.
type process struct {
	t    testing.TB
	role role
	log  string
	cmd  *exec.Cmd
	over chan error
}

func spawn(t testing.TB, name string, r role) *process {
	t.Helper()
	if r.Worker = ""; r.Store != "" {
		r.Worker, r.Scratch = name, cmp.Or(r.Scratch, filepath.Join(t.TempDir(), name))
	}
	p := &process{t: t, role: r, log: filepath.Join(t.TempDir(), name)}
	p.start()
	t.Cleanup(func() {
		if t.Failed() { // it says where it stands
			p.signal(syscall.SIGQUIT)
			_ = p.wait(5 * time.Second)
			text, _ := os.ReadFile(p.log)
			t.Logf("%s:\n%s", name, text[:min(len(text), 200_000)])
		}
		p.kill()
	})
	return p
}

func (p *process) start() {
	text, err := json.Marshal(p.role)
	require.NoError(p.t, err)
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	require.NoError(p.t, err)
	defer log.Close()
	p.cmd = exec.Command(os.Args[0])
	p.cmd.Env = append(os.Environ(), roleVariable+"="+string(text))
	p.cmd.Stdout, p.cmd.Stderr = log, log
	require.NoError(p.t, p.cmd.Start())
	cmd, over := p.cmd, make(chan error, 1)
	p.over = over
	go func() { over <- cmd.Wait(); close(over) }()
}

func (p *process) signal(s syscall.Signal) { _ = p.cmd.Process.Signal(s) }

// kill is kill -9.
func (p *process) kill() {
	p.signal(syscall.SIGKILL)
	<-p.over
}

// wait returns how it has ended by itself.
func (p *process) wait(most time.Duration) error {
	select {
	case err := <-p.over:
		return err
	case <-time.After(most):
		return context.DeadlineExceeded
	}
}
