package main

import (
	"slices"
	"sync"
)

// perClient is how many runs of one client there are at once: those that start slowly
// are not to start all at the same time.
const perClient = 6

// job is one run: the places of a fault and of a client.
type job struct{ fault, client int }

// queue hands out the runs, in order, but no more than perClient of any client at once.
type queue struct {
	mu      sync.Mutex
	changed sync.Cond
	waiting []job
	running map[int]int // by client
}

func newQueue(faults []fault, clients []client) *queue {
	q := &queue{running: map[int]int{}}
	q.changed.L = &q.mu
	for i := range faults {
		for k := range clients {
			q.waiting = append(q.waiting, job{i, k})
		}
	}
	return q
}

// next waits for a run that may begin; not ok if none is left.
func (q *queue) next() (j job, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.waiting) > 0 {
		i := slices.IndexFunc(q.waiting, func(j job) bool { return q.running[j.client] < perClient })
		if i >= 0 {
			j = q.waiting[i]
			q.waiting = slices.Delete(q.waiting, i, i+1)
			q.running[j.client]++
			return j, true
		}
		q.changed.Wait()
	}
	return job{}, false
}

// done ends a run; record is called while nobody else's is.
func (q *queue) done(j job, record func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	record()
	q.running[j.client]--
	q.changed.Broadcast()
}

// stop drops what has not begun.
func (q *queue) stop() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = nil
	q.changed.Broadcast()
}
