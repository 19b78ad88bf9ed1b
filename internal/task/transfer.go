package task

// What the owner of a task that is in a place tells of it.

// Begin has a task keep with it what transfers it. NameUsed: its name has been another
// task's. Wished: something is to become of it for which it has to stop.
func (tab *Table) Begin(t *Task, transfer any) (priority int32, nameUsed, wished bool) {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	t.hold(transfer)
	tab.active[t] = struct{}{}
	return t.priority(), t.has(usedName), t.some().wish != nil
}

// Leave ends what Begin began. Rest is what is kept of the transfer from now on, print the one
// of the file, if it is complete: others may have it from there.
func (tab *Table) Leave(t *Task, rest any, about About, print Print) {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	delete(tab.active, t)
	tab.returns(t)
	t.print = print
	r := t.some()
	r.held, r.about, r.speed = rest, about, 0
	t.change(r)
}

// SetSpeed notes how fast the bytes of a task in transfer arrive, in bytes per second.
func (tab *Table) SetSpeed(t *Task, speed float64) {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	if _, active := tab.active[t]; active {
		r := t.some()
		r.speed = int64(speed)
		t.change(r)
	}
}

func (t *Task) hold(x any) {
	r := t.some()
	r.held = x
	t.change(r)
}

// Active appends what the tasks in transfer keep with them.
func (tab *Table) Active(to []any) []any {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	for t := range tab.active {
		to = append(to, t.some().held)
	}
	return to
}

// Held is what a task keeps with it.
func (tab *Table) Held(t *Task) any {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	return t.some().held
}

// Hold has a task keep something else with it.
func (tab *Table) Hold(t *Task, x any) {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	t.hold(x)
}

// Move changes a task's status.
func (tab *Table) Move(t *Task, to Status) {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	t.move(to)
}

// Count adds to the bytes that a task has on disk.
func (tab *Table) Count(t *Task, n int64) {
	t.downloaded.Add(n)
	tab.downloaded.Add(n)
}

// Drop counts nothing on disk any more for a task.
func (tab *Table) Drop(t *Task) { tab.downloaded.Add(-t.downloaded.Swap(0)) }

// Known records what an accepted answer said of a task's size, -1 for nothing, and whether
// the server does ranges.
func (tab *Table) Known(t *Task, size int64, byRanges bool) {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	tab.resize(t, size)
	t.set(ranges, byRanges)
	t.set(lengthKnown, size >= 0)
}

// Reused records that the file was there already, or was copied from what was.
func (tab *Table) Reused(t *Task, size int64) {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	tab.clearDuplicate(t)
	tab.resize(t, size)
	tab.saved(t, size)
	tab.downloaded.Add(size - t.downloaded.Swap(size))
}

func (tab *Table) saved(t *Task, size int64) {
	t.flags |= reused | lengthKnown
	tab.totals.reused++
	tab.totals.saved += size
}

// Verified records that a digest confirmed the file, length included.
func (tab *Table) Verified(t *Task) {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	t.flags |= lengthKnown
}
