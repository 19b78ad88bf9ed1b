package cluster

import "slices"

// lane is an origin in this worker. Only as many of its files are begun as it may have requests in
// flight, and a few that wait for their turn: a file that waits holds a place in the downloader.
type lane struct {
	waiting []*task // the urgent first
	running int
}

const ahead = 2

// submit has a task be downloaded when it is its turn.
func (w *worker) submit(t *task) {
	w.mu.Lock()
	if t.u.dropped {
		w.mu.Unlock()
		t.settle(true)
		return
	}
	l := w.lane(t.origin)
	at := len(l.waiting)
	for at > 0 && l.waiting[at-1].Priority > t.Priority {
		at--
	}
	l.waiting = slices.Insert(l.waiting, at, t)
	w.mu.Unlock()
	w.feed(t.origin)
}

// lane is that of an origin; the lock is held.
func (w *worker) lane(origin string) *lane {
	l := w.lanes[origin]
	if l == nil {
		l = &lane{}
		w.lanes[origin] = l
	}
	return l
}

// feed begins what there is room for.
func (w *worker) feed(origin string) {
	room := w.gate.capacity(origin) // a guest may have all of it
	if room == 0 {
		room = w.HostLimit(origin)
	}
	for {
		w.mu.Lock()
		l := w.lanes[origin]
		if l != nil && len(l.waiting) == 0 && l.running == 0 {
			delete(w.lanes, origin)
		}
		if l == nil || len(l.waiting) == 0 || l.running >= room+ahead {
			w.mu.Unlock()
			return
		}
		t := l.waiting[0]
		l.waiting = l.waiting[1:]
		l.running++
		t.began = true
		w.mu.Unlock()
		w.start(t)
	}
}

// feedAll is for when more may be ours.
func (w *worker) feedAll() {
	w.mu.Lock()
	var origins []string
	for o := range w.lanes {
		origins = append(origins, o)
	}
	w.mu.Unlock()
	for _, o := range origins {
		w.feed(o)
	}
}

// start hands a task to littledl.
func (w *worker) start(t *task) {
	if w.asleep != nil {
		w.all.Go(func() {
			sleep(t.u.ctx, w.asleep(t.item))
			w.left(t)
			w.rec.add(t, nil)
		})
		return
	}
	id, err := w.d.AddURL(t.URL, t.options()...)
	if err != nil {
		w.left(t)
		t.failed(err)
		return
	}
	w.mu.Lock()
	t.id = id
	dropped := t.u.dropped
	w.mu.Unlock()
	if dropped {
		_ = w.d.CancelTask(id, errGone)
	}
}

// left is of a task that the downloader has no more.
func (w *worker) left(t *task) {
	w.mu.Lock()
	if t.began {
		t.began = false
		w.lane(t.origin).running--
	}
	w.mu.Unlock()
	w.feed(t.origin)
}

// drop ends units that are not ours any more; give: others get them at once.
func (w *worker) drop(which func(*unit) bool, give bool) {
	var running []string
	var waiting []*task
	w.mu.Lock()
	for _, u := range w.units {
		if u.dropped || !which(u) {
			continue
		}
		u.dropped, u.give = true, give
		u.cancel()
		for _, t := range u.tasks {
			if t.id != "" && !t.ended {
				running = append(running, t.id)
			}
		}
	}
	for _, l := range w.lanes {
		l.waiting = slices.DeleteFunc(l.waiting, func(t *task) bool {
			if t.u.dropped {
				waiting = append(waiting, t)
			}
			return t.u.dropped
		})
	}
	w.mu.Unlock()
	for _, t := range waiting {
		t.settle(true)
	}
	for _, id := range running {
		_ = w.d.CancelTask(id, errGone) // of one that has ended nobody knows
	}
}
