package littledl_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
)

// TestEnhWishes: as TestEnhChaos, where callers wish for everything that there is to wish for at
// the same time.
func TestEnhWishes(t *testing.T) {
	t.Parallel()
	inWorlds(t, 1, 40, func(b *enhBed, seed uint64) {
		w := newWishful(newChaos(b, seed))
		w.wish()
		w.run()
	})
}

// wishful is such a world.
type wishful struct {
	*chaos

	mu       sync.Mutex // for all below
	dice     *rand.Rand // of what is asked while it runs
	held     map[string]int
	grants   int
	released int
	told     *chronicle
}

func newWishful(c *chaos) *wishful { return &wishful{chaos: c, held: map[string]int{}} }

func (w *wishful) wish() {
	w.dice = rand.New(rand.NewPCG(w.rnd.Uint64(), 1))
	if w.half() {
		w.conf.AcquireHost = w.acquire
	}
	w.conf.Hosts = map[string]littledl.HostConfig{}
	for _, h := range w.hosts {
		if w.half() {
			w.conf.Hosts[strings.TrimSuffix(w.srv.URLAt(h, ""), "/")] = littledl.HostConfig{
				MaxConnections: w.rnd.IntN(4), Interval: time.Duration(w.rnd.IntN(3)*w.rnd.IntN(100)) * time.Millisecond,
				MaxSpeed: int64(w.rnd.IntN(2) * (200*kib + w.rnd.IntN(4*mib))), NoRange: w.rnd.IntN(8) == 0, NoHead: w.half(),
			}
		}
	}
	if w.rnd.IntN(3) == 0 {
		w.conf.MinSpeed, w.conf.MinSpeedTime = 50*kib, 3*time.Second
	}
	w.conf.MaxSpeed = int64(w.rnd.IntN(2) * (300*kib + w.rnd.IntN(8*mib)))
	w.conf.DisableResume = w.rnd.IntN(4) == 0
	w.conf.MaxConnectionsPerHost = w.rnd.IntN(5)
	w.conf.MinChunkSize = int64(w.rnd.IntN(2) * 100 * kib)
	w.told = newChronicle(w.T)
	w.option(littledl.WithEvents(w.told.hear))
}

// acquire grants at once, late, or not this time.
func (w *wishful) acquire(ctx context.Context, origin string) (func(), error) {
	w.mu.Lock()
	dice := w.dice.IntN(8)
	wait := time.Duration(w.dice.IntN(500)) * time.Millisecond
	w.mu.Unlock()
	switch dice {
	case 0:
		return nil, again{errors.New("not now")}
	case 1, 2:
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.held[origin]++
	w.grants++
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.held[origin]--
		w.released++
	}, nil
}

// more is what is wished for one file.
func (w *wishful) more(url string) (opts []littledl.URLOption) {
	one := func(in int, o littledl.URLOption) {
		if w.rnd.IntN(in) == 0 {
			opts = append(opts, o)
		}
	}
	one(4, littledl.WithTimeout(time.Duration(1+w.rnd.IntN(20))*time.Second))
	one(4, littledl.WithMaxSpeed(int64(200*kib+w.rnd.IntN(mib))))
	one(8, littledl.WithPlainGET())
	one(5, littledl.WithAccept(func(littledl.Answer) error { return w.sometimes("accept") }))
	one(5, littledl.WithFinish(func(context.Context, *os.File, littledl.FileTask) error { return w.sometimes("finish") }))
	one(5, littledl.WithRefresh(func(context.Context, littledl.FileTask) (string, error) {
		return url + "?fresh", w.sometimes("refresh")
	}))
	return opts
}

// sometimes is what a function of the caller's returns.
func (w *wishful) sometimes(what string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch w.dice.IntN(12) {
	case 0:
		return errors.New(what)
	case 1, 2:
		return again{errors.New(what + ", later")}
	}
	return nil
}

// busybody changes its mind about single tasks, and about limits.
func (w *wishful) busybody() {
	tasks := w.get().GetAllTasks()
	d := w.get().BatchDownloader
	for range min(w.rnd.IntN(5), 5*len(tasks)) {
		at, long := time.Duration(w.rnd.IntN(6000))*time.Millisecond, time.Duration(w.rnd.IntN(3000))*time.Millisecond
		id, p := tasks[w.rnd.IntN(len(tasks))].TaskID, w.rnd.IntN(5)
		limits := littledl.Limits{MaxConcurrentFiles: w.rnd.IntN(4), MaxConnections: w.rnd.IntN(6), MaxTotalThreads: 1 + w.rnd.IntN(w.threads), MaxConnectionsPerHost: w.rnd.IntN(3)}
		switch w.rnd.IntN(6) {
		case 0, 1:
			time.AfterFunc(at, func() { d.PauseTask(id) })
			time.AfterFunc(at+long, func() { d.ResumeTask(id) })
		case 2:
			time.AfterFunc(at, func() { d.CancelTask(id, nil) })
		case 3:
			time.AfterFunc(at, func() { d.SetPriority(id, p) })
		case 4:
			time.AfterFunc(at, func() {
				if d.SetLimits(limits) != nil { // the plain one has no such threads
					limits.MaxTotalThreads = 0
					d.SetLimits(limits)
				}
			})
		case 5:
			time.AfterFunc(at, func() { d.Remove(id) })
		}
	}
	time.AfterFunc(30*time.Second, func() {
		for _, t := range tasks {
			d.ResumeTask(t.TaskID)
		}
	})
}

func (w *wishful) run() {
	for i := range 2 + w.rnd.IntN(8) {
		w.serve(i, w.more)
	}
	w.starts(w.busybody)
	w.given()
}

// given checks that what was granted was given back, and what was told.
func (w *wishful) given() {
	w.Helper()
	require.Equal(w, w.grants, w.released)
	for origin, n := range w.held {
		require.Zero(w, n, origin)
	}
	w.told.over()
}
