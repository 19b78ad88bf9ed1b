package cluster

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestEarlierLife: a partition that has a worker's name is its own again or another's, and not nobody's,
// though the worker has taken its share of others before it has come to it.
func TestEarlierLife(t *testing.T) {
	c := start(t, Config{Partitions: 8})
	for p := range 8 { // w's, but for those that it comes to first
		name := "w"
		if (p-int(hash64("w")%8)+8)%8 < 4 {
			name = "dead"
		}
		_, err := c.put(t.Context(), partKey(p), name, 0)
		require.NoError(t, err)
	}
	workers := []*lease{newLease(c, "w"), newLease(c, "x")}
	for _, l := range workers {
		_, err := c.write(t.Context(), liveRow+l.name, l.name, lives(c.silence))
		require.NoError(t, err)
	}
	for range 4 {
		for _, l := range workers {
			_, err := l.renew(t.Context(), nil, false)
			require.NoError(t, err)
		}
	}
	require.Len(t, workers[0].held, 4)
	require.Len(t, workers[1].held, 4)
}

// TestLeaving: what a worker gives away that drains is somebody's.
func TestLeaving(t *testing.T) {
	c := start(t, Config{})
	a, b := newLease(c, "a"), newLease(c, "b")
	for range 4 {
		for _, l := range []*lease{a, b} {
			_, err := l.renew(t.Context(), nil, false)
			require.NoError(t, err)
		}
	}
	require.Len(t, a.held, 8)
	busy := map[int]int{}
	for p := range a.held {
		busy[p] = 1 // a large file
		break
	}
	for range 10 {
		_, err := a.renew(t.Context(), busy, true)
		require.NoError(t, err)
		_, err = b.renew(t.Context(), nil, false)
		require.NoError(t, err)
	}
	require.Len(t, a.held, 1)
	require.Len(t, b.held, 15, "the others are nobody's until the drain is over")
}

// TestSameName: two machines whose workers have one name are told so, or share the limit.
func TestSameName(t *testing.T) {
	c, s := start(t, Config{}), newSite(t)
	hold := make(chan struct{})
	s.refuse = func(_ http.ResponseWriter, r *http.Request) bool {
		select {
		case <-hold:
		case <-r.Context().Done():
		}
		return false
	}
	for range 2 {
		work(t, c, Worker{Name: "w", Sink: Dir{Path: t.TempDir()}})
		time.Sleep(time.Second)
	}
	_, err := c.Enqueue(t.Context(), "batch", flat(600, 100, s))
	require.NoError(t, err)
	time.Sleep(3 * time.Second)
	peak := s.peak.Load()
	close(hold)
	require.EqualValues(t, 6, peak)
}
