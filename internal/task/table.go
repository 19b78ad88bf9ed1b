// Package task is the table of a batch: which files it is to have, how each of them stands,
// and whose turn it is.
//
// What happens to one task decides about others: one that ends lets the best of those that
// wait begin, one that gets a file may spare others the same one, a name that it gives up is
// free for who comes later. Meanwhile callers add tasks and look at a million of them at any
// moment, and every sum they see must agree with what it is the sum of. So all of that is one
// state, which what happens to a task leads from one consistent form to the next.
//
// A task that has not ended is in exactly one place: in the queue, delayed until a time, in
// the list of a task that fetches the same file, paused alone, among those whose callers wish
// something, or taken: then one goroutine owns it, and only that one tells what becomes of it.
package task

import (
	"fmt"
	"iter"
	"sync"
	"sync/atomic"

	"github.com/littledl/littledl/internal/names"
)

// Config is what a table goes by.
type Config struct {
	Places     int   // tasks in transfer at once
	SmallFirst bool  // among those of equal priority
	Small      int64 // a file below it is small
	Threshold  int64 // one below it goes first in any case
	Exact      bool  // no file gets another name than the one that it is to have
	ByDigest   bool  // tasks with the same digest want the same file, wherever it comes from
}

// Table has the tasks of a batch. It is safe for concurrent use, does no I/O and calls
// nothing but the registry of names while it is locked.
type Table struct {
	cfg   Config
	names *names.Registry

	// Read without the lock by transfers, which may hold locks of their own.
	downloaded atomic.Int64 // bytes on disk, over all tasks
	holding    atomic.Int64 // delayed tasks that hold something open
	next       atomic.Int64 // what waits while every place is taken; see unlock
	wanted     atomic.Bool  // Granted has something

	// mu guards all below and the tasks. Exported methods lock it, all others want it held.
	mu        sync.Mutex
	tasks     store
	first     kinds
	bare      map[bareSpec]*Spec
	lastBare  *Spec // most files go where the one before went
	ready     queue
	delayed   delayed
	held      map[*Task]bool // paused alone; true: it holds something open
	wishes    []*Task        // that wait for somebody to do what their callers wish
	taken     int            // tasks that are somebody's
	aside     int            // of those, such as have given up their places
	active    map[*Task]struct{}
	nextProbe int // of the tasks, those that Unsized has gone through
	hinted    int // tasks in the queue whose size comes from a HEAD
	totals    totals
	forgotten failures // of tasks that there are no more
	ended     ended
}

// New makes a table without tasks.
func New(c Config) *Table {
	tab := &Table{
		cfg: c, names: names.New(), bare: map[bareSpec]*Spec{}, lastBare: &Spec{}, active: map[*Task]struct{}{}, held: map[*Task]bool{},
	}
	tab.ready = newQueue(&tab.tasks, order{smallFirst: c.SmallFirst, small: c.Small, threshold: c.Threshold})
	tab.first = newKinds(&tab.tasks, tab.key)
	tab.next.Store(nobody)
	return tab
}

// Grow makes room for so many tasks at once.
func (tab *Table) Grow(n int) {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	tab.grow(n)
}

func (tab *Table) grow(n int) {
	tab.ready.grow(n)
	tab.first.grow(n)
	tab.names.Grow(n)
}

// NameTakenError is why a task cannot be added: another one has the name that was given.
type NameTakenError struct{ Dir, Name, Owner string }

func (e *NameTakenError) Error() string {
	return fmt.Sprintf("%q in %q belongs to %s", e.Name, e.Dir, e.Owner)
}

// Add queues a task, or has it wait for one that fetches the same. The only error is
// *NameTakenError.
func (tab *Table) Add(url string, s Spec) (*Task, error) {
	tab.mu.Lock()
	defer tab.unlock()
	return tab.add(url, tab.said(&s))
}

// AddAll is Add for several URLs that the same is said of, and adds all of them or none: a
// name can be given for a single one only. It returns their IDs.
func (tab *Table) AddAll(urls []string, s Spec) ([]string, error) {
	tab.mu.Lock()
	defer tab.unlock()
	tab.grow(len(urls))
	began, said := tab.tasks.n, tab.said(&s)
	for _, u := range urls {
		if _, err := tab.add(u, said); err != nil {
			return nil, err
		}
	}
	return idsOf(began, len(urls)), nil
}

// bareSpec is a Spec in which there is nothing else.
type bareSpec struct {
	dir      string
	priority int
}

// said is what a task keeps of what is said of it: if that is little, it is kept once for all.
func (tab *Table) said(s *Spec) *Spec {
	if !s.bare() {
		own := *s
		return &own
	}
	if k := (bareSpec{s.Dir, s.Priority}); k != (bareSpec{tab.lastBare.Dir, tab.lastBare.Priority}) {
		if tab.bare[k] == nil {
			own := *s
			tab.bare[k] = &own
		}
		tab.lastBare = tab.bare[k]
	}
	return tab.lastBare
}

// Item is a URL, and what is said of it.
type Item struct {
	URL  string
	Spec Spec
}

// AddEach is Add for several URLs of each of which something else is said, and adds all of them or
// none: a *NameTakenError is of the one that is returned.
func (tab *Table) AddEach(items []Item) (ids []string, at int, err error) {
	tab.mu.Lock()
	defer tab.unlock()
	tab.grow(len(items))
	began := tab.tasks.n
	used := make([]bool, len(items))
	for i := range items {
		if used[i], err = tab.reserve(int32(began+i), &items[i].Spec); err != nil {
			for j := range i {
				tab.unreserve(int32(began+j), &items[j].Spec)
			}
			return nil, i, err
		}
	}
	for i := range items {
		tab.put(items[i].URL, tab.said(&items[i].Spec), used[i])
	}
	return idsOf(began, len(items)), 0, nil
}

func (tab *Table) add(url string, s *Spec) (*Task, error) {
	used, err := tab.reserve(int32(tab.tasks.n), s)
	if err != nil {
		return nil, err
	}
	return tab.put(url, s, used), nil
}

// put adds a task that has its name. Used: that has been another's.
func (tab *Table) put(url string, s *Spec, used bool) *Task {
	t := tab.tasks.add()
	t.init(url, s)
	t.set(usedName, used)
	tab.totals.files++
	tab.totals.unknown++
	tab.place(t)
	return t
}

// ByID is the task that has an ID; nil: none has.
func (tab *Table) ByID(id string) *Task {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	return tab.tasks.find(indexOf(id))
}

// Tasks are all that are there when it is called, in the order they were added.
func (tab *Table) Tasks() iter.Seq[*Task] {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	n := tab.tasks.n
	return func(yield func(*Task) bool) {
		for i := range n {
			tab.mu.Lock()
			t := tab.tasks.find(i)
			tab.mu.Unlock()
			if t != nil && !yield(t) {
				return
			}
		}
	}
}
