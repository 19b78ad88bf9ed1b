package task

// Unsized is the next task of the queue, in the order of adding, whose size nobody has
// asked for or knows. Nil: there is none now, or that would tell nothing, since a single one
// waits or as many as most have been sized by Hint. The best one is left out, being about to
// start, and so is one whose file another fetches. Each task is returned once.
func (tab *Table) Unsized(most int) *Task {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	if tab.ready.Len() < 2 || tab.hinted >= most {
		return nil
	}
	for best := tab.ready.best(); tab.nextProbe < tab.tasks.n; {
		t := tab.tasks.find(tab.nextProbe)
		tab.nextProbe++
		if t != nil && t.at >= 0 && t != best && t.size < 0 && !t.has(probed|duplicate) {
			t.flags |= probed
			return t
		}
	}
	return nil
}

// Unhinted reports whether a task that Unsized returned is still worth asking for.
func (tab *Table) Unhinted(t *Task, most int) bool {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	return tab.hinted < most && t.at >= 0 && t.size < 0 && t != tab.ready.best()
}

// Hint sorts a task by the size that a HEAD told, if it still waits and nobody knows.
func (tab *Table) Hint(t *Task, size int64) {
	tab.mu.Lock()
	defer tab.unlock()
	if t.at < 0 || t.size >= 0 {
		return
	}
	tab.resize(t, size)
	t.flags |= hinted
	tab.hinted++
	tab.ready.moved(t)
}

func (tab *Table) unhint(t *Task) {
	if t.has(hinted) {
		t.flags &^= hinted
		tab.hinted--
	}
}

// Queued reports whether a task is in the queue.
func (tab *Table) Queued(t *Task) bool {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	return t.at >= 0
}
