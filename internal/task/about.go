package task

// About is what was said of a file, and proven: text that whoever transfers it packs and unpacks.
type About string

// lately is of how many tasks that have ended it is kept. Of a million it would cost as much as
// all that is known of them.
const lately = 256

// ended are those of which it is, the earliest at next.
type ended struct {
	tasks []*Task
	next  int
}

// add forgets what was said of the file of one that has ended long ago.
func (e *ended) add(t *Task) {
	if len(e.tasks) < lately {
		e.tasks = append(e.tasks, t)
		return
	}
	old := e.tasks[e.next]
	e.tasks[e.next] = t
	e.next = (e.next + 1) % lately
	old.says("")
}

func (t *Task) says(a About) {
	r := t.some()
	r.about = a
	t.change(r)
}

// Told notes that a task has ended and that those who were to hear of that have: what is said of
// its file may be forgotten when enough others have ended.
func (tab *Table) Told(t *Task) {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	if t.some().about != "" && t.status.Ended() {
		tab.ended.add(t)
	}
}
