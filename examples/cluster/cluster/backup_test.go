package cluster

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestBackup: a job's other URLs serve beside its own, or instead of it.
func TestBackup(t *testing.T) {
	c, one, two, sink := start(t, Config{}), newSite(t), newSite(t), t.TempDir()
	one.refuse = func(w http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/2") {
			http.NotFound(w, r)
			return true
		}
		return false
	}
	work(t, c, Worker{Name: "w", Sink: Dir{Path: sink}})
	jobs := func(yield func(Job, error) bool) {
		for j := range flat(4, 20<<20, one) {
			j.Backup = []string{strings.Replace(j.URL, one.URL, two.URL, 1)}
			if !yield(j, nil) {
				return
			}
		}
	}
	_, err := c.Enqueue(t.Context(), "batch", jobs)
	require.NoError(t, err)
	require.EqualValues(t, 4, finish(t, c, "batch", 20*time.Second).Done)
	require.Equal(t, 4, stored(t, sink, "batch", jobs))
	require.Positive(t, two.sent.Load())
}
