package disk

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"github.com/littledl/littledl/internal/partfile"
	"github.com/littledl/littledl/internal/safename"
)

// How a complete part becomes the file.

// Label is what a file is given with its name.
type Label struct {
	ModTime time.Time // zero: as it is
	Mark    partfile.Mark
}

// Publish gives the complete part its name. A file that has the same bytes is kept instead.
// Somebody may have taken the name while it was fetched: what is there is never replaced
// unless the policy says so.
func (t *Target) Publish(ctx context.Context, l Label) error {
	t.mustBe("Publish", Open)
	t.mustBeNamed("Publish")
	if err := t.lockName(ctx); err != nil {
		return err
	}
	if err := t.stillRepairs(); err != nil {
		return err
	}
	if kept, err := t.keepCandidate(ctx, l.Mark); err != nil {
		return err
	} else if kept {
		return t.syncExisting()
	}
	if t.state = Sealed; t.policy.OwnTime {
		l.ModTime = time.Time{}
	}
	if err := t.part.Seal(l.ModTime, l.Mark, t.policy.Durable); err != nil {
		return localErr(err)
	}
	wanted, number := t.name, 1
	if n, numbered := safename.NumberOf(t.wanted, t.name); t.wanted != "" && numbered {
		wanted, number = t.wanted, n+1
	}
	for ; ; number++ {
		err := t.publishAs(ctx, base(t.name))
		if err == nil {
			t.identity = t.part.Published()
			t.part, t.state = nil, Published
			return nil
		}
		if !errors.Is(err, fs.ErrExist) {
			return err
		}
		if t.appeared(ctx, l.Mark) {
			return t.syncExisting()
		}
		switch {
		case t.policy.Overwrite == Skip && t.policy.Wait > 0:
			return t.keepOther()
		case t.policy.Overwrite == Refuse, t.Exact() && !t.own(t.name):
			return refused("%s appeared while it was fetched", t.name)
		case t.Exact():
			t.repairs = true
			continue
		}
		if number, err = t.Claim(wanted, number); err == nil {
			err = t.lockName(ctx)
		}
		if err != nil {
			return err
		}
	}
}

// Published is what the file that is under its name can be known by from then on.
func (t *Target) Published() partfile.Identity {
	t.mustBe("Published", Published)
	return t.identity
}

// appeared keeps a file that has got the name while this one was fetched, if it is the same:
// two processes may want it at once. A part that had to be closed before it got its name
// cannot be read any more, and is as good as another one.
func (t *Target) appeared(ctx context.Context, mark partfile.Mark) bool {
	if !t.policy.Reuse {
		return false
	}
	kept, err := t.keepEqual(ctx, t.name, mark)
	return kept && err == nil
}

// busyMost is the last wait for a file that another program has open: 2.5 s in all.
const busyMost = 1280 * time.Millisecond

// publishAs retries for programs that look at every new file.
func (t *Target) publishAs(ctx context.Context, base string) error {
	for d := 10 * time.Millisecond; ; d *= 2 {
		err := t.part.Publish(base, t.replaces())
		if d > busyMost || !errors.Is(err, partfile.ErrBusy) {
			return localErr(err)
		}
		timer := time.NewTimer(d)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		}
	}
}

// keepCandidate keeps a file that turns out to have the very bytes that were fetched.
func (t *Target) keepCandidate(ctx context.Context, mark partfile.Mark) (kept bool, err error) {
	for name := range t.likely(ctx) {
		if kept, err := t.keepEqual(ctx, name, mark); kept || err != nil {
			return kept, err
		}
	}
	if len(t.candidates) > 0 && (t.policy.Overwrite == Refuse || t.Exact() && !t.repairs) {
		return false, refused("%s has other content; choose another name or another Overwrite policy", t.candidates[0])
	}
	return false, nil
}

// keepEqual gives up what was fetched for a file that has the same bytes, unless that is
// another's of the batch, and marks it, so that the next time it is known.
func (t *Target) keepEqual(ctx context.Context, name string, mark partfile.Mark) (kept bool, err error) {
	info, err := t.equals(ctx, name)
	if info == nil || err != nil || !t.names.Reserve(name) {
		return false, err
	}
	t.name = name
	t.dir.Stamp(base(name), info, mark)
	if now, err := t.dir.Stat(base(name)); err == nil {
		info = now // marking it has changed its times
	}
	t.part.Discard()
	t.keep(info)
	return true, nil
}
