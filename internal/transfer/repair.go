package transfer

import (
	"bytes"
	"fmt"

	"github.com/littledl/littledl/internal/fail"
	"github.com/littledl/littledl/internal/recovery"
)

// What happens when one of a file's sources has wrong bytes, which a digest brings to
// light: recovery has the file completed from one source alone, then from the next, until
// it is right. What another had delivered and comes out different excludes that one.

// mismatched tells recovery that the complete file has a wrong digest. No worker runs.
func (f *File) mismatched(why error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delivered := make([]int64, len(f.sources))
	for i := range delivered {
		if delivered[i] = f.pin.Size; len(f.sources) > 1 {
			delivered[i] = f.plan.Written(i).Len()
		}
	}
	e := &fail.Error{Class: fail.Mismatched, Op: "verify", Err: why}
	if len(f.sources) > 1 {
		e.Err = fmt.Errorf("%w: no source has the right file", fail.ErrHashMismatch)
	}
	f.lastFailure = why
	if len(f.wrong) > 0 {
		f.spoiltLocked(e)
		return
	}
	f.rec.Mismatched(f.e.now(), f.pin.Size, delivered, e)
	f.standingsLocked()
}

// matched tells recovery that the digest is right.
func (f *File) matched() {
	f.mu.Lock()
	corrupt := f.rec.Matched()
	for _, s := range f.sources {
		if s.standing != recovery.Rejected && f.rec.Standing(s.n) == recovery.Rejected {
			s.errors++ // its bytes were
		}
	}
	f.standingsLocked()
	f.mu.Unlock()
	if corrupt > 0 {
		f.e.warn("sources dropped", f.t, errOther)
	}
}

// restart throws away what is there, but for what one source has delivered, perhaps.
func (f *File) restart(a recovery.Action) error {
	f.e.warn("starting over", f.t, f.lastFailure)
	f.stream = a.Stream
	if a.Keep && len(f.wrong) > 0 {
		f.refetch()
		if have := f.plan.Len(); have > 0 {
			f.rec.Restarted(have)
			return nil
		}
		a.Keep = false
	}
	if !a.Keep {
		err := f.startOver()
		f.rec.Restarted(0)
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.plan.Written(a.Source).Gaps(0, f.pin.Size) {
		f.countLocked(-f.plan.Forget(r.Lo, r.Hi))
	}
	f.rec.Restarted(f.plan.Len())
	return nil
}

// suspect notes the sources that had delivered other bytes than those now being written
// at off. The caller holds no lock; it is called before the write.
func (f *File) suspect(now *source, off int64, fresh []byte) {
	old := make([]byte, len(fresh))
	n, _ := f.target.ReadAt(old, off)
	end := off + int64(n)
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range f.sources {
		if s == now {
			continue
		}
		for _, r := range f.plan.Written(s.n).Ranges() {
			lo, hi := max(r.Lo, off), min(r.Hi, end)
			if lo < hi && !bytes.Equal(old[lo-off:hi-off], fresh[lo-off:hi-off]) {
				f.rec.Suspect(s.n)
				break
			}
		}
	}
}

// comparingWriter writes to a part, and compares with what was there, while a repair
// looks for the source that lied.
type comparingWriter struct {
	f   *File
	src *source
}

func (c comparingWriter) WriteAt(b []byte, off int64) (int, error) {
	c.f.suspect(c.src, off, b)
	return c.f.target.WriteAt(b, off)
}
