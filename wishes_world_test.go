package littledl_test

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
)

// world is wishful, of one of many kinds: what it is about is at random, too, where several are said.
type world struct {
	*wishful
	plain     bool                      // the plain downloader
	streams   bool                      // HTTP/2
	writers   bool                      // some files go to writers
	elsewhere bool                      // redirects, duplicates, names that are taken, encodings, unknown sizes
	serves    bool                      // Serve, and more is added while it runs
	rival     *littledl.BatchDownloader // another in the same folder; nil: none

	acts  int           // how many may still be done in callbacks
	last  littledl.Item // that was prepared
	added int           // later
}

// kinds are what worlds can be.
var kinds = map[string]func(*world){
	"plain":     func(w *world) { w.plain = true },
	"serve":     func(w *world) { w.serves = true },
	"writers":   func(w *world) { w.writers = true },
	"streams":   func(w *world) { w.streams = true },
	"elsewhere": func(w *world) { w.elsewhere = true },
	"all": func(w *world) {
		w.plain, w.serves, w.writers, w.streams, w.elsewhere = w.half(), w.half(), w.half(), w.half(), w.half()
	},
}

// TestWishes: as TestEnhWishes, in other worlds.
func TestWishes(t *testing.T) {
	t.Parallel()
	for kind, be := range kinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			inWorlds(t, 1, 4, func(b *enhBed, seed uint64) { newWorld(b, seed, be).run() })
		})
	}
}

func newWorld(b *enhBed, seed uint64, be func(*world)) *world {
	plain := append([]littledl.Option(nil), b.opts...)
	w := &world{wishful: newWishful(newChaos(b, seed))}
	be(w)
	if w.streams {
		w.hosts = []string{"a.test:443", "b.test:443", "c.test:443"}
		w.reach(faultserver.AnyHTTP())
		w.conf.TLSConfig = w.srv.ClientTLS()
	}
	if w.plain {
		w.opts = append(plain, littledl.WithMaxConcurrentFiles(1+w.rnd.IntN(4)), littledl.WithMaxConcurrentChunksPerFile(1+w.rnd.IntN(5)),
			littledl.WithAdaptiveConcurrency(w.half()), littledl.WithSmallFilePriority(w.half()))
		w.conf.MaxConnections = w.threads
	}
	w.conf.StreamsPerConnection = w.rnd.IntN(5)
	w.conf.MaxReorder = int64(w.rnd.IntN(2)) << (16 + w.rnd.IntN(8))
	if w.elsewhere {
		w.conf.ContentEncoding = littledl.EncodingPolicy(w.rnd.IntN(3))
		w.conf.WaitForLock = time.Duration(w.rnd.IntN(2)*w.rnd.IntN(20)) * time.Second
		w.conf.TrustModTime = w.rnd.IntN(4) == 0
		if !w.writers {
			w.conf.Overwrite = littledl.OverwritePolicy(w.rnd.IntN(5))
		}
	}
	w.wish()
	w.callBack()
	w.d = w.make()
	if w.elsewhere && w.rnd.IntN(3) == 0 {
		w.rival = w.another().BatchDownloader
	}
	return w
}

// another is one that tells nobody what happens.
func (w *world) another() *littledl.EnhancedBatchDownloader {
	w.opts = append(w.opts, littledl.WithEvents(func(littledl.Event) {}), littledl.WithFileCompleteCallback(nil), littledl.WithProgressCallback(nil))
	return w.make()
}

func (w *world) make() *littledl.EnhancedBatchDownloader {
	opts := append([]littledl.Option{littledl.WithConfig(w.conf)}, w.opts...)
	if w.plain {
		d, err := littledl.NewBatchDownloader(opts...)
		require.NoError(w, err)
		return &littledl.EnhancedBatchDownloader{BatchDownloader: d}
	}
	d, err := littledl.NewEnhancedBatchDownloader(opts...)
	require.NoError(w, err)
	return d
}

func (w *world) run() {
	for i := range 2 + w.rnd.IntN(8) {
		w.offer(i)
	}
	var rival sync.WaitGroup
	if w.rival != nil {
		wait := time.Duration(w.rnd.IntN(2000)) * time.Millisecond
		rival.Go(func() {
			time.Sleep(wait)
			w.within("the rival", func() { w.failed(w.rival.Start(w.Context())) })
		})
	}
	for starts := 1 + w.rnd.IntN(3); starts > 0; starts-- {
		w.meddle()
		w.busybody()
		w.addLater()
		w.pester()
		time.AfterFunc(30*time.Second, w.settle)
		if w.serves && w.rnd.IntN(4) > 0 {
			w.serveOnce(starts == 1)
		} else {
			w.startOnce(starts == 1)
		}
		w.look()
	}
	rival.Wait()
	synctest.Wait()
	w.given()
	w.judge()
}

// settle has everything go on that is paused.
func (w *world) settle() {
	w.net.Outage(false)
	_ = w.d.Resume()
	for _, t := range w.d.GetAllTasks() {
		_ = w.d.ResumeTask(t.TaskID)
	}
}

// within reports what takes too long.
func (w *world) within(what string, do func()) {
	hung := time.AfterFunc(15*time.Minute, func() {
		w.Errorf("%s hangs: %+v\n%+v\n%+v\n%s", what, w.d.GetStats(), w.d.GetActiveTasks(), w.d.GetHosts(), stacks())
		panic("it hangs")
	})
	do()
	hung.Stop()
}

// roll is for what is asked while it runs.
func (w *world) roll(n int) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.dice.IntN(n)
}

// dices rolls for milliseconds.
func (w *world) dices(n int) time.Duration { return time.Duration(w.roll(n)) * time.Millisecond }

// addLater adds what was held back at random moments, where it stays long enough.
func (w *world) addLater() {
	if !w.serves {
		return
	}
	for range w.rnd.IntN(6) {
		w.added++
		add := w.prepare(fmt.Sprint("late", w.added))
		time.AfterFunc(w.dices(8000), add)
	}
}
