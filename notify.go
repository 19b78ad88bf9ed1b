package littledl

import "sync"

// notifier runs the user's callbacks: in order, one at a time, on its own
// goroutine, so that a slow one slows no byte and one that calls back in
// deadlocks nothing. Completions are never dropped; ticks that nobody has heard
// yet become one.
type notifier struct {
	r *run

	mu      sync.Mutex
	changed sync.Cond
	files   []*task
	tick    bool
	calling bool
	muted   bool // no more ticks for now
	closed  bool
}

func newNotifier(r *run) *notifier {
	n := &notifier{r: r}
	n.changed.L = &n.mu
	return n
}

// fileLocked announces a task that has ended; d.mu is held. Nobody is woken where
// nobody listens.
func (n *notifier) fileLocked(t *task) {
	if n.r.d.complete == nil {
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
	for len(n.files) > 0 || n.calling {
		n.changed.Wait()
	}
	n.tick = true
	n.changed.Broadcast()
	for len(n.files) > 0 || n.tick || n.calling {
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

// loop delivers until close has been called and nothing is left.
func (n *notifier) loop() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for {
		for len(n.files) == 0 && !n.tick && !n.closed {
			n.changed.Wait()
		}
		files, tick := n.files, n.tick
		if len(files) == 0 && !tick {
			return
		}
		n.files, n.tick, n.calling = nil, false, true
		n.mu.Unlock()
		for _, t := range files {
			n.tellFile(t)
		}
		if tick {
			n.tellProgress()
		}
		n.mu.Lock()
		n.calling = false
		n.changed.Broadcast()
	}
}

func (n *notifier) tellFile(t *task) {
	d := n.r.d
	d.mu.Lock()
	fn := d.complete
	var snapshot FileTask
	if fn != nil {
		snapshot = t.snapshotLocked()
	}
	d.mu.Unlock()
	if fn != nil {
		fn(snapshot)
	}
}

func (n *notifier) tellProgress() {
	d := n.r.d
	d.mu.Lock()
	fn, p := d.progress, d.progressLocked()
	d.mu.Unlock()
	if fn != nil {
		fn(p.CompletedFiles, p.TotalFiles, p.OverallSpeed, p.ETA)
	}
}
