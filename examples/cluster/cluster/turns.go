package cluster

import (
	"context"
	"slices"
	"sync"
	"time"
)

// turns has no more be at an origin at once than there is room for; the urgent wait in front.
type turns struct {
	room func(origin string) int // called with the lock held
	mu   sync.Mutex
	at   map[string]*queue
}

type queue struct {
	used    int
	waiting []*turn
}

type turn struct {
	priority int
	since    time.Time
	come     chan struct{}
}

// enter waits for a turn; its error is ctx's cause.
func (t *turns) enter(ctx context.Context, origin string, priority int) error {
	own := &turn{priority, time.Now(), make(chan struct{})}
	t.mu.Lock()
	q := t.at[origin]
	if q == nil {
		q = &queue{}
		t.at[origin] = q
	}
	at := len(q.waiting)
	for at > 0 && q.waiting[at-1].priority > priority {
		at--
	}
	q.waiting = slices.Insert(q.waiting, at, own)
	t.admit(origin)
	t.mu.Unlock()
	select {
	case <-own.come:
		return nil
	case <-ctx.Done():
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if i := slices.Index(q.waiting, own); i >= 0 {
		q.waiting = slices.Delete(q.waiting, i, i+1)
	} else {
		q.used-- // it has come in this moment
	}
	t.admit(origin)
	return context.Cause(ctx)
}

func (t *turns) leave(origin string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.at[origin].used--
	t.admit(origin)
}

// admit lets in whoever there is room for. The lock is held.
func (t *turns) admit(origin string) {
	q := t.at[origin]
	if q == nil {
		return
	}
	for len(q.waiting) > 0 && q.used < t.room(origin) {
		close(q.waiting[0].come)
		q.waiting = q.waiting[1:]
		q.used++
	}
	if q.used == 0 && len(q.waiting) == 0 {
		delete(t.at, origin)
	}
}

// admitAll is for when there may be more room.
func (t *turns) admitAll() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for origin := range t.at {
		t.admit(origin)
	}
}
