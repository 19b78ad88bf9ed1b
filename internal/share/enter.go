package share

import (
	"context"
	"slices"
)

// Enter brings a file in, with a note that is kept while it is. It blocks while as many
// as allowed are in; the most urgent, whose priority is the lowest number, and then the
// first to come enters next. When ctx ends first its cause is returned, and the file is
// not in. An id that is in or waits to be is ErrDuplicateFile.
func (p *Pool) Enter(ctx context.Context, id string, priority int, note any) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	f := &file{id: id, priority: priority, note: note, entered: make(chan struct{}), work: unknownWork}
	if err := p.arrive(f); err != nil {
		return err
	}
	select {
	case <-f.entered:
		return nil
	case <-ctx.Done():
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.files[id] == f { // it may have entered at the same moment, and left
		p.dropLocked(f)
	}
	return context.Cause(ctx)
}

// Leave ends a file's part in the sharing and lets the next one enter. Who waits in
// Acquire for it gets ErrUnknownFile; slots that are out go back to the others when they
// are released. An id that is not in is ignored.
func (p *Pool) Leave(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if f, err := p.fileLocked(id); err == nil {
		p.dropLocked(f)
	}
}

// arrive puts a file in line and lets in whom there is room for.
func (p *Pool) arrive(f *file) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.files[f.id] != nil {
		return ErrDuplicateFile
	}
	p.files[f.id] = f
	i, _ := slices.BinarySearchFunc(p.arriving, f.priority, func(o *file, priority int) int {
		if o.priority <= priority { // behind its equals
			return -1
		}
		return 1
	})
	p.arriving = slices.Insert(p.arriving, i, f)
	p.admitLocked()
	return nil
}

func (p *Pool) admitLocked() {
	for p.in < p.places && len(p.arriving) > 0 {
		f := p.arriving[0]
		p.arriving = slices.Delete(p.arriving, 0, 1)
		p.in++
		f.in = true
		close(f.entered)
	}
}

// dropLocked takes out a file that is in or in line.
func (p *Pool) dropLocked(f *file) {
	delete(p.files, f.id)
	if !f.in {
		i := slices.Index(p.arriving, f)
		p.arriving = slices.Delete(p.arriving, i, i+1)
		return
	}
	for len(f.waiters) > 0 {
		w := p.unqueueLocked(f, 0)
		w.err = ErrUnknownFile
		close(w.ready)
	}
	p.in--
	p.admitLocked()
}
