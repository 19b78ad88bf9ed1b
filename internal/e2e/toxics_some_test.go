//go:build linux

package e2e

import (
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
)

// TestSomeConnectionsBad: of several connections to a server some are no good; the
// others make up for them.
func TestSomeConnectionsBad(t *testing.T) {
	t.Parallel()
	const good = `bandwidth "rate":3000`
	var (
		small = folder(t, 40)
		large = folder(t, 0, 12*mib)
	)
	first := func(n int64) bool { return n == 0 }
	third := func(n int64) bool { return n%3 == 2 }
	for _, c := range []struct {
		name  string
		toxic string
		bad   func(nth int64) bool
		files *content
		took  time.Duration // at most
		tries [2]int
		gets  int
	}{
		// It may be a HEAD's.
		{"first a black hole", `timeout "timeout":0`, first, small, 6 * time.Second, [2]int{0, 2}, 42},
		{"first a black hole, large file", `timeout "timeout":0`, first, large, 8 * time.Second, [2]int{1, 2}, 20},
		// Others are set on its bytes before it counts as one that failed.
		{"third a black hole", `timeout "timeout":0`, third, large, 8 * time.Second, [2]int{0, 8}, 30},
		{"third reset", `reset_peer "timeout":0`, third, small, 5 * time.Second, [2]int{0, 10}, 60},
		{"third reset, large file", `reset_peer "timeout":0`, third, large, 6 * time.Second, [2]int{1, 10}, 30},
		// A minute and more for the quarter of the file.
		{"third crawls", `bandwidth "rate":40`, third, large, 8 * time.Second, [2]int{0, 2}, 40},
		{"third cut", `limit_data "bytes":300000`, third, large, 6 * time.Second, [2]int{1, 10}, 40},
		{"third cut in the headers", `limit_data "bytes":100`, third, large, 6 * time.Second, [2]int{1, 10}, 40},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			server := startNginx(t, c.files.root)
			clear, sick := newLine(t, server.plain, good), newLine(t, server.plain, c.toxic)
			d := &dials{lines: func(n int64) *line {
				if c.bad(n) {
					return sick
				}
				return clear
			}}
			config := quick()
			config.DialContext = d.dial
			j := newJob(t, littledl.WithConfig(config))
			j.addAll(t, c.files, clear.base)
			j.run(t)
			j.checkComplete(t, c.files.files, c.took)
			require.GreaterOrEqual(t, j.retries(), c.tries[0], "nobody noticed")
			require.LessOrEqual(t, j.retries(), c.tries[1])
			gets, _ := counted(server.requests(t), 0)
			t.Logf("%d connections, %d GETs", d.made.Load(), gets)
			require.LessOrEqual(t, gets, c.gets)
		})
	}
}

// TestDeadLines: where nothing can come, that is said, soon, after few attempts. When
// the line is mended, the same downloader fetches everything, and leaves nothing about.
func TestDeadLines(t *testing.T) {
	t.Parallel()
	files := folder(t, 8, 8*mib)
	for _, c := range []struct {
		name  string
		toxic string
		says  func(err error) bool
		took  time.Duration // at most
	}{
		{"reset", `reset_peer "timeout":0`, is(syscall.ECONNRESET, io.EOF), 5 * time.Second},
		{"black hole", `timeout "timeout":0`, timedOut, 9 * time.Second},
		{"black hole that closes", `timeout "timeout":200`, func(err error) bool {
			return is(io.EOF, syscall.ECONNRESET)(err) || timedOut(err) // where the machine is slow to close
		}, 6 * time.Second},
		{"cut in the headers", `limit_data "bytes":100`, func(error) bool { return true }, 5 * time.Second}, // net/http has no type for that
		{"cut after a moment", `limit_data "bytes":5000`, is(io.ErrUnexpectedEOF), 5 * time.Second},
		{"nobody there", "", is(syscall.ECONNREFUSED), 6 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			server := startNginx(t, files.root)
			var toxics []string
			if c.toxic != "" {
				toxics = []string{c.toxic}
			}
			l := newLine(t, server.plain, toxics...)
			if c.toxic == "" {
				l.Stop()
			}
			d := &dials{lines: func(int64) *line { return l }}
			config := quick()
			config.DialContext = d.dial
			config.HeaderTimeout = 600 * time.Millisecond
			config.Retry.MaxElapsed = 2 * time.Second
			j := newJob(t, littledl.WithConfig(config))
			j.addAll(t, files, l.base)
			j.run(t)
			require.Less(t, j.took, c.took)
			var failed *littledl.BatchError
			require.ErrorAs(t, j.err, &failed)
			require.Len(t, failed.Failed, len(files.files))
			for _, e := range failed.Failed {
				require.True(t, c.says(e), "%v", e)
			}
			t.Logf("%d connections", d.made.Load())
			// Of the large one eight more may be too many beside others that bring some of it.
			require.LessOrEqual(t, d.made.Load(), int64(5*len(files.files)+8))
			if c.name != "cut after a moment" { // what has come of the large one is kept
				j.checkNames(t)
			}

			l.reset()
			if c.toxic == "" {
				require.NoError(t, l.Start())
			}
			j.run(t)
			j.checkComplete(t, files.files, 4*time.Second)
		})
	}
}

func is(any ...error) func(error) bool {
	return func(err error) bool {
		for _, e := range any {
			if errors.Is(err, e) {
				return true
			}
		}
		return false
	}
}

func timedOut(err error) bool {
	var t net.Error
	return errors.As(err, &t) && t.Timeout()
}
