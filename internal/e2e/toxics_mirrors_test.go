//go:build linux

package e2e

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
)

// TestMirrors: where one server of two stands behind a bad line, the other one serves.
func TestMirrors(t *testing.T) {
	t.Parallel()
	const (
		fine = `bandwidth "rate":3000`
		dead = "dead" // nobody listens
	)
	plain := folder(t, 6, 8*mib)
	hashed := folder(t, 6, 8*mib)
	for i := range hashed.files {
		hashed.files[i].hashed = true
	}
	for _, c := range []struct {
		name          string
		first, second string // lines
		files         *content
		opts          []littledl.Option
		from          int           // the source that the large file must come from, but for a tenth; -1: both
		took          time.Duration // at most
	}{
		{"first dead", dead, fine, plain, nil, 1, 5 * time.Second},
		{"second dead", fine, dead, hashed, nil, 0, 5 * time.Second},
		{"first reset", `reset_peer "timeout":0`, fine, plain, nil, 1, 6 * time.Second},
		{"second reset", fine, `reset_peer "timeout":0`, hashed, nil, 0, 5 * time.Second},
		{"first a black hole", `timeout "timeout":0`, fine, plain, nil, 1, 9 * time.Second},
		{"second a black hole", fine, `timeout "timeout":0`, hashed, nil, 0, 8 * time.Second},
		// Alone it would take minutes.
		{"first crawls", `bandwidth "rate":40`, fine, hashed, nil, 1, 8 * time.Second},
		{"first crawls, mirrors trusted", `bandwidth "rate":40`, fine, plain, []littledl.Option{littledl.WithTrustedMirrors(true)}, 1, 8 * time.Second},
		{"second crawls", fine, `bandwidth "rate":40`, hashed, nil, 0, 8 * time.Second},
		{"first cut", `limit_data "bytes":30000`, fine, plain, nil, 1, 6 * time.Second},
		{"first cut, both at once", `limit_data "bytes":30000`, fine, hashed, nil, 1, 6 * time.Second},
		{"first cut in the headers", `limit_data "bytes":100`, fine, plain, nil, 1, 6 * time.Second},
		{"both bad, in different ways", `limit_data "bytes":500000`, `latency "latency":100,"jitter":50`, hashed, nil, -1, 6 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			one, two := startNginx(t, c.files.root), startNginx(t, c.files.root)
			open := func(to string, toxic string) *line {
				if toxic == dead {
					l := newLine(t, to)
					l.Stop()
					return l
				}
				return newLine(t, to, toxic)
			}
			first, second := open(one.plain, c.first), open(two.plain, c.second)
			j := newEnhancedJob(t, c.opts...)
			for _, f := range c.files.files {
				j.add(t, f, first.base, second.base)
			}
			j.run(t)
			large := j.GetAllTasks()[0]
			t.Logf("%+v", large.Sources)
			j.checkComplete(t, c.files.files, c.took)
			n, _ := counted(append(one.requests(t), two.requests(t)...), 0)
			t.Logf("%d GETs", n)
			require.LessOrEqual(t, n, 10*len(c.files.files))
			if c.from >= 0 {
				// Fifteen connections of 40 kB/s bring as much in the two seconds until a mirror is proven.
				require.Less(t, large.Sources[1-c.from].Bytes, large.FileSize/5)
			}
		})
	}
}

// TestMirrorTakesOver: the server that serves goes away in the middle; the other one,
// which has the same file by every sign there is, goes on from there.
func TestMirrorTakesOver(t *testing.T) {
	t.Parallel()
	files := folder(t, 0, 12*mib)
	one, two := startNginxWith(t, files.root, slowly), startNginxWith(t, files.root, "limit_rate 4m;")
	first, second := newLine(t, one.plain), newLine(t, two.plain)
	j := newEnhancedJob(t, littledl.WithMaxTotalThreads(4))
	j.add(t, files.files[0], first.base, second.base)
	j.run(t, j.bytesDone(5*mib), first.Stop)
	j.checkComplete(t, files.files, 6*time.Second)

	sources := j.GetAllTasks()[0].Sources
	require.Len(t, sources, 2)
	require.GreaterOrEqual(t, sources[0].Bytes, int64(4*mib))
	require.Equal(t, files.total, sources[0].Bytes+sources[1].Bytes)
	require.True(t, sources[0].Dropped)
	var sent int64
	for _, r := range two.requests(t) {
		sent += r.sent
	}
	require.Less(t, sent, files.total-sources[0].Bytes+2*mib, "it started over")
}

// TestNoMirrorLeft: both are gone; that is said soon.
func TestNoMirrorLeft(t *testing.T) {
	t.Parallel()
	files := folder(t, 5, 8*mib)
	server := startNginx(t, files.root)
	first, second := newLine(t, server.plain), newLine(t, server.plain, `reset_peer "timeout":0`)
	first.Stop()
	config := quick()
	config.Retry.MaxElapsed = 2 * time.Second
	j := newEnhancedJob(t, littledl.WithConfig(config))
	for _, f := range files.files {
		j.add(t, f, first.base, second.base)
	}
	j.run(t)
	require.ErrorIs(t, j.err, littledl.ErrNoSource)
	require.Less(t, j.took, 8*time.Second)
	j.checkNames(t)
}
