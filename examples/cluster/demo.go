package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/littledl/littledl/examples/cluster/cluster"
	"github.com/littledl/littledl/examples/internal/origin"
)

// demonstration is a cluster on one machine: server and origins in this process, workers in three
// of their own.
type demonstration struct {
	out     io.Writer
	dir     string
	cluster *cluster.Cluster
	origins []*origin.Origin
	files   []file
	workers []*exec.Cmd
	took    time.Duration
}

type file struct {
	name string
	size int64
	url  string
}

const (
	demoBatch         = "demo"
	demoLimit         = 6
	demoSilence       = 3 * time.Second
	smallCount, small = 2000, 16 << 10
	largeCount, large = 20, 8 << 20
)

func demo(ctx context.Context, c *call) (err error) {
	dir := c.String("d", "", "where to work (by default a temporary directory, which is removed)")
	if err := c.parse(); err != nil {
		return err
	}
	d := &demonstration{out: c.stdout, dir: *dir}
	if d.dir == "" {
		if d.dir, err = os.MkdirTemp("", "cluster"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(d.dir)) }()
	}
	defer func() { err = errors.Join(err, d.end()) }()
	if err := d.begin(ctx); err != nil {
		return err
	}
	if err := d.run(ctx); err != nil {
		return err
	}
	return d.report(ctx)
}

func (d *demonstration) begin(ctx context.Context) (err error) {
	d.cluster, err = cluster.Open(ctx, cluster.Config{Dir: filepath.Join(d.dir, "queue"), Silence: demoSilence})
	if err != nil {
		return err
	}
	for range 6 {
		o, err := origin.Start(origin.Config{RTT: 10 * time.Millisecond, Rates: []int64{2 << 20}})
		if err != nil {
			return err
		}
		d.origins = append(d.origins, o)
	}
	for i := range smallCount + largeCount {
		f := file{name: fmt.Sprintf("small-%d", i), size: small}
		if i%((smallCount+largeCount)/largeCount) == 0 {
			f = file{name: fmt.Sprintf("large-%d", i), size: large}
		}
		f.url = d.origins[i%len(d.origins)].URL(f.name, f.size)
		d.files = append(d.files, f)
	}
	for i := range 3 {
		if err := d.work(ctx, fmt.Sprint("worker-", i+1)); err != nil {
			return err
		}
	}
	select {
	case <-time.After(4 * time.Second): // else it would be over before the hosts are dealt out to all three
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	fmt.Fprintf(d.out, "a server at %s, %d hosts with at most %d connections each, 3 worker processes, %d small and %d large files\n",
		d.cluster.URL(), len(d.origins), demoLimit, smallCount, largeCount)
	return nil
}

// work starts a worker: this program once more.
func (d *demonstration) work(ctx context.Context, name string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	w := exec.CommandContext(ctx, self, "work", "-nats", d.cluster.URL(), "-name", name, "-limit", fmt.Sprint(demoLimit),
		"-scratch", filepath.Join(d.dir, name), "-sink", filepath.Join(d.dir, "store"))
	w.Stderr = os.Stderr
	if err := w.Start(); err != nil {
		return err
	}
	d.workers = append(d.workers, w)
	return nil
}

func (d *demonstration) list() iter.Seq2[cluster.Job, error] {
	return func(yield func(cluster.Job, error) bool) {
		for _, f := range d.files {
			if !yield(cluster.Job{URL: f.url, Size: f.size}, nil) {
				return
			}
		}
	}
}

// run queues the list, and kills a worker when half of it is done.
func (d *demonstration) run(ctx context.Context) error {
	begun, killed := time.Now(), false
	if _, err := d.cluster.Enqueue(ctx, demoBatch, d.list()); err != nil {
		return err
	}
	s := newScreen(d.out)
	for p, err := range d.cluster.Progress(ctx, demoBatch) {
		if err != nil {
			return err
		}
		half := !killed && p.Done >= p.Total/2
		s.show(p, half || p.Finished())
		if half {
			killed = true
			w := d.workers[1]
			fmt.Fprintf(d.out, "kill -9 %d, which is worker-2\n", w.Process.Pid)
			if err := w.Process.Kill(); err != nil {
				return err
			}
		}
	}
	d.took = time.Since(begun)
	return nil
}

// end has nothing be left that was started.
func (d *demonstration) end() (err error) {
	for _, w := range d.workers {
		_ = w.Process.Signal(os.Interrupt)
	}
	for _, w := range d.workers {
		late := time.AfterFunc(20*time.Second, func() { _ = w.Process.Kill() })
		_ = w.Wait() // one was killed
		late.Stop()
	}
	if d.cluster != nil {
		err = d.cluster.Close()
	}
	for _, o := range d.origins {
		err = errors.Join(err, o.Close())
	}
	return err
}

// report counts what is there, and what the origin has seen.
func (d *demonstration) report(ctx context.Context) error {
	objects, right, ideal, by := 0, 0, int64(0), map[string]int{}
	for i, f := range d.files {
		ideal += f.size
		sum, err := origin.FileSHA256(filepath.Join(d.dir, "store", cluster.Key(demoBatch, int64(i), "")))
		if err == nil && sum == origin.SHA256(f.name, f.size) {
			right++
		}
	}
	err := filepath.WalkDir(filepath.Join(d.dir, "store"), func(_ string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			objects++
		}
		return err
	})
	if err != nil {
		return err
	}
	for r, err := range d.cluster.Results(ctx, demoBatch, 0) {
		if err != nil {
			return err
		}
		by[r.Worker]++
	}
	sent := int64(0)
	for _, o := range d.origins {
		sent += o.Stats().Bytes
	}
	t := tabwriter.NewWriter(d.out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "\nobjects\t%d of %d, once each\n", objects, len(d.files))
	fmt.Fprintf(t, "SHA-256\t%d of %d as the origin has them\n", right, len(d.files))
	fmt.Fprintf(t, "bytes fetched twice\t%s, %.1f %% of %s\n", size(sent-ideal), 100*float64(sent-ideal)/float64(ideal), size(ideal))
	for i, o := range d.origins {
		fmt.Fprintf(t, "connections at host %d\tat most %d at once, of %d allowed\n", i+1, o.Stats().Peak, demoLimit)
	}
	fmt.Fprintf(t, "\t(one that is dropped is counted until the host knows, maybe beside the next)\n")
	for i := range d.workers {
		name := fmt.Sprint("worker-", i+1)
		fmt.Fprintf(t, "%s\t%d results\n", name, by[name])
	}
	fmt.Fprintf(t, "time\t%.1f s\n", d.took.Seconds())
	if err := t.Flush(); err != nil {
		return err
	}
	if objects != len(d.files) || right != len(d.files) {
		return errors.New("something is missing, or wrong")
	}
	return nil
}
