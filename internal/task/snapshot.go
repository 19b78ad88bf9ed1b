package task

import "slices"

// Snapshot is a task as it was at one moment.
type Snapshot struct {
	Task        *Task
	Status      Status
	Priority    int32
	Size        int64    // -1 until known
	Downloaded  int64    // bytes on disk
	Speed       int64    // bytes per second
	Failure     *Failure // nil: it has not failed, nor been cancelled
	Retries     int      // attempts that followed a failed one
	Requests    int      // segments that were asked for
	Ranges      bool     // the server has answered with a part
	LengthKnown bool     // from the server, or by a digest
	Reused      bool     // nothing was fetched
	Held        any      // what its transfer keeps with it
	About       About    // what was said of its file, when it has ended lately

	naming  naming
	failure *failure // tells one end from the next
}

// Name is what the task was called; "" where that was not settled.
func (s *Snapshot) Name() string { return s.naming.of(s.Task) }

// Snapshot is one task as it is now.
func (tab *Table) Snapshot(t *Task) Snapshot {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	return t.snapshot()
}

// Snapshots are all tasks at one moment, in the order they were added.
func (tab *Table) Snapshots() []Snapshot {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	out := make([]Snapshot, 0, tab.tasks.n)
	for t := range tab.tasks.all() {
		out = append(out, t.snapshot())
	}
	return out
}

// InTransfer are the tasks in transfer at one moment, in the order they were added.
func (tab *Table) InTransfer() []Snapshot {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	out := make([]Snapshot, 0, len(tab.active))
	for t := range tab.active {
		out = append(out, t.snapshot())
	}
	slices.SortFunc(out, func(a, b Snapshot) int { return int(a.Task.seq - b.Task.seq) })
	return out
}

func (t *Task) snapshot() Snapshot {
	some := t.some()
	return Snapshot{
		Task: t, naming: t.naming(), failure: some.failure, Status: t.status, Priority: t.priority(),
		Size: t.size, Downloaded: t.downloaded.Load(), Speed: some.speed, Failure: t.told(),
		Retries: int(t.retries.Load()), Requests: int(t.requests.Load()),
		Ranges: t.has(ranges), LengthKnown: t.has(lengthKnown), Reused: t.has(reused), Held: some.held, About: some.about,
	}
}

// Priority is how urgent a task is: 0 goes first.
func (tab *Table) Priority(t *Task) int32 {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	return t.priority()
}
