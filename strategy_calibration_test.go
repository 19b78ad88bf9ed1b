package littledl_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
)

// TestEstimatedSpeedup compares what the selector promises after a first small
// download from an origin with what a larger file from there then shows.
func TestEstimatedSpeedup(t *testing.T) {
	t.Parallel()
	const seed = 20240501 // fixed: what differs from run to run is for a longer test than this
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	between := func(lo, hi float64) float64 { return lo + rnd.Float64()*(hi-lo) }
	rtt := func(lo, hi float64) faultserver.Link {
		return faultserver.RTT(time.Duration(between(lo, hi) * float64(time.Second)))
	}
	limited := func(lo, hi float64) faultserver.Link {
		l := rtt(0.01, 0.2)
		l.Rate = int64(between(lo, hi) * mib)
		return l
	}
	shared := func(l faultserver.Link, rate float64) faultserver.Link {
		l.Shared = faultserver.NewBottleneck(int64(rate))
		return l
	}
	for _, kind := range []struct {
		name        string
		fewest, max int     // chunks
		size        float64 // of the file, at least
		link        func() faultserver.Link
	}{
		{"per connection", 3, 4, 8, func() faultserver.Link { return limited(0.5, 1.2) }},
		{"per connection, quick", 3, 4, 50, func() faultserver.Link {
			l := rtt(0.01, 0.06)
			l.Rate = int64(between(4, 8) * mib)
			return l
		}},
		{"in sum", 1, 2, 8, func() faultserver.Link { return shared(rtt(0.01, 0.2), between(0.5, 2)*mib) }},
		{"both", 2, 2, 8, func() faultserver.Link {
			l := limited(0.5, 1)
			return shared(l, float64(l.Rate)*between(1.2, 2.2))
		}},
		{"by round trip", 3, 4, 8, func() faultserver.Link { // no more than the buffer is under way
			l := rtt(0.1, 0.35)
			l.Buffer = int(l.Down.Seconds() * between(0.3, 1.2) * mib)
			return l
		}},
	} {
		for i := range 2 {
			l, size := kind.link(), int64(between(kind.size, kind.size+10)*mib)
			if underRace && i > 0 && kind.size > 10 { // of the large ones one will do
				continue
			}
			t.Run(fmt.Sprint(kind.name, " ", i), func(t *testing.T) {
				k := calibrate(t, l, size, 4)
				require.GreaterOrEqual(t, k, kind.fewest)
				require.LessOrEqual(t, k, kind.max)
			})
		}
	}
	l, size := limited(4, 6), int64(between(101, 105)*mib)
	t.Run("per connection, large", func(t *testing.T) { require.Equal(t, 8, calibrate(t, l, size, 8)) })
}

// calibrate gives the selector as many chunks as the batch downloader opens at once
// for a file of that size, and returns how many of them it recommends.
func calibrate(t *testing.T, link faultserver.Link, size int64, most int) (chunks int) {
	t.Logf("%+v", link)
	batchBubble(t, func(b *batch) {
		b.net.Shape(faultserver.Same(link))
		taps := &taps{dial: b.net.DialContext}
		b.conf.DialContext = taps.dialContext
		b.timed(12*mib, 4)
		network := taps.profile(4)

		sel, err := littledl.NewStrategySelector(littledl.WithMaxChunks(most))
		require.NoError(b, err)
		d := sel.SelectStyleFor(sel.AnalyzeFile("", size, true), network)
		single := b.timed(size, 1)
		several := b.timed(size, d.RecommendedChunks)
		measured := single.Seconds() / several.Seconds()
		b.Logf("%+v, %d bytes: %+v; measured %.2f = %v/%v", network, size, d, measured, single, several)
		require.InEpsilon(b, measured, d.EstimatedSpeedup, 0.25)
		chunks = d.RecommendedChunks
	})
	return chunks
}

// timed downloads a file with so many connections at most.
func (b *batch) timed(size int64, connections int) time.Duration {
	b.Helper()
	b.d, b.opts = nil, []littledl.Option{littledl.WithMaxConcurrentFiles(1), littledl.WithMaxConcurrentChunksPerFile(connections)}
	id := b.file(fmt.Sprint(size, "x", connections), size)
	began := time.Now()
	require.NoError(b, b.get().Start(b.Context()))
	took := time.Since(began)
	require.NoError(b, os.Remove(b.task(id).Path()))
	return took
}

// taps watch the connections of a download.
type taps struct {
	dial func(ctx context.Context, network, addr string) (net.Conn, error)

	mu  sync.Mutex
	rtt time.Duration
	all []*tap // those that brought something, by when they began to
}

// tap is what one connection brought, and when.
type tap struct {
	net.Conn
	taps  *taps
	reads []read
}

type read struct {
	at time.Time
	n  int
}

func (ts *taps) dialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	began := time.Now()
	c, err := ts.dial(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	ts.mu.Lock()
	defer ts.mu.Unlock()
	ts.rtt = time.Since(began)
	return &tap{Conn: c, taps: ts}, nil
}

func (t *tap) Read(p []byte) (int, error) {
	n, err := t.Conn.Read(p)
	t.taps.mu.Lock()
	defer t.taps.mu.Unlock()
	if n > 0 {
		if t.reads == nil {
			t.taps.all = append(t.taps.all, t)
		}
		t.reads = append(t.reads, read{time.Now(), n})
	}
	return n, err
}

// during is how many bytes it brought after from, until to.
func (t *tap) during(from, to time.Time) (n float64) {
	for _, r := range t.reads {
		if r.at.After(from) && !r.at.After(to) {
			n += float64(r.n)
		}
	}
	return n
}

func (t *tap) first() time.Time { return t.reads[0].at }
func (t *tap) last() time.Time  { return t.reads[len(t.reads)-1].at }

// profile is what the first connection brought while it was alone, and all together
// while there were so many.
func (ts *taps) profile(connections int) littledl.NetworkProfile {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	var turns []time.Time // when one came or went
	for _, t := range ts.all {
		turns = append(turns, t.first(), t.last())
	}
	slices.SortFunc(turns, time.Time.Compare)
	var bytes, seconds float64
	for ; seconds == 0 && connections > 0; connections-- { // so many may never have been at it together
		for i, to := range turns[1:] {
			if n, active := ts.between(turns[i], to); active == connections {
				bytes, seconds = bytes+n, seconds+to.Sub(turns[i]).Seconds()
			}
		}
	}
	connections++
	first := ts.all[0]
	alone := first.first()
	for _, r := range first.reads {
		if !r.at.After(turns[1]) {
			alone = r.at
		}
	}
	return littledl.NetworkProfile{
		RTT: ts.rtt, Connections: connections, Stability: 1,
		TotalSpeed: bytes / seconds,
		MaxSpeed:   first.during(first.first(), alone) / alone.Sub(first.first()).Seconds(),
	}
}

// between is how many bytes came in an interval, and over how many connections.
func (ts *taps) between(from, to time.Time) (bytes float64, active int) {
	for _, t := range ts.all {
		if !t.first().After(from) && !t.last().Before(to) {
			bytes += t.during(from, to)
			active++
		}
	}
	return bytes, active
}
