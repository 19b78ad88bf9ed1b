package task

// Turn is what a task that has been taken has to do.
type Turn uint8

const (
	Fetch  Turn = iota // its file, itself
	Follow             // another task has begun to fetch the same. Whoever took this one owns it no more
	Share              // the very file that another has completed
	Copy               // what another has completed in another place
)

// Done is a task that has completed, as far as another that wants the same cares.
type Done struct {
	Task   *Task
	Name   string
	Size   int64
	Reused bool // it was there already
	Shares bool // it is the very file that the other wants
	Print  Print
}

// Started notes that a task's turn has come; first: it had not, since it was queued anew.
func (tab *Table) Started(t *Task) (first bool) {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	first = !t.has(started)
	t.set(started, true)
	return first
}

// Turn says what a task has to do, now that it has been taken, and for Share and Copy with
// what. What comes of those is told by Shared, Copied or Changed, and then asked again.
func (tab *Table) Turn(t *Task) (Turn, Done) {
	tab.mu.Lock()
	defer tab.unlock()
	if !t.has(duplicate) {
		return Fetch, Done{}
	}
	if !t.some().before.stands() {
		first := tab.elect(t)
		if first != nil && t.some().wish == nil { // else its owner has to do that first
			tab.follow(t, first)
			return Follow, Done{}
		}
	}
	if !t.some().before.stands() {
		tab.clearDuplicate(t)
		tab.promise(t)
		return Fetch, Done{}
	}
	done := t.done(t.some().before)
	if done.Shares {
		return Share, done
	}
	return Copy, done
}

// Before is a task that has completed what t fetches, maybe in an earlier Start. Not ok:
// there is none, or it is known to have changed since.
func (tab *Table) Before(t *Task) (done Done, ok bool) {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	before := t.some().before
	if before == nil || before.print == 0 {
		return Done{}, false
	}
	return t.done(before), true
}

func (t *Task) done(first *Task) Done {
	return Done{Task: first, Name: first.name(), Size: first.size, Reused: first.has(reused), Shares: t.shares(first), Print: first.print}
}

// Changed records that the file of a completed task is not what it was.
func (tab *Table) Changed(first *Task) {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	first.print = 0
}

// Shared gives a task the file that another has completed.
func (tab *Table) Shared(t, first *Task) {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	tab.share(t, first)
}

// Copied records that a task has a copy of the file that another has completed, which
// brought the bytes. Saved: they came from another URL, and the digest alone says that it
// is the same file.
func (tab *Table) Copied(t, first *Task) (saved bool) {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	t.size = first.size
	t.downloaded.Store(first.size)
	t.says(first.some().about)
	if saved = t.url != first.url; saved {
		tab.saved(t, first.size)
	}
	return saved
}
