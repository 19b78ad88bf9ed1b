package task

// End ends a task, and for its sake others that wanted the same file, and returns how they ended:
// anybody may queue them again at once. Op is what was being done when it failed or was cancelled,
// err why.
func (tab *Table) End(t *Task, to Status, op string, err error) (was Snapshot, others []Snapshot) {
	tab.mu.Lock()
	defer tab.unlock()
	if to != Completed {
		attempts := t.retries.Load()
		if to == Failed {
			attempts++
		}
		t.fail(&failure{op: op, attempts: attempts, err: err})
	}
	tab.end(t, to)
	others = tab.release(t)
	return t.snapshot(), others
}

// fail says why a task has no file; nil: it is to have it after all.
func (t *Task) fail(f *failure) {
	r := t.some()
	r.failure = f
	t.change(r)
}

// end ends a task and counts it.
func (tab *Table) end(t *Task, to Status) {
	t.move(to)
	tab.free(t)
	if w := t.some().wish; w != nil && w.kind == Remove { // it came too late for its owner
		tab.awaitsWish(t)
	} else if w != nil {
		tab.unwish(t)
	}
	switch to {
	case Completed:
		tab.totals.completed++
		if !t.has(duplicate | counted) {
			tab.resize(t, t.downloaded.Load()) // nobody said a size: what arrived is it
		}
	case Failed:
		tab.totals.failed++
		tab.totals.lose(t, 1)
	case Cancelled:
		tab.totals.cancelled++
		tab.totals.lose(t, 1)
	}
}

// BeginStart queues again what an earlier Start did not complete, and is not to be removed.
func (tab *Table) BeginStart() {
	tab.mu.Lock()
	defer tab.unlock()
	tab.totals.floor, tab.nextProbe = 0, 0
	for t := range tab.tasks.all() {
		if (t.status == Failed || t.status == Cancelled && !t.has(alone)) && t.some().wish == nil {
			tab.retry(t)
		}
	}
}

func (tab *Table) retry(t *Task) {
	if t.status == Failed {
		tab.totals.failed--
	} else {
		tab.totals.cancelled--
	}
	tab.totals.lose(t, -1)
	t.move(Pending)
	t.set(alone, false)
	t.set(started, false)
	t.fail(nil)
	if given := t.given(); given != "" && !tab.names.Reclaim(t.seq, t.Dir(), given, true) {
		tab.clearDuplicate(t)
		tab.ready.add(t) // in its turn it will fail, and be told of
		return
	}
	tab.overtake(t)
	tab.rename(t)
	tab.place(t)
}

// failures are those of tasks that are forgotten: the first of them, and how many there were.
type failures struct {
	first []*Failure
	n     int // in this Start
	past  int // in earlier ones
}

// maxNamed is how many failures of tasks that are forgotten can be told.
const maxNamed = 100

func (f *failures) add(one *Failure) {
	if f.n++; len(f.first) < maxNamed {
		f.first = append(f.first, one)
	}
}

// EndStart frees the names of all that have ended. It returns why tasks failed or were
// cancelled, in the order they were added, but for those that are forgotten, of which further
// ones may not be told, and whether all have completed.
func (tab *Table) EndStart() (failed []*Failure, further int, all bool) {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	gone := &tab.forgotten
	failed, further = gone.first, gone.n-len(gone.first)
	all = tab.totals.files > 0 && tab.totals.completed+gone.past == tab.totals.files
	*gone = failures{past: gone.past + gone.n}
	for t := range tab.tasks.all() {
		if f := t.told(); f != nil {
			failed = append(failed, f)
		}
		if t.status == Completed {
			t.flags |= earlier
		}
	}
	tab.names.EndStart()
	return failed, further, all
}
