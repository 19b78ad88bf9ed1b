package littledl_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	. "github.com/littledl/littledl/internal/faultserver"
)

// downloader is what both downloaders can do.
type downloader interface {
	AddURL(url string, opts ...littledl.URLOption) (string, error)
	Start(ctx context.Context) error
	Pause() error
	Resume() error
	Cancel() error
	Stop() error
	GetAllTasks() []littledl.FileTask
	GetProgress() littledl.BatchProgress
}

// story is a script being played, in a bubble of its own.
type story struct {
	*testing.T
	*script
	net  *Net
	srv  *Server
	dir  string
	d    downloader
	over chan struct{} // closed when the last Start has returned

	origins  []*File          // by file and source
	versions []atomic.Int32   // of each file, as served now
	fileOf   map[string]int   // by task: the index of its file
	planted  map[string]int64 // names that were there before, and their sizes
	hits     atomic.Int64     // mishaps that happened
	floor    float64          // the highest progress of this Start
	told     map[string]int   // by task: completions told in this Start
	seen     map[string]bool  // names found complete

	mu        sync.Mutex
	wrong     []string
	stop      context.CancelFunc // of the running Start
	cancelled time.Time          // when it was cancelled
}

// outcome is what became of a script.
type outcome struct {
	wrong     []string // what must not be
	files     int      // completed
	mishaps   int
	requests  int
	longest   time.Duration // that a Start took
	succeeded bool          // before the servers were healed
}

// sources are the hosts of a file's sources, in order.
var sources = []string{"a.test:80", "b.test:80", "c.test:80"}

// mostTime is what a Start may take at most, pauses not counted: every file may run into
// every timeout, several times.
const mostTime = 10 * time.Minute

// mostRequests is what a script may cost: several times what any has been seen to.
const mostRequests = 1000

// play runs a script and tells what was wrong.
func play(t *testing.T, s *script) (out outcome) {
	t.Helper()
	log.SetOutput(io.Discard) // net/http complains there of what a server sends unasked
	defer log.SetOutput(os.Stderr)
	synctest.Test(t, func(t *testing.T) {
		st := newStory(t, s)
		st.prepare()
		var director sync.WaitGroup
		director.Go(st.direct)
		st.run(&out)
		close(st.over)
		director.Wait()
		st.heal(&out)
		require.NoError(t, st.d.Stop())
		st.checkDirectory(false)
		synctest.Wait()
		if n := st.net.Open(); n != 0 {
			st.failf("%d connections are left", n)
		}
		out.mishaps, out.requests = int(st.hits.Load()), len(st.srv.Requests())
		if out.requests > mostRequests {
			st.failf("%d requests", out.requests)
		}
		out.wrong = st.wrong
	})
	return out
}

func newStory(t *testing.T, s *script) *story {
	st := &story{
		T: t, script: s, net: NewNet(), dir: t.TempDir(), over: make(chan struct{}),
		versions: make([]atomic.Int32, len(s.files)), fileOf: map[string]int{}, planted: map[string]int64{}, seen: map[string]bool{},
	}
	st.srv = Start(t, On(st.net, append(sources, "other.test:80")...))
	st.net.Shape(links[s.link]())
	for i, f := range s.files {
		st.versions[i].Store(1)
		for j, src := range f.sources {
			st.origins = append(st.origins, st.origin(i, j, src))
		}
	}
	return st
}

// run starts the batch, again after each time it was cancelled.
func (st *story) run(out *outcome) {
	for range st.cancels() + 1 {
		err, cancelled := st.start(out)
		if cancelled {
			continue
		}
		out.succeeded = err == nil
		if err != nil && st.mustSucceed() {
			st.failf("it should have succeeded: %v", err)
		}
		return
	}
}

// start is one Start, with what must hold after it.
func (st *story) start(out *outcome) (err error, cancelled bool) {
	ctx, stop := context.WithCancel(st.Context())
	defer stop()
	st.mu.Lock()
	st.stop, st.cancelled = stop, time.Time{}
	st.mu.Unlock()
	st.floor, st.told = 0, map[string]int{}
	open := map[string]bool{}
	for _, task := range st.d.GetAllTasks() {
		open[task.TaskID] = !task.IsCompleted()
	}

	most := mostTime
	for _, e := range st.events {
		if e.what == pause {
			most += e.long
		}
	}
	hung := time.AfterFunc(most, func() {
		st.failf("it hangs:\n%s", stacks())
		stop()
	})
	stuck := time.AfterFunc(2*most, func() { panic(fmt.Sprintf("it cannot be cancelled:\n%s\n%s", st.script, stacks())) })
	began := time.Now()
	err = st.d.Start(ctx)
	took := time.Since(began)
	hung.Stop()
	stuck.Stop()
	synctest.Wait() // what a timer of the story wrote is seen by what follows

	st.mu.Lock()
	at := st.cancelled
	st.mu.Unlock()
	cancelled = errors.Is(err, littledl.ErrCancelled) || errors.Is(err, context.Canceled)
	if cancelled && time.Since(at) > time.Second {
		st.failf("Start returned %v after it was cancelled", time.Since(at))
	}
	out.longest = max(out.longest, took)
	st.checkEnd(err, open)
	return err, cancelled
}

// heal lets the servers behave and starts what is left, which must succeed then.
func (st *story) heal(out *outcome) {
	st.net.Outage(false)
	require.NoError(st, st.d.Resume())
	for i, f := range st.files {
		now := 1
		switch {
		case f.hash != 0:
			now = f.hash
		case st.changing(i):
			now = 2
		}
		st.versions[i].Store(int32(now))
		for j := range f.sources {
			st.srv.Lookup(fmt.Sprintf("s%d/f%d.bin", j, i)).Set(version(now)...)
		}
	}
	left := map[string]bool{}
	for _, task := range st.d.GetAllTasks() {
		left[task.TaskID] = !task.IsCompleted()
	}
	if err, _ := st.start(out); errors.Is(err, littledl.ErrHashMismatch) {
		_, _ = st.start(out) // a server's own digest that was wrong is forgotten with what was fetched
	}
	for _, task := range st.d.GetAllTasks() {
		i := st.fileOf[task.TaskID]
		switch {
		case !task.IsCompleted():
			if !st.blocked(i) || !errors.Is(task.Err, littledl.ErrFileExists) && !(st.unlike(i) && errors.Is(task.Err, littledl.ErrHashMismatch)) {
				st.failf("%s fails although its servers behave: %v", task.Filename, task.Err)
			}
		case left[task.TaskID] && !task.Reused:
			if err := same(task.Path(), []Content{st.version(i, int(st.versions[i].Load()))}, false); err != nil {
				st.failf("%s, fetched from servers that behave: %v", task.Filename, err)
			}
			if !task.LengthVerified {
				st.failf("%s has no length although its servers behave", task.Filename)
			}
		}
		if task.IsCompleted() {
			out.files++
		}
	}
}

// direct makes happen what the script says, until the batch is over.
func (st *story) direct() {
	began := time.Now()
	until := func(d time.Duration) bool {
		timer := time.NewTimer(time.Until(began.Add(d)))
		defer timer.Stop()
		select {
		case <-timer.C:
			return true
		case <-st.over:
			return false
		}
	}
	for _, e := range st.events {
		if !until(e.at) {
			return
		}
		switch e.what {
		case pause:
			_ = st.d.Pause()
			until(e.at + min(e.long, 500*time.Millisecond)) // what was under way arrives
			asked := len(st.srv.Requests())
			until(e.at + e.long)
			if n := len(st.srv.Requests()) - asked; n > 0 {
				st.failf("%d requests during a pause", n)
			}
			_ = st.d.Resume()
		case cancel, cancelContext:
			st.mu.Lock()
			if st.cancelled.IsZero() {
				st.cancelled = time.Now()
			}
			stop := st.stop
			st.mu.Unlock()
			if e.what == cancel {
				_ = st.d.Cancel()
			} else if stop != nil {
				stop()
			}
		case resetAll:
			st.net.ResetAll()
		case outage:
			st.net.Outage(true)
			until(e.at + e.long)
			st.net.Outage(false)
		case newVersion:
			st.versions[e.file].Store(2)
		}
	}
}

func (st *story) failf(format string, args ...any) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if len(st.wrong) < 10 {
		st.wrong = append(st.wrong, fmt.Sprintf(format, args...))
	}
}

func stacks() string {
	buf := make([]byte, 1<<20)
	return string(buf[:runtime.Stack(buf, true)])
}
