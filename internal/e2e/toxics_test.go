//go:build linux

package e2e

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestToxics: over a line that is bad in the same way all the time, everything comes,
// in the time that the line allows, and for few requests more than over a good one.
func TestToxics(t *testing.T) {
	t.Parallel()
	var (
		small  = folder(t, 30)
		large  = folder(t, 0, 8*mib)
		medium = folder(t, 4, 2*mib)
		tiny   = folder(t, 4)
	)
	for _, c := range []struct {
		name   string
		toxics []string
		files  *content
		took   [2]time.Duration // at least, so that the line is felt, and at most
		tries  [2]int           // the same of retries
		gets   int              // at most
		rules  string           // for the server
	}{
		// Five files at a time: six round trips and the connection's.
		{"latency", []string{`latency "latency":100,"jitter":50`}, small, [2]time.Duration{300 * time.Millisecond, 4 * time.Second}, [2]int{0, 0}, 30, ""},
		{"latency both ways", []string{`latency "latency":80`, `upstream latency "latency":80`}, large, [2]time.Duration{300 * time.Millisecond, 4 * time.Second}, [2]int{0, 0}, 16, ""},
		// Eight seconds for one connection.
		{"bandwidth", []string{`bandwidth "rate":1024`}, large, [2]time.Duration{time.Second, 5 * time.Second}, [2]int{0, 0}, 16, ""},
		// The server ends every connection with its answer; its FIN comes late. Who waits for
		// it takes six seconds.
		{"slow close", []string{`slow_close "delay":1000`}, small, [2]time.Duration{0, 3 * time.Second}, [2]int{0, 0}, 30, "keepalive_timeout 0;"},
		{"slices", []string{`slicer "average_size":600,"size_variation":300,"delay":10`}, medium, [2]time.Duration{0, 5 * time.Second}, [2]int{0, 0}, 8, ""},
		{"request in slices", []string{`upstream slicer "average_size":10,"size_variation":5,"delay":500`}, small, [2]time.Duration{0, 5 * time.Second}, [2]int{0, 0}, 30, ""},
		// Every connection breaks after a megabyte: that many are needed.
		{"cut", []string{`limit_data "bytes":1048576`}, large, [2]time.Duration{0, 8 * time.Second}, [2]int{4, 24}, 32, ""},
		{"cut very often", []string{`limit_data "bytes":1048576`}, folder(t, 0, 40*mib), [2]time.Duration{0, 8 * time.Second}, [2]int{30, 80}, 100, ""},
		// Every second file of a connection lacks its end.
		{"cut in small files", []string{`limit_data "bytes":131000`}, small, [2]time.Duration{0, 8 * time.Second}, [2]int{5, 40}, 70, ""},
		{"slow, far and cut", []string{`latency "latency":50,"jitter":20`, `bandwidth "rate":2048`, `limit_data "bytes":2000000`}, large, [2]time.Duration{500 * time.Millisecond, 8 * time.Second}, [2]int{2, 24}, 32, ""},
		{"far and in slices", []string{`slicer "average_size":1000,"size_variation":100,"delay":10`, `latency "latency":60,"jitter":60`}, tiny, [2]time.Duration{0, 5 * time.Second}, [2]int{0, 0}, 4, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			server := startNginxWith(t, c.files.root, c.rules)
			j := newJob(t)
			j.addAll(t, c.files, newLine(t, server.plain, c.toxics...).base)
			j.run(t)
			j.checkComplete(t, c.files.files, c.took[1])
			require.GreaterOrEqual(t, j.took, c.took[0], "the toxic was not felt")
			require.GreaterOrEqual(t, j.retries(), c.tries[0], "the toxic was not felt")
			require.LessOrEqual(t, j.retries(), c.tries[1])
			gets, _ := counted(server.requests(t), 0)
			t.Logf("%d GETs", gets)
			require.LessOrEqual(t, gets, c.gets)
		})
	}
}
