package task

import (
	"fmt"
	"hash/crc32"
	"maps"
	"slices"
	"strings"

	"github.com/littledl/littledl/internal/names"
)

// The same file queued twice is fetched once. The first task that wants it fetches it; the
// others wait and then share the file, or get a copy where they want another name or
// directory. Whoever comes when the first has completed has the same from it as long as
// the Start lasts and nobody touches the file; in a later Start a copy, if the server or
// the digest confirms it. In any other case a task fetches for itself, and is the first
// from then on.

// key is equal for tasks that one transfer can serve: same URL, same headers, same digest;
// by digest, the same digest alone; and the same is expected of the file. What goes to a writer
// serves no other.
func (tab *Table) key(t *Task) string {
	o := t.spec
	switch {
	case o.Seldom().Writer != nil: // nobody else wants it there
		return "\x00" + t.ID()
	case o.Header == nil && o.Hash.IsZero() && o.Expect == nil && o.Seldom().Pieces == nil:
		return t.url
	case o.alone():
		return "\x00" + t.ID()
	case tab.cfg.ByDigest && !o.Hash.IsZero():
		return fmt.Sprintf("\x00%s\x00%x%s", o.Hash.Algorithm, o.Hash.Bytes, o.Expect.kind())
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\x00%s\x00%x%s", t.url, o.Hash.Algorithm, o.Hash.Bytes, o.Expect.kind())
	if p := o.Seldom().Pieces; p != nil {
		fmt.Fprintf(&b, "\x00%d\x00%d\x00%s\x00%x", p.Size, p.Length, p.Algorithm, crc32.ChecksumIEEE([]byte(p.Sums)))
	}
	for _, k := range slices.Sorted(maps.Keys(o.Header)) {
		fmt.Fprintf(&b, "\x00%s\x00%q", k, o.Header[k])
	}
	return b.String()
}

// place queues a task, or has it wait for the one that fetches the same.
func (tab *Table) place(t *Task) {
	if first := tab.elect(t); first != nil {
		tab.follow(t, first)
		return
	}
	if t.some().before.stands() && t.downloaded.Load() == 0 {
		tab.markDuplicate(t) // as far as is known: in its turn it will look
	} else {
		tab.clearDuplicate(t)
	}
	tab.promise(t)
	tab.ready.add(t)
}

// elect makes t the first of its kind, who may have its file from the one that last
// fetched it. Else it returns the task to wait for.
func (tab *Table) elect(t *Task) (first *Task) {
	first, at := tab.first.of(t)
	switch {
	case first == nil, first == t:
	case first.has(held): // t goes on in its stead
		t.follows(first.some().before)
	case !first.status.Ended() && t.downloaded.Load() > 0: // t goes on from there
		return nil
	case !first.status.Ended():
		return first
	case first.print != 0:
		t.follows(first)
	default:
		t.follows(first.some().before)
	}
	tab.first.set(at, t)
	return nil
}

// overtake has a task that is tried again, and has bytes already, fetch for one that was
// added since and has none.
func (tab *Table) overtake(t *Task) {
	first, at := tab.first.of(t)
	if t.downloaded.Load() == 0 || first == nil || first == t || first.at < 0 || first.downloaded.Load() > 0 {
		return
	}
	tab.first.set(at, t)
	tab.ready.remove(first)
	tab.unpromise(first)
	followers := first.unfollow()
	tab.follow(first, t)
	for _, w := range followers {
		tab.follow(w, t)
	}
}

// follows has a task know who has completed the same; nil: nobody.
func (t *Task) follows(before *Task) {
	r := t.some()
	r.before = before
	t.change(r)
}

// waitsWith puts a task in front of others in the list of those that wait for one.
func (t *Task) waitsWith(next *Task) {
	r := t.some()
	r.nextWaiter = next
	t.change(r)
}

// stands reports whether a task has completed in this Start and its file has not been
// found changed since.
func (t *Task) stands() bool { return t != nil && t.print != 0 && !t.has(earlier) }

// follow has a task wait until the one that fetches the same has ended.
func (tab *Table) follow(t, first *Task) {
	tab.markDuplicate(t)
	r := t.some()
	r.nextWaiter, r.follows = first.some().nextWaiter, first
	t.change(r)
	first.waitsWith(t)
	if sooner := first.priority() - t.priority(); sooner > 0 { // the more urgent wish counts
		r := first.some()
		r.sooner += sooner
		first.change(r)
		tab.ready.moved(first)
	}
}

// hurry has the most urgent wish count again of all that want the file of a task.
func (tab *Table) hurry(first *Task) {
	r := first.some()
	r.sooner = 0
	for w := r.nextWaiter; w != nil; w = w.some().nextWaiter {
		r.sooner = max(r.sooner, int32(first.spec.Priority)-w.priority())
	}
	if r.sooner != first.some().sooner {
		first.change(r)
		tab.ready.moved(first)
	}
}

// unfollow takes out of its list all who wait for a task, and returns them as they came.
func (t *Task) unfollow() (waited []*Task) {
	for w := t.some().nextWaiter; w != nil; {
		r := w.some()
		next := r.nextWaiter
		r.nextWaiter, r.follows = nil, nil
		w.change(r)
		waited = append(waited, w)
		w = next
	}
	if len(waited) > 0 {
		t.waitsWith(nil)
	}
	slices.Reverse(waited) // the list has the latest first
	return waited
}

// leaves takes a task out of the list of those that wait for another.
func (tab *Table) leaves(t *Task) {
	r := t.some()
	first, before := r.follows, r.follows
	for w := before.some().nextWaiter; w != t; w = w.some().nextWaiter {
		before = w
	}
	before.waitsWith(r.nextWaiter)
	r.nextWaiter, r.follows = nil, nil
	t.change(r)
	tab.hurry(first)
}

// release ends those who waited for t, which has just ended, or gives them their turn.
func (tab *Table) release(t *Task) (ended []Snapshot) {
	for _, w := range t.unfollow() {
		switch {
		case t.status == Completed && w.shares(t):
			tab.share(w, t)
		case t.status == Completed: // all of them may make their copies at once
			w.follows(t)
			tab.ready.add(w)
			continue
		case !t.has(alone) && (t.status == Cancelled || w.failsWith(t)):
			own := *t.some().failure
			own.nameless = true
			w.fail(&own)
		default: // the first of them fetches
			tab.inherit(w, t)
			tab.place(w)
			continue
		}
		tab.end(w, t.status)
		ended = append(ended, w.snapshot())
	}
	return ended
}

// shares reports whether a task's file is the very one that another has.
func (t *Task) shares(first *Task) bool {
	if t.Dir() != first.Dir() && names.Absolute(t.Dir()) != names.Absolute(first.Dir()) {
		return false
	}
	name := t.given()
	if name == "" && t.url != first.url {
		name = names.OfURL(t.url)
	}
	return name == "" || name == first.name()
}

// failsWith reports whether what the first has failed with concerns a task as well: what
// its URL came to does, what its place on the disk came to only if it has the same.
func (t *Task) failsWith(first *Task) bool {
	if t.url != first.url {
		return false
	}
	return !first.some().failure.local() || t.Dir() == first.Dir() && t.given() == first.given()
}

// share gives a task the file that another has completed.
func (tab *Table) share(t, first *Task) {
	name := first.name()
	tab.settle(t, names.OfURL(t.url), name)
	tab.names.Take(t.seq, t.Dir(), name)
	t.size = first.size
	t.flags |= first.flags & (ranges | lengthKnown | reused)
	t.downloaded.Store(first.size)
	t.says(first.some().about)
}
