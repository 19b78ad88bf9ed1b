package cluster

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestBatch: a batch with files that are not there, by two workers.
func TestBatch(t *testing.T) {
	sites := []*site{newSite(t), newSite(t), newSite(t)}
	c := start(t, Config{})
	store := t.TempDir()
	jobs := func(yield func(Job, error) bool) {
		for j := range list(600, 3000, sites...) {
			if len(j.URL)%1 == 0 && j.URL[len(j.URL)-1] == '7' {
				j.URL = sites[0].URL + "/gone/" + fmt.Sprint(len(j.URL))
			}
			if !yield(j, nil) {
				return
			}
		}
	}
	for _, name := range []string{"a", "b"} {
		work(t, c, Worker{Name: name, Sink: Dir{Path: store}})
	}
	r, err := c.Enqueue(t.Context(), "first", jobs)
	require.NoError(t, err)
	require.EqualValues(t, 600, r.Jobs)
	p := finish(t, c, "first", 20*time.Second)
	require.EqualValues(t, 540, p.Done)
	require.EqualValues(t, 60, p.Failed)
	require.Equal(t, 540, stored(t, store, "first", jobs))
	for _, s := range sites {
		require.LessOrEqual(t, s.peak.Load(), int64(6))
		for path, n := range s.whole {
			require.Equal(t, 1, n, path)
		}
	}
}
