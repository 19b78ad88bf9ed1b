package cluster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/littledl/littledl"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Worker is what one process does for the cluster. Scratch and Sink have to be given.
type Worker struct {
	Name       string                   // unique; "": one that follows from the host's and the scratch directory
	Scratch    string                   // directory of this worker alone: what it was killed over it goes on with
	Sink       Sink                     // where files go
	InFlight   int                      // requests at once, over all hosts; 0: 64
	HostLimit  func(origin string) int  // requests at once at an origin, over all workers, which have to say the same, at once; nil: 6
	Attempts   int                      // tries of a job that fail until that is its result; 0: 5
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
	files turns           // files begun of each origin
	life  context.Context // of all that has to go on until everything in hand is given back
	all   sync.WaitGroup  // units

	sources map[sourceKey]*source // take's, as is the next one
	turn    int

	mu             sync.Mutex
	batches        map[string]batch  // that go on
	units          map[string]*unit  // in hand, and those that are ending
	hands          map[hand]int      // jobs in hand
	past           map[string][]past // of units that are to come again
	lonely         bool              // a suspect is under way: nothing else is begun
	trouble        time.Time         // the disk or the store was of no use then
	full, fullLast time.Time         // between them the disk was of no use, and never of any
	away           time.Time         // until then others are to have our work

	idle    chan func()   // of goroutines that have nothing to do
	alone   chan struct{} // holds one for the job that may be begun though it is suspected
	kick    chan struct{} // there may be something to do
	changed chan struct{} // somebody has changed something
	even    chan struct{} // partitions may be dealt out in another way
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
		Worker: conf, c: c, batches: map[string]batch{}, units: map[string]*unit{}, hands: map[hand]int{}, past: map[string][]past{}, lease: newLease(c, conf.Name),
		rec:  &recorder{c: c, worker: conf.Name, waiting: map[string][]*record{}, some: make(chan struct{}, 1)},
		idle: make(chan func()), alone: make(chan struct{}, 1), kick: make(chan struct{}, 1), changed: make(chan struct{}, 1), even: make(chan struct{}, 1),
	}
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	w.life, w.gate = life, newGate(life, w.lease, conf.HostLimit)
	w.lease.tell = w.gate.tell
	w.files = turns{room: w.gate.files, at: map[string]*queue{}}
	down := conf.Download
	down.AcquireHost, down.ForgetEnded, down.Overwrite = w.gate.acquire, true, littledl.OverwriteError
	down.MaxConnections = conf.InFlight
	w.d, err = littledl.NewEnhancedBatchDownloader(littledl.WithConfig(down), littledl.WithMaxTotalThreads(conf.InFlight),
		littledl.WithMaxConcurrentFiles(4*conf.InFlight), littledl.WithSmallFilePriority(false),
		littledl.WithFileCompleteCallback(func(f littledl.FileTask) { f.Tag.(chan littledl.FileTask) <- f }))
	if err != nil {
		return fmt.Errorf("cluster: worker: %w", err)
	}
	for subject, f := range map[string]nats.MsgHandler{
		claimSubject: w.gate.hear,
		wakeSubject:  func(*nats.Msg) { poke(w.changed) },
		evenSubject:  func(*nats.Msg) { poke(w.even) },
	} {
		sub, err := c.nc.Subscribe(subject, f)
		if err != nil {
			return fmt.Errorf("cluster: worker: %w", err)
		}
		defer func() { _ = sub.Unsubscribe() }() // the servers may be gone
	}
	w.run(ctx, end)
	_ = c.nc.FlushTimeout(time.Second)
	return nil
}

// run has everything go on side by side, and ends it in order.
func (w *worker) run(ctx context.Context, end func()) {
	life := w.life
	alive, die := context.WithCancel(life)
	defer die()
	var serving, beating, rest sync.WaitGroup
	serving.Go(func() { _ = w.d.Serve(life) })
	beating.Go(func() { w.beat(alive, ctx) })
	rest.Go(func() { w.rec.run(life) })
	rest.Go(func() { w.watch(life) })
	w.take(ctx)
	w.drain(life, w.Drain)
	w.drop(errGiven, all)
	w.drain(life, callTime)
	die()
	beating.Wait()
	w.lease.leave(life)
	_ = w.d.Stop()
	serving.Wait()
	end()
	rest.Wait()
	w.all.Wait()
	w.gate.all.Wait()
}

// spawn has a goroutine do something: one that has nothing to do, or else another. Of tens of thousands of
// jobs each would have its stack grown.
func (w *worker) spawn(f func()) {
	select {
	case w.idle <- f:
		return
	default:
	}
	w.all.Go(func() {
		for f != nil {
			f()
			select {
			case f = <-w.idle:
			case <-w.life.Done():
				f = nil
			}
		}
	})
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

// beat tells the servers that we live, and our units with us, until ctx ends; when work has ended we own less
// and less.
func (w *worker) beat(ctx, work context.Context) {
	for ctx.Err() == nil {
		busy, full, away := w.pulse()
		if full {
			w.Log.Error("the scratch directory was of no use for too long: others have the work for a while")
			w.drop(errGiven, all)
			w.lease.leave(ctx)
		}
		_ = w.c.nc.FlushTimeout(w.c.silence / 8)
		if !away {
			w.renew(ctx, busy, work.Err() != nil)
		}
		w.gate.tend()
		w.files.admitAll()
		poke(w.kick)
		pause := w.c.silence / 6
		if _, closing := w.lease.taking(); closing {
			pause = min(pause, time.Second/2)
		}
		t := time.NewTimer(pause)
		select {
		case <-t.C:
		case <-w.even:
		case <-ctx.Done():
		}
		t.Stop()
	}
}

// pulse keeps the units in hand. busy is how many there are in each partition; full: the disk has been so
// for too long, and we are as if we were dead, since others have room.
func (w *worker) pulse() (busy map[int]int, full, away bool) {
	w.mu.Lock()
	var messages []jetstream.Msg
	busy = map[int]int{}
	for _, u := range w.units {
		busy[u.hand.partition]++
		if u.ctx.Err() == nil {
			messages = append(messages, u.msg)
		}
	}
	full = time.Since(w.fullLast) < fullAgain && time.Since(w.full) > 2*w.c.silence
	if full {
		w.fullLast, w.away = time.Time{}, time.Now().Add(4*w.c.silence)
	}
	away = time.Now().Before(w.away)
	w.mu.Unlock()
	for _, m := range messages {
		_ = m.InProgress()
	}
	return busy, full, away
}

func (w *worker) renew(ctx context.Context, busy map[int]int, leaving bool) {
	lost, err := w.lease.renew(ctx, busy, leaving)
	switch {
	case errors.Is(err, errTwice):
		w.Log.Error("this worker does nothing", "err", err)
		w.lease.lose()
		w.drop(errLost, all)
	case err != nil && ctx.Err() == nil:
		w.Log.Warn("the servers cannot be reached, or have no leader", "err", err)
	}
	for _, p := range lost {
		w.Log.Warn("partition lost to another worker", "partition", p)
		w.drop(errLost, func(u *unit) bool { return u.hand.partition == p })
	}
}

// fullAgain is how soon a disk that is of no use has to be found so again.
const fullAgain = 10 * time.Second

// watch drops everything when others may have been given it, whatever beat is waiting for.
func (w *worker) watch(ctx context.Context) {
	for sleep(ctx, w.c.silence/24) {
		if w.lease.silent() && w.lease.lose() {
			w.Log.Warn("not heard of for too long: everything in hand is dropped")
			w.drop(errLost, all)
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
