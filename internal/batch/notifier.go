package batch

import (
	"sync"

	"github.com/littledl/littledl/internal/task"
)

// notifier runs the user's callbacks: in order, one at a time, on its own
// goroutine, so that a slow one slows no byte and one that calls back in
// deadlocks nothing. Completions are never dropped; ticks that nobody has heard
// yet become one.
type notifier struct {
	tell Listener

	mu      sync.Mutex
	changed sync.Cond
	files   []*task.Task
	tick    bool
	calling bool
	muted   bool // no more ticks for now
	closed  bool
	gone    bool // nobody delivers any more
}

func newNotifier(tell Listener) *notifier {
	n := &notifier{tell: tell}
	n.changed.L = &n.mu
	return n
}

// file announces a task that has ended. Nobody is woken where nobody listens.
func (n *notifier) file(t *task.Task) {
	if !n.tell.WantsFiles() {
		return
	}
	n.mu.Lock()
	n.files = append(n.files, t)
	n.mu.Unlock()
	n.changed.Broadcast()
}

// progress announces that it is time to tell of progress.
func (n *notifier) progress() {
	n.mu.Lock()
	n.tick = n.tick || !n.muted
	n.mu.Unlock()
	n.changed.Broadcast()
}

// last tells of progress once more, and returns when every callback has, with no
// further tick to come until unmute.
func (n *notifier) last() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.muted = true
	for !n.gone && (len(n.files) > 0 || n.calling) {
		n.changed.Wait()
	}
	n.tick = true
	n.changed.Broadcast()
	for !n.gone && (len(n.files) > 0 || n.tick || n.calling) {
		n.changed.Wait()
	}
}

func (n *notifier) unmute() {
	n.mu.Lock()
	n.muted = false
	n.mu.Unlock()
}

func (n *notifier) close() {
	n.mu.Lock()
	n.closed = true
	n.mu.Unlock()
	n.changed.Broadcast()
}

// loop delivers until close has been called and nothing is left, or a callback ends it.
func (n *notifier) loop() {
	defer n.leave()
	for {
		files, tick := n.next()
		if len(files) == 0 && !tick {
			return
		}
		for _, t := range files {
			n.tell.Ended(t)
		}
		if tick {
			n.tell.Progress()
		}
	}
}

// next waits for something to tell, when all before has been told; nothing: it is over.
func (n *notifier) next() (files []*task.Task, tick bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.calling = false
	n.changed.Broadcast()
	for len(n.files) == 0 && !n.tick && !n.closed {
		n.changed.Wait()
	}
	files, tick = n.files, n.tick
	n.files, n.tick, n.calling = nil, false, true
	return files, tick
}

func (n *notifier) leave() {
	n.mu.Lock()
	n.gone = true
	n.mu.Unlock()
	n.changed.Broadcast()
}
