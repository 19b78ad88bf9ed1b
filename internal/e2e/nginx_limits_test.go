//go:build linux

package e2e

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
)

// TestNginxConnLimit: a server that answers 503 above four requests at once gets to
// serve everything, and the refusals stop when the limit is known.
func TestNginxConnLimit(t *testing.T) {
	t.Parallel()
	const limit = `
		limit_conn_zone $binary_remote_addr zone=one:1m;
		limit_conn one 4;
		limit_rate 4m;`
	files := folder(t, 60, 12*mib, 12*mib)
	for _, c := range []struct {
		name string
		job  func(t *testing.T, opts ...littledl.Option) *job
		opt  littledl.Option
	}{
		{"batch", newJob, littledl.WithMaxConcurrentFiles(8)},
		{"enhanced", newEnhancedJob, littledl.WithMaxTotalThreads(16)},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			j := c.job(t, c.opt)
			server := startNginxWith(t, files.root, limit)
			j.addAll(t, files, "http://"+server.plain)
			j.run(t)
			j.checkComplete(t, files.files, 10*time.Second)
			require.NotZero(t, j.retries(), "the limit was never felt")
			gets, refused := counted(server.requests(t), http.StatusServiceUnavailable)
			t.Logf("%d GETs, %d refused", gets, refused)
			require.NotZero(t, refused)
			require.LessOrEqual(t, refused, len(files.files), "it was not learned what the server bears")
		})
	}
}

// TestNginxRateLimit: where every connection is slow, several are quicker.
func TestNginxRateLimit(t *testing.T) {
	t.Parallel()
	const rate = 1 * mib
	files := folder(t, 0, 10*mib)
	server := startNginxWith(t, files.root, "limit_rate 1m;")
	j := newJob(t, littledl.WithMaxConcurrentFiles(1), littledl.WithMaxConcurrentChunksPerFile(4))
	j.addAll(t, files, "http://"+server.plain)
	j.run(t)
	alone := time.Duration(files.total/rate) * time.Second
	j.checkComplete(t, files.files, alone/2)
	require.Zero(t, j.retries())
	log := server.requests(t)
	gets, served := counted(log, http.StatusPartialContent)
	t.Logf("%d GETs", gets)
	require.GreaterOrEqual(t, served, 4)
	require.LessOrEqual(t, gets, 16)
}
