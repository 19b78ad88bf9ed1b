package littledl

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// What happens when one of a file's sources lies, which a digest brings to light.

// repair finds out, after a digest came out wrong, which source gave other bytes: the
// file is completed from one source alone, then from the next, until it is right.
// What another had delivered and comes out different convicts that one.
func (f *file) repair() error {
	err := fmt.Errorf("%w: no source has the right file", ErrHashMismatch)
	for _, alone := range f.suspects() {
		if alone.dropped && !alone.unlike && !alone.silent {
			continue
		}
		if f.pin != nil && alone.wrote.Contains(0, f.pin.Size) {
			f.acquit(alone)
			continue
		}
		if err := f.leaveTo(alone); err != nil {
			return err
		}
		switch roundErr := f.roundAlone(); {
		case roundErr == nil:
		case errors.Is(roundErr, errKept):
			return roundErr
		case isLocal(roundErr) || f.r.ctx.Err() != nil:
			return roundErr
		default:
			f.acquit(alone)
			continue
		}
		if err = f.verify(f.pin.Size); err == nil {
			f.sentence()
			return nil
		}
		if !errors.Is(err, ErrHashMismatch) {
			return err
		}
		f.acquit(alone)
	}
	return err
}

// suspects are the sources in the order in which they are asked alone: first the one that
// has delivered most, those that were silent last.
func (f *file) suspects() []*source {
	f.mu.Lock()
	defer f.mu.Unlock()
	order := slices.Clone(f.sources)
	slices.SortStableFunc(order, func(a, b *source) int {
		switch {
		case a.silent == b.silent:
			return cmp.Compare(b.wrote.Len(), a.wrote.Len())
		case a.silent:
			return 1
		}
		return -1
	})
	return order
}

// leaveTo readies a file for a round with one source alone: what it has not
// delivered is missing again. Where that is all there is, the file starts over, since
// its size is a lie, too, perhaps.
func (f *file) leaveTo(alone *source) error {
	f.mu.Lock()
	f.current, f.parallel, f.repairing = slices.Index(f.sources, alone), false, true
	alone.takeBack()
	f.changes, f.failures = 0, 0 // it is not to pay for the others
	// Where the one before it started over in vain, nothing is known of the file any more.
	fresh := f.pin == nil || f.stream || alone.wrote.Len() == 0 && alone.pin == nil
	if f.pin != nil {
		for _, r := range alone.wrote.Gaps(0, f.pin.Size) {
			removed := f.done.Remove(r.Lo, r.Hi)
			f.t.downloaded.Add(-removed)
			f.r.d.downloaded.Add(-removed)
		}
	}
	f.mu.Unlock()
	if !fresh {
		return nil
	}
	f.stream = false
	return f.startOver()
}

// acquit drops a source that alone did not have the right file, and whoever it spoke
// against is trusted again.
func (f *file) acquit(alone *source) {
	f.r.warn("source dropped", f.t, errUnlike)
	f.mu.Lock()
	defer f.mu.Unlock()
	if !alone.dropped {
		alone.dropped = true
		alone.errors++
	}
	for _, s := range f.sources {
		s.accused = false
	}
}

// sentence drops those who had delivered other bytes than the right ones.
func (f *file) sentence() {
	f.mu.Lock()
	liars := 0
	for _, s := range f.sources {
		if s.accused && !s.dropped {
			s.dropped = true
			s.errors++
			liars++
		}
	}
	f.mu.Unlock()
	if liars > 0 {
		f.r.warn("sources dropped", f.t, errUnlike)
	}
}

// roundAlone is a round that goes on after what says nothing against its source: a pause,
// another ETag for what may be the same bytes, ranges that do not work after all.
func (f *file) roundAlone() error {
	for {
		ctx, err := f.enter()
		if err != nil {
			return err
		}
		err = f.round(ctx)
		switch {
		case errors.Is(err, errPaused):
		case errors.Is(err, errReuse): // of the size that this source has there is something at hand
			switch found, err := f.copyFound(f.found); {
			case err != nil:
				return err
			case found:
				return errKept
			}
		case errors.Is(err, errRestart):
			if err := f.restart(err); err != nil {
				return err
			}
		default:
			return err
		}
	}
}

// accuse notes the sources that had delivered other bytes than those now being written
// at off. The caller holds no lock; it is called before the write.
func (f *file) accuse(now *source, off int64, fresh []byte) {
	old := make([]byte, len(fresh))
	n, _ := f.part.ReadAt(old, off)
	end := off + int64(n)
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range f.sources {
		if s == now || s.dropped {
			continue
		}
		for _, r := range s.wrote.Ranges() {
			lo, hi := max(r.Lo, off), min(r.Hi, end)
			if lo < hi && !bytes.Equal(old[lo-off:hi-off], fresh[lo-off:hi-off]) {
				s.accused = true
				break
			}
		}
	}
}

// comparing writes to a part, and compares with what was there, while a repair
// looks for the source that lied.
type comparing struct {
	f   *file
	src *source
}

func (c comparing) WriteAt(b []byte, off int64) (int, error) {
	c.f.accuse(c.src, off, b)
	return c.f.part.WriteAt(b, off)
}
