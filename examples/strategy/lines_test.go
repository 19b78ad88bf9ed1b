package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/examples/bench/line"
	"github.com/littledl/littledl/examples/internal/origin"
)

// course is a line and a file over it.
type course struct {
	name        string
	line        line.Config
	window      int // bytes that a connection may have under way; 0: what the system likes
	size        int64
	fewest, max int // chunks that make sense
}

// chunks is how many connections are measured, and how many the selector may recommend.
const chunks = 3

// trial is one measurement of a line, what the selector makes of it, and what came of that.
type trial struct {
	network            littledl.NetworkProfile
	decision           littledl.StyleDecision
	one, all, promised time.Duration // that one connection took, all that are measured, and as many as recommended
}

func (t trial) measured() float64 { return t.one.Seconds() / t.promised.Seconds() }

// off is how far the promise is from the truth, as a share of it.
func (t trial) off() float64 { return t.decision.EstimatedSpeedup/t.measured() - 1 }

func (t trial) String() string {
	return fmt.Sprintf("one %.2f s at %.2f MB/s, %d: %.2f s at %.2f MB/s, recommended %d: %.2f s; estimated %.2f, measured %.2f, off by %+.0f %%",
		t.one.Seconds(), t.network.MaxSpeed/1e6, chunks, t.all.Seconds(), t.network.TotalSpeed/1e6, t.decision.RecommendedChunks,
		t.promised.Seconds(), t.decision.EstimatedSpeedup, t.measured(), 100*t.off())
}

// run measures the line and tries what is recommended.
func (c course) run(ctx context.Context, dir string) (t trial, err error) {
	alone, err := c.fetch(ctx, dir, 1)
	if err != nil {
		return t, err
	}
	all, err := c.fetch(ctx, dir, chunks)
	if err != nil {
		return t, err
	}
	sel, err := littledl.NewStrategySelector(littledl.WithMaxChunks(chunks))
	if err != nil {
		return t, err
	}
	t.network = littledl.NetworkProfile{RTT: alone.rtt, Connections: chunks, TotalSpeed: all.speed, MaxSpeed: alone.speed, Stability: 1}
	t.decision = sel.SelectStyleFor(sel.AnalyzeFile("", c.size, true), t.network)
	promised, err := c.fetch(ctx, dir, t.decision.RecommendedChunks)
	t.one, t.all, t.promised = alone.took, all.took, promised.took
	return t, err
}

// fetched is what a download has shown.
type fetched struct {
	took, rtt time.Duration
	speed     float64 // bytes/s while all connections were at it and had found their speed
}

// fetch downloads the file with so many connections, over a line of its own.
func (c course) fetch(ctx context.Context, dir string, connections int) (f fetched, err error) {
	l, err := line.Start(c.line)
	if err != nil {
		return f, err
	}
	defer l.Close()
	listener, err := l.Listen()
	if err != nil {
		return f, err
	}
	server, err := origin.On(listener, origin.Config{})
	if err != nil {
		return f, err
	}
	defer server.Close()
	dir, err = os.MkdirTemp(dir, "")
	if err != nil {
		return f, err
	}
	defer os.RemoveAll(dir)
	w := &watch{line: l, window: c.window}
	begun := time.Now()
	_, err = littledl.BatchDownload(ctx, []string{server.URL("f", c.size)}, dir,
		littledl.WithMaxConcurrentFiles(1), littledl.WithMaxConcurrentChunksPerFile(connections),
		littledl.WithConfig(littledl.DownloadConfig{DialContext: w.dial}))
	f.took = time.Since(begun)
	f.rtt, f.speed = w.rtt, w.speed(0.4, 0.9)
	return f, err
}

// watch sees what comes over the connections it dials.
type watch struct {
	line   *line.Line
	window int

	mu    sync.Mutex
	rtt   time.Duration // that the first took to connect
	total int64
	reads []read
}

// read is when there were so many bytes.
type read struct {
	at    time.Time
	total int64
}

func (w *watch) dial(ctx context.Context, network, address string) (net.Conn, error) {
	begun := time.Now()
	c, err := w.line.Dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	took := time.Since(begun)
	if w.window > 0 {
		if err := c.(*net.TCPConn).SetReadBuffer(w.window); err != nil {
			c.Close()
			return nil, err
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.rtt == 0 {
		w.rtt = took
	}
	return watched{c, w}, nil
}

// speed is in bytes/s, from one share of all bytes to another.
func (w *watch) speed(from, to float64) float64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	at := func(share float64) read {
		i := slices.IndexFunc(w.reads, func(r read) bool { return float64(r.total) >= share*float64(w.total) })
		return w.reads[max(i, 0)]
	}
	if len(w.reads) == 0 {
		return 0
	}
	a, b := at(from), at(to)
	return float64(b.total-a.total) / b.at.Sub(a.at).Seconds()
}

type watched struct {
	net.Conn
	w *watch
}

func (c watched) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	c.w.total += int64(n)
	c.w.reads = append(c.w.reads, read{time.Now(), c.w.total})
	return n, err
}
