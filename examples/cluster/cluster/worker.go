package cluster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/gofrs/flock"
	"github.com/littledl/littledl"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nuid"
)

// Worker is what one process does for the cluster. Scratch and Sink have to be given.
type Worker struct {
	Name       string                   // unique; "": the host's, and what the scratch directory is marked with
	Scratch    string                   // directory of this worker alone: what it was killed over it goes on with
	Sink       Sink                     // where files go
	InFlight   int                      // requests at once, over all hosts; 0: 64
	HostLimit  func(origin string) int  // requests at once at an origin, over all workers, which have to say the same; nil: 6
	Attempts   int                      // deliveries of a job that fails until that is its result; 0: 5
	Drain      time.Duration            // how long what is in hand may go on when ctx has ended; 0: it goes to others at once
	HeaderSets map[string]http.Header   // for Job.HeaderSet
	Download   littledl.DownloadConfig  // AcquireHost, ForgetEnded, MaxConnections and Overwrite are ours
	Log        *slog.Logger             // nil: silent
	asleep     func(item) time.Duration // measuring: so long instead of a download
}

// worker is one that works.
type worker struct {
	Worker
	c     *Cluster
	d     *littledl.EnhancedBatchDownloader
	lease *lease
	gate  *gate
	rec   *recorder
	all   sync.WaitGroup // goroutines of units and guests

	mu      sync.Mutex
	batches map[string]batch
	sources map[sourceKey]*source
	turn    int
	units   map[string]*unit // in hand, and those that are ending
	hands   map[handKey]int  // jobs in hand
	lanes   map[string]*lane // by origin
	trouble time.Time        // the disk or the store was of no use then
	full    time.Time        // since then the disk was of no use, and never of any; zero: it is of use
	away    time.Time        // until then others are to have our work
	leaving bool

	alone chan struct{} // holds one for the job that may be begun though it is suspected
	kick  chan struct{} // there may be something to do
	wake  chan struct{} // somebody has changed something
	even  chan struct{} // a worker has come, or has given partitions away
}

// Work takes jobs, downloads and stores them until ctx ends; then it hands over what it has, and
// returns nil. Errors are of a Worker that makes no sense. While the servers cannot be reached it
// works on nothing and waits for them.
func (c *Cluster) Work(ctx context.Context, conf Worker) error {
	unlock, err := conf.prepare()
	if err != nil {
		return fmt.Errorf("cluster: worker: %w", err)
	}
	defer unlock()
	w := &worker{
		Worker: conf, c: c, batches: map[string]batch{}, sources: map[sourceKey]*source{}, units: map[string]*unit{},
		hands: map[handKey]int{}, lanes: map[string]*lane{},
		alone: make(chan struct{}, 1), kick: make(chan struct{}, 1), wake: make(chan struct{}, 1), even: make(chan struct{}, 1),
	}
	w.lease = newLease(c, w.Name)
	w.gate = newGate(c, w.lease, w.HostLimit)
	w.rec = newRecorder(w)
	down := conf.Download
	down.AcquireHost, down.ForgetEnded, down.Overwrite = w.gate.acquire, true, littledl.OverwriteChanged
	down.MaxConnections, down.TrustModTime = w.InFlight, true // what has a name in there is of the same job
	w.d, err = littledl.NewEnhancedBatchDownloader(littledl.WithConfig(down), littledl.WithMaxTotalThreads(w.InFlight),
		littledl.WithMaxConcurrentFiles(4*w.InFlight), littledl.WithSmallFilePriority(false),
		littledl.WithFileCompleteCallback(w.ended))
	if err != nil {
		return fmt.Errorf("cluster: worker: %w", err)
	}
	sub, err := c.nc.Subscribe(wake, func(*nats.Msg) { poke(w.wake) })
	if err != nil {
		return fmt.Errorf("cluster: worker: %w", err)
	}
	defer func() { _ = sub.Unsubscribe() }()
	other, err := c.nc.Subscribe(evenOut, func(*nats.Msg) { poke(w.even) })
	if err != nil {
		return fmt.Errorf("cluster: worker: %w", err)
	}
	defer func() { _ = other.Unsubscribe() }()
	w.run(ctx)
	return nil
}

// prepare checks what was given, and makes the scratch directory ours.
func (w *Worker) prepare() (unlock func(), err error) {
	if w.Scratch == "" || w.Sink == nil {
		return nil, errors.New("give it a Scratch directory and a Sink")
	}
	if w.InFlight < 0 || w.InFlight > 4096 || w.Attempts < 0 || w.Drain < 0 {
		return nil, fmt.Errorf("InFlight %d, Attempts %d, Drain %v; none may be negative, and InFlight at most 4096", w.InFlight, w.Attempts, w.Drain)
	}
	setDefault(&w.InFlight, 64)
	setDefault(&w.Attempts, 5)
	if w.HostLimit == nil {
		w.HostLimit = func(string) int { return 6 }
	}
	if w.Log == nil {
		w.Log = slog.New(slog.DiscardHandler)
	}
	if err := os.MkdirAll(w.Scratch, 0o755); err != nil {
		return nil, err
	}
	lock := flock.New(filepath.Join(w.Scratch, ".lock"))
	if ok, err := lock.TryLock(); err != nil || !ok {
		return nil, errors.Join(fmt.Errorf("%s is another worker's scratch directory; give this one its own", w.Scratch), err)
	}
	if w.Name == "" {
		w.Name, err = mark(filepath.Join(w.Scratch, ".name"))
	}
	if err == nil {
		err = checkBatch(w.Name)
	}
	return func() { _ = lock.Unlock() }, errors.Join(err, sweep(w.Scratch))
}

func setDefault[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}

// mark names a scratch directory, for good.
func mark(path string) (string, error) {
	if name, err := os.ReadFile(path); err == nil {
		return string(name), nil
	}
	name := "w-" + nuid.Next()
	return name, os.WriteFile(path, []byte(name), 0o644)
}

// sweep removes the directories in which nothing was begun or ended for a week: what is in them no
// job has come back for. Files themselves have the times of their servers.
func sweep(dir string) error {
	return filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.IsDir() || path == dir {
			return err
		}
		i, err := d.Info()
		if err != nil || time.Since(i.ModTime()) < 7*24*time.Hour || filepath.Dir(path) == filepath.Clean(dir) {
			return err
		}
		if err := os.RemoveAll(path); err != nil {
			return err
		}
		return filepath.SkipDir
	})
}

// run has everything go on side by side, and ends it in order.
func (w *worker) run(ctx context.Context) {
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	var serving, rest sync.WaitGroup
	serving.Go(func() { _ = w.d.Serve(life) })
	rest.Go(func() { w.rec.run(life) })
	rest.Go(func() { w.beat(life) })
	rest.Go(func() { w.watch(life) })
	w.take(ctx)
	w.mu.Lock()
	w.leaving = true
	w.mu.Unlock()
	w.drain(life, w.Drain)
	w.drop(func(*unit) bool { return true }, true)
	w.drain(life, callTime)
	w.mu.Lock()
	w.away = time.Now().Add(time.Hour)
	w.mu.Unlock()
	last, cancel := context.WithTimeout(life, callTime)
	w.lease.leave(last)
	cancel()
	_ = w.d.Stop()
	serving.Wait()
	end()
	rest.Wait()
	w.all.Wait()
	_ = w.c.nc.FlushTimeout(time.Second)
}

// drain waits until nothing is in hand any more.
func (w *worker) drain(ctx context.Context, most time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	for {
		w.mu.Lock()
		n := len(w.units)
		w.mu.Unlock()
		if n == 0 || !sleep(ctx, 5*time.Millisecond) {
			return
		}
	}
}

// beat tells the servers that we live, and our units with us.
func (w *worker) beat(ctx context.Context) {
	for {
		w.mu.Lock()
		busy := map[int]int{}
		for _, u := range w.units {
			busy[u.partition]++
			if !u.dropped {
				_ = u.msg.InProgress()
			}
		}
		full := !w.full.IsZero() && time.Since(w.full) > 2*w.c.Silence
		if full { // as if we were dead: others have room
			w.full, w.away = time.Time{}, time.Now().Add(4*w.c.Silence)
		}
		leaving, away := w.leaving, time.Now().Before(w.away)
		w.mu.Unlock()
		if full {
			w.lease.leave(ctx)
			w.drop(func(*unit) bool { return true }, true)
		}
		_ = w.c.nc.FlushTimeout(w.c.Silence / 8)
		if !away {
			lost, err := w.lease.renew(ctx, busy, leaving)
			if err != nil && ctx.Err() == nil {
				w.Log.Warn("the servers cannot be reached, or have no leader", "err", err)
			}
			for _, p := range lost {
				w.Log.Warn("partition lost to another worker", "partition", p)
				w.drop(func(u *unit) bool { return u.partition == p }, false)
			}
		}
		if err := w.gate.serve(ctx, &w.all); err != nil && ctx.Err() == nil {
			w.Log.Warn("guests cannot be served", "err", err)
		}
		w.gate.beat()
		w.feedAll()
		poke(w.kick)
		pause := w.c.Silence / 6
		if w.lease.closing() {
			pause = min(pause, time.Second/2)
		}
		t := time.NewTimer(pause)
		select {
		case <-t.C:
		case <-w.even:
		case <-ctx.Done():
		}
		t.Stop()
		if ctx.Err() != nil {
			w.gate.close()
			return
		}
	}
}

// watch drops everything when others may have been given it, whatever beat is waiting for.
func (w *worker) watch(ctx context.Context) {
	for sleep(ctx, w.c.Silence/24) {
		if w.lease.silent() && len(w.lease.mine(false)) > 0 {
			w.Log.Warn("not heard of for too long: everything in hand is dropped")
			w.lease.lose()
			w.drop(func(*unit) bool { return true }, false)
		}
	}
}

// poke leaves word, unless there is some.
func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
