package batch

import (
	"sync"

	"github.com/littledl/littledl/internal/event"
	"github.com/littledl/littledl/internal/task"
)

// notifier runs the user's callbacks: in order, one at a time, on its own
// goroutine, so that a slow one slows no byte and one that calls back in
// deadlocks nothing. Events and completions are never dropped; ticks that nobody has heard
// yet become one.
type notifier struct {
	tell Listener
	told func(*task.Task) // all who were to hear of one have
	wake func()           // fewer wait to be told than before, or nobody does: see last

	mu      sync.Mutex
	changed sync.Cond
	news    []news
	waiting int // of them, and of those that are being told
	tick    bool
	calling bool
	muted   bool // no more ticks for now
	final   bool // but for one that last has asked for
	awaited bool // it is to be called again when nothing is left to tell
	closed  bool
	gone    bool // nobody delivers any more
}

// news is something that is to be told once.
type news struct {
	event event.Event    // without a kind: none
	ended *task.Snapshot // of a task; nil: none has
}

// manyNews is how many may wait to be told before no new file begins.
const manyNews = 10_000

func newNotifier(tell Listener, told func(*task.Task), wake func()) *notifier {
	n := &notifier{tell: tell, told: told, wake: wake}
	n.changed.L = &n.mu
	return n
}

// file announces a task that has ended. Nobody is woken where nobody listens.
func (n *notifier) file(s task.Snapshot) {
	if !n.tell.WantsFiles() {
		n.told(s.Task)
		return
	}
	n.add(news{ended: &s})
}

// event announces what happens.
func (n *notifier) event(e event.Event) { n.add(news{event: e}) }

func (n *notifier) add(one news) {
	n.mu.Lock()
	if n.news = append(n.news, one); !n.gone {
		n.waiting++
	}
	n.mu.Unlock()
	n.changed.Broadcast()
}

// behind reports whether so much waits to be told that nothing should begin.
func (n *notifier) behind() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.waiting > manyNews
}

// delivered notes that one has been told.
func (n *notifier) delivered() {
	n.mu.Lock()
	n.waiting--
	wake := n.waiting == manyNews
	n.mu.Unlock()
	if wake {
		n.wake()
	}
}

// progress announces that it is time to tell of progress.
func (n *notifier) progress() {
	n.mu.Lock()
	n.tick = n.tick || !n.muted
	n.mu.Unlock()
	n.changed.Broadcast()
}

// last reports whether every callback has returned, with progress told once more in the end, and no
// further tick to come until unmute. If not it wakes when it is to be asked again. It does not wait:
// what is added while a callback takes its time begins at once.
func (n *notifier) last() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.muted = true
	switch {
	case n.gone:
		return true
	case len(n.news) > 0 || n.calling:
	case !n.final:
		n.tick, n.final = true, true
		n.changed.Broadcast()
	case !n.tick:
		return true
	}
	n.awaited = true
	return false
}

func (n *notifier) unmute() {
	n.mu.Lock()
	n.muted, n.final = false, false
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
		all, tick := n.next()
		if len(all) == 0 && !tick {
			return
		}
		for _, one := range all {
			if one.event.Kind != "" {
				n.tell.Event(one.event)
			}
			if one.ended != nil {
				n.tell.Ended(*one.ended)
				n.told(one.ended.Task)
			}
			n.delivered()
		}
		if tick {
			n.tell.Progress()
		}
	}
}

// next waits for something to tell, when all before has been told; nothing: it is over.
func (n *notifier) next() (all []news, tick bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.calling = false
	if n.awaited && len(n.news) == 0 && !n.tick {
		n.awaited = false
		n.wake()
	}
	for len(n.news) == 0 && !n.tick && !n.closed {
		n.changed.Wait()
	}
	all, tick = n.news, n.tick
	n.news, n.tick, n.calling = nil, false, true
	return all, tick
}

func (n *notifier) leave() {
	n.mu.Lock()
	n.gone, n.waiting = true, 0
	n.mu.Unlock()
	n.wake()
}
