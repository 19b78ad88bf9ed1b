package task

// totals are kept up to date so that a look at a million tasks costs nothing.
type totals struct {
	files, completed, failed, cancelled int
	unknown                             int // tasks that will add bytes nobody knows the number of
	sized                               int // tasks whose size is in bytes
	bytes                               int64
	lostUnknown                         int   // of the unknown, those that failed or were cancelled
	lost                                int64 // of the bytes, what those that failed or were cancelled will not bring
	reused                              int
	saved                               int64
	floor                               float64 // the percentage last shown
	past                                past
}

// past is what has come and gone before the batch had nothing to do: progress begins anew then.
type past struct {
	files, completed  int
	bytes, downloaded int64
}

// Rested notes that nothing is left to do for now.
func (tab *Table) Rested() {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	c := &tab.totals
	c.floor = 0
	c.past = past{files: c.completed + c.failed + c.cancelled, completed: c.completed, bytes: c.bytes - c.lost, downloaded: tab.downloaded.Load()}
}

// resize keeps the totals in step with a task's size.
func (tab *Table) resize(t *Task, size int64) {
	c := &tab.totals
	if t.has(counted) {
		c.bytes -= t.size
		c.sized--
		c.unknown++
	}
	tab.unhint(t)
	t.size = size
	t.set(counted, size >= 0)
	if size >= 0 {
		c.bytes += size
		c.sized++
		c.unknown--
	}
}

// clearDuplicate counts a task as one that brings bytes of its own.
func (tab *Table) clearDuplicate(t *Task) {
	if t.has(duplicate) {
		t.flags &^= duplicate
		tab.totals.unknown++
	}
}

// markDuplicate counts a task as one whose bytes another brings.
func (tab *Table) markDuplicate(t *Task) {
	if !t.has(duplicate) {
		tab.resize(t, -1)
		tab.totals.unknown--
		t.flags |= duplicate
	}
}

// lose counts what a task that ended without its file will not bring; times is -1
// when it is queued again.
func (c *totals) lose(t *Task, times int) {
	switch {
	case t.has(counted):
		c.lost += int64(times) * (t.size - t.downloaded.Load())
	case !t.has(duplicate):
		c.lostUnknown += times
	}
}

// uncount has a task that has ended count for nothing.
func (tab *Table) uncount(t *Task) {
	c := &tab.totals
	n := t.downloaded.Load()
	switch c.files--; t.status {
	case Completed:
		c.completed--
	case Failed:
		c.failed--
		c.lose(t, -1)
	case Cancelled:
		c.cancelled--
		c.lose(t, -1)
	}
	if t.has(reused) {
		c.reused--
		c.saved -= t.size
	}
	if !t.has(duplicate) {
		tab.resize(t, -1)
		c.unknown--
		tab.downloaded.Add(-n)
	}
}

// Totals are sums over all tasks.
type Totals struct {
	Files, Completed, Failed, Cancelled int
	Active                              int     // in transfer
	Bytes                               int64   // of all files; unknown sizes are estimated from the known ones
	Downloaded                          int64   // bytes on disk
	Remaining                           int64   // bytes to come; -1 where nobody knows
	Percent                             float64 // by bytes; it never falls within a Start
	Reused                              int     // files that cost nothing
	Saved                               int64   // bytes of them
}

// nearlyAll is the most, in percent, while a file is not complete: it may be verified yet,
// or have failed.
const nearlyAll = 99.9

// Totals costs the same for any number of tasks.
func (tab *Table) Totals() Totals {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	c := &tab.totals
	s := Totals{
		Files: c.files, Completed: c.completed, Failed: c.failed, Cancelled: c.cancelled, Active: len(tab.active),
		Bytes: c.bytes, Downloaded: tab.downloaded.Load(), Remaining: -1, Reused: c.reused, Saved: c.saved,
	}
	remains := c.bytes - c.lost - s.Downloaded
	if coming := int64(c.unknown - c.lostUnknown); coming > 0 && c.sized > 0 {
		each := c.bytes / int64(c.sized)
		s.Bytes += each * coming
		remains += each * coming
	}
	switch {
	case c.completed+c.failed+c.cancelled == c.files:
		s.Remaining = 0
	case c.sized > 0 && (remains > 0 || c.unknown == c.lostUnknown): // else nobody knows what is left
		s.Remaining = max(remains, 0)
	}
	was, resting := c.past, c.past.files > 0 && c.past.files == c.files
	if resting { // nothing has been added since
		was = past{}
	}
	switch bytes := s.Bytes - was.bytes; {
	case c.completed-was.completed == c.files-was.files && c.files > 0:
		s.Percent = 100
	case bytes > 0:
		s.Percent = min(100*max(float64(s.Downloaded-was.downloaded), 0)/float64(bytes), nearlyAll)
	}
	if !resting {
		c.floor = max(c.floor, s.Percent)
		s.Percent = c.floor
	}
	if s.Bytes > 0 {
		s.Bytes = max(s.Bytes, s.Downloaded) // of those without a size more may have come
	}
	return s
}
