//go:build linux

package e2e

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
)

// TestNginxOutages: whatever is done to a server in the course of a batch, everything
// comes, without haste and without a file failing.
func TestNginxOutages(t *testing.T) {
	t.Parallel()
	files := folder(t, 80, 8*mib, 12*mib)
	// The listener goes a moment before the connections do: meanwhile each file may find it gone, once.
	const each = 120
	for _, c := range []struct {
		name  string
		event func(t *testing.T, j *job, e *endpoint) // in the course of the batch
		least int                                     // retries that it cannot pass without
		most  int                                     // retries that it may cost
		took  time.Duration                           // at most
	}{
		{"restart", func(t *testing.T, j *job, e *endpoint) {
			e.quit = syscall.SIGTERM // the connections go at once
			e.stop()
			runNginx(t, e)
		}, 1, each, 10 * time.Second},
		{"reload", func(t *testing.T, _ *job, e *endpoint) {
			require.NoError(t, syscall.Kill(e.pid, syscall.SIGHUP))
		}, 0, 2, 9 * time.Second},
		{"down for two seconds", func(t *testing.T, j *job, e *endpoint) {
			e.quit = syscall.SIGTERM
			e.stop()
			j.pass(2 * time.Second)()
			runNginx(t, e)
		}, 1, each, 16 * time.Second},
		{"workers killed", func(t *testing.T, _ *job, e *endpoint) {
			for _, pid := range childrenOf(t, e.pid) {
				require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
			}
		}, 1, each, 10 * time.Second},
		{"workers frozen", func(t *testing.T, j *job, e *endpoint) {
			frozen := childrenOf(t, e.pid)
			for _, pid := range frozen {
				require.NoError(t, syscall.Kill(pid, syscall.SIGSTOP))
			}
			j.pass(2500 * time.Millisecond)()
			for _, pid := range frozen {
				require.NoError(t, syscall.Kill(pid, syscall.SIGCONT))
			}
		}, 1, each, 16 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			server := startNginxWith(t, files.root, "limit_rate 1m;")
			j := newJob(t, littledl.WithSmallFilePriority(false)) // so that there are some of all kinds in flight
			j.addAll(t, files, "http://"+server.plain)
			j.run(t, j.bytesDone(2*mib), func() { c.event(t, j, server) })
			j.checkComplete(t, files.files, c.took)
			require.GreaterOrEqual(t, j.retries(), c.least, "nobody noticed")
			require.LessOrEqual(t, j.retries(), c.most)
			gets, _ := counted(server.requests(t), 0)
			t.Logf("%d GETs", gets)
			require.LessOrEqual(t, gets, 2*len(files.files))
		})
	}
}

// childrenOf are the processes that one has started.
func childrenOf(t *testing.T, pid int) (children []int) {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	require.NoError(t, err)
	for _, word := range strings.Fields(string(text)) {
		child, err := strconv.Atoi(word)
		require.NoError(t, err)
		children = append(children, child)
	}
	require.NotEmpty(t, children)
	return children
}
