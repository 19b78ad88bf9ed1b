//go:build linux

package e2e

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	startTimeout = 10 * time.Second
	stopTimeout  = 5 * time.Second
)

// process is a program that a test has started. It ends with the test.
type process struct {
	dir  string
	quit syscall.Signal
	pid  int
	done chan struct{} // closed when it has ended
}

// findProgram returns the path of a program, or skips the test where the Debian
// package that has it is not installed.
func findProgram(t *testing.T, name, debianPackage string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	for _, dir := range []string{"/usr/local/sbin", "/usr/sbin", "/sbin"} { // not in everybody's PATH
		if err != nil {
			path, err = exec.LookPath(filepath.Join(dir, name))
		}
	}
	if err != nil {
		skip(t, "%s is not installed: apt-get install %s", name, debianPackage)
	}
	return path
}

// skip ends the test, as failed where the environment wants everything tested.
func skip(t *testing.T, format string, args ...any) {
	t.Helper()
	if os.Getenv("LITTLEDL_E2E") == "require" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// startProcess runs a program in dir until the test ends or stop is called. It must
// stay in the foreground; quit is the signal that makes it end in good order.
func startProcess(t *testing.T, dir string, quit syscall.Signal, program string, args ...string) *process {
	t.Helper()
	user := ordinaryUser()
	give(t, dir, user)
	output, err := os.Create(filepath.Join(dir, "output.log"))
	require.NoError(t, err)
	defer output.Close()
	cmd := exec.Command(program, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, output, output
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "TMPDIR=" + dir}
	// A group of its own, to be ended as a whole; and not to outlive a test binary
	// that died without its cleanup.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM, Credential: user}
	require.NoError(t, cmd.Start())
	p := &process{dir: dir, quit: quit, pid: cmd.Process.Pid, done: make(chan struct{})}
	go func() {
		defer close(p.done)
		_ = cmd.Wait()
	}()
	t.Cleanup(func() {
		p.stop()
		if t.Failed() {
			p.showLogs(t)
		}
	})
	return p
}

// ordinaryUser is who the programs run as where root runs the tests: all of them
// behave differently for root. Nil: whoever runs the tests.
func ordinaryUser() *syscall.Credential {
	if os.Getuid() != 0 {
		return nil
	}
	return &syscall.Credential{Uid: 65534, Gid: 65534}
}

// give makes dir and what is in it the user's.
func give(t *testing.T, dir string, user *syscall.Credential) {
	t.Helper()
	if user == nil {
		return
	}
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, int(user.Uid), int(user.Gid))
	})
	require.NoError(t, err)
}

// tempDir is a temporary directory that other users can enter.
func tempDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.Chmod(filepath.Dir(dir), 0o755))
	return dir
}

// ports are below those that the system gives to outgoing connections, so that none of
// them takes one before the program does. Each test binary has a block of its own, which
// it marks by listening on the first: between the look whether a port is free and the
// program's start another run of these tests must not take it.
var ports struct {
	sync.Mutex
	mark net.Listener // nil: no block yet
	next int
}

const (
	portsFrom, portsTo = 20_000, 32_000
	portBlock          = 500
)

// freeAddresses returns n loopback addresses that nobody listens on.
func freeAddresses(t *testing.T, n int) []string {
	t.Helper()
	ports.Lock()
	defer ports.Unlock()
	for range 100 {
		if ports.mark != nil {
			break
		}
		first := portsFrom + portBlock*rand.IntN((portsTo-portsFrom)/portBlock)
		if l, err := net.Listen("tcp", loopback(first)); err == nil {
			ports.mark, ports.next = l, first+1
		}
	}
	require.NotNil(t, ports.mark, "no free block of ports between %d and %d", portsFrom, portsTo)
	var free []string
	for ; len(free) < n; ports.next++ {
		require.NotZero(t, ports.next%portBlock, "no free port is left")
		if l, err := net.Listen("tcp", loopback(ports.next)); err == nil {
			l.Close()
			free = append(free, loopback(ports.next))
		}
	}
	return free
}

func loopback(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }

// await returns when the program accepts connections.
func (p *process) await(t *testing.T, addresses ...string) {
	t.Helper()
	late := time.After(startTimeout)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for _, addr := range addresses {
		for !listens(addr) {
			select {
			case <-tick.C:
			case <-p.done:
				t.Fatal("the program ended at once; see its log below")
			case <-late:
				t.Fatalf("nobody listens on %s after %v", addr, startTimeout)
			}
		}
	}
}

func listens(addr string) bool {
	c, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return false
	}
	c.Close()
	return true
}

// stop ends the program and what it has started, and returns when it has ended.
// Its logs are complete then.
func (p *process) stop() {
	select {
	case <-p.done:
		return
	default:
	}
	_ = syscall.Kill(p.pid, p.quit)
	select {
	case <-p.done:
		return
	case <-time.After(stopTimeout):
	}
	_ = syscall.Kill(-p.pid, syscall.SIGKILL)
	<-p.done
}

// showLogs tells what the program had to say.
func (p *process) showLogs(t *testing.T) {
	const most = 2000
	logs, _ := filepath.Glob(filepath.Join(p.dir, "*.log"))
	for _, path := range logs {
		text, _ := os.ReadFile(path)
		if len(text) > most {
			text = text[len(text)-most:]
		}
		t.Logf("the end of %s:\n%s", filepath.Base(path), strings.TrimSpace(string(text)))
	}
}

// writeConfig writes a program's configuration into its directory.
func writeConfig(t *testing.T, dir, text string) string {
	t.Helper()
	path := filepath.Join(dir, "config")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	return path
}
