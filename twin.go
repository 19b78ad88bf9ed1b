package littledl

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// The same URL queued twice is fetched once. The first task of a URL fetches it;
// its twins wait and then share the file, or get a copy where they want another
// name or directory.

// twinKey is equal for tasks that one transfer can serve: same URL, same headers,
// same digest; where content is reused, the same digest alone.
func twinKey(t *task, byDigest bool) string {
	o := t.opt
	if byDigest && o != nil && !o.hash.IsZero() {
		return fmt.Sprintf("\x00%s\x00%x", o.hash.Algorithm, o.hash.Bytes)
	}
	if o == nil || o.header == nil && o.hash.IsZero() {
		return t.url
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\x00%s\x00%x", t.url, o.hash.Algorithm, o.hash.Bytes)
	for _, k := range slices.Sorted(maps.Keys(o.header)) {
		fmt.Fprintf(&b, "\x00%s\x00%q", k, o.header[k])
	}
	return b.String()
}

// shares reports whether a twin's file is the very one its first task has.
func (t *task) shares() bool {
	if t.twin == nil || t.dir != t.twin.dir && absolute(t.dir) != absolute(t.twin.dir) {
		return false
	}
	name := t.twinName()
	return name == "" || name == t.twin.name
}

// twinName is what a twin's file must be called; "": as its first task's is.
func (t *task) twinName() string {
	if name := t.options().filename; name != "" || t.url == t.twin.url {
		return name
	}
	return urlName(t.url)
}

// releaseTwinsLocked ends or queues those who waited for t, which has just ended.
func (d *BatchDownloader) releaseTwinsLocked(t *task) (ended []*task) {
	var waited []*task
	for w := t.later; w != nil; w = w.later {
		waited = append(waited, w)
	}
	t.later = nil
	slices.Reverse(waited) // the list has the latest first
	var heir *task
	for _, w := range waited {
		w.later = nil
		switch {
		case t.status == StatusCompleted && !w.shares():
			d.ready.add(w) // a copy is made in its turn
		case t.status == StatusCompleted:
			d.shareLocked(w)
			ended = append(ended, w)
		case w.url == t.url || t.status != StatusFailed:
			w.err = w.failure("", t.err.Op, t.err.Attempts, t.err.Err)
			d.terminalLocked(w, t.status)
			ended = append(ended, w)
		case heir == nil:
			heir = w // its own URL may do better
			d.byURL[twinKey(w, true)] = w
			d.ready.add(w)
		default:
			w.twin = heir
			w.later, heir.later = heir.later, w
		}
	}
	return ended
}

// shareLocked completes a twin with its first task's file.
func (d *BatchDownloader) shareLocked(w *task) {
	w.name, w.size = w.twin.name, w.twin.size
	w.flags |= flagShared | w.twin.flags&(flagRanges|flagLengthVerified|flagReused)
	w.downloaded.Store(w.twin.downloaded.Load())
	d.terminalLocked(w, StatusCompleted)
}

// errTwinGone: what the twin has completed is there no more, or is not what it was.
var errTwinGone = errors.New("the copy's source was changed by somebody else")

// copyTwin makes a task's file out of its twin's, without a request.
func (r *run) copyTwin(t *task) (err error) {
	f, err := newFile(r, t)
	if err != nil {
		return err
	}
	defer func() { f.abandon(false) }()
	r.d.mu.Lock()
	from, name := t.twin.name, f.opt.filename
	other := t.url != t.twin.url // the digest alone says that it is the same
	if name == "" {
		base := t.twinName()
		if base == "" {
			_, base = splitName(from)
		}
		name, _ = r.d.names.claim(t, base, r.d.names.first(t, base, base == f.nameByURL()))
	}
	r.d.mu.Unlock()

	sub, base := splitName(from)
	source, err := r.dirs.open(t.twin.dir, sub)
	if err != nil {
		return err
	}
	defer r.dirs.close(source)
	in, err := source.Open(base)
	if err != nil {
		return errTwinGone
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil || info.Size() != t.twin.size || !t.twin.modified.IsZero() && !info.ModTime().Equal(t.twin.modified) {
		return errTwinGone
	}
	if err := f.openDir(); err != nil {
		return err
	}
	if err := f.makeCopy(in, name); errors.Is(err, ErrHashMismatch) {
		return errTwinGone
	} else if err != nil {
		return err
	}
	if other {
		r.d.reuse.checks.Add(1)
		r.d.reuse.hit(info.Size())
	}
	r.d.mu.Lock()
	t.size = info.Size()
	if other {
		t.flags |= flagReused | flagLengthVerified
		r.d.totals.reused++
		r.d.totals.saved += info.Size()
	}
	r.d.mu.Unlock()
	t.downloaded.Store(info.Size())
	return nil
}
