package transfer

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/littledl/littledl/internal/disk"
	"github.com/littledl/littledl/internal/event"
	"github.com/littledl/littledl/internal/fail"
	"github.com/littledl/littledl/internal/httprange"
	"github.com/littledl/littledl/internal/journal"
	"github.com/littledl/littledl/internal/origin"
	"github.com/littledl/littledl/internal/recovery"
	"github.com/littledl/littledl/internal/segment"
	"github.com/littledl/littledl/internal/span"
)

// Going on from what another process has left, and leaving something for the next: the part
// is adopted, the first answer has to confirm it, and what is there is proven beside the
// download of what is missing.

// adopt takes up the part that an earlier process has left of this file, if any.
func (f *File) adopt() error {
	if f.pin != nil || f.delivery != nil || f.target.State() != disk.Absent {
		return nil
	}
	if f.spec.Plain || f.sources[0].host.NoRange() { // to go on it would have to be asked for a range
		f.target.Tidy()
		return nil
	}
	a, err := f.target.Adopt(f.hash)
	if err != nil {
		if e := fail.Of(err, fail.Facts{}); e.Class == fail.Shortage {
			return f.delay(e)
		}
		return err
	}
	if a != nil && a.Doubtful {
		switch same, err := f.sameAsLeft(a); {
		case err != nil:
			return err
		case !same:
			f.target.Leave()
			return nil
		}
	}
	if a != nil {
		f.adopted = true
		f.applyJournal(a)
		f.reportAdopted()
	}
	return nil
}

// sameAsLeft asks whether what another query of the URL has left is of this file: its size, both
// validators and the last bytes that are there must be, as those of another source must.
func (f *File) sameAsLeft(a *disk.Adopted) (bool, error) {
	epoch, err := f.enter()
	if err != nil {
		return false, err
	}
	var there span.Set
	for _, e := range a.Extents {
		there.Add(e.Off, e.Off+e.Len)
	}
	first, src := there.Ranges()[0], f.sources[0]
	if first.Hi-first.Lo < overlapSize {
		return false, nil
	}
	k := src.host.Lease(origin.Claim{File: f.id, Rank: Rank(f.priority.Load(), false)})
	if err := f.acquire(epoch, k); err != nil {
		return false, context.Cause(f.life)
	}
	defer k.Release()
	timed, cancel := f.e.within(epoch, f.e.Stall, k)
	defer cancel()
	got, says, o, _ := f.sample(timed, k, src, nil, 0, first.Hi-overlapSize, first.Hi)
	return o.Err == nil && saysSame(&says, &a.Pin) && f.onDisk(first.Hi-overlapSize, got), context.Cause(f.life)
}

// applyJournal takes what a journal says for what is there, as far as that is to be confirmed.
func (f *File) applyJournal(a *disk.Adopted) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.unproven, f.unconfirmed = a.Extents, true
	f.pin, f.sources[a.Source].pin, f.current = &a.Pin, &a.Pin, a.Source
	var there []span.Range
	for _, e := range a.Extents {
		there = append(there, span.Range{Lo: e.Off, Hi: e.Off + e.Len})
	}
	f.plan.Adopt(a.Pin.Size, there)
	if f.plan.Complete() { // the server is asked in any case
		f.plan.Forget(a.Pin.Size-1, a.Pin.Size)
	}
	f.countLocked(f.plan.Len())
}

// delay puts the task off while this machine is short of something.
func (f *File) delay(e *fail.Error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.e.now()
	f.begun, f.lastFailure = true, e
	f.tries = f.rec.Failed(recovery.Failure{Source: f.current, Err: e, Start: now, Now: now, Jitter: rand.Float64(), Tries: f.tries}, f.healthsLocked())
	if a := f.nextLocked(f.tries); a.Kind == recovery.Fail {
		return e
	}
	return &Delay{time.Now().Add(f.tries.Until - now)}
}

// countLocked adds to what is on the disk, for those who watch.
func (f *File) countLocked(n int64) {
	if f.e.Table.Count(f.t, n); n < 0 {
		f.tell(event.Event{Kind: event.Restart, Length: -n, Err: f.lastFailure})
	}
}

// confirms reports whether an answer can confirm an adopted part: it must say itself
// which version it is of, unless the digest will tell. A refusal says nothing about the
// file.
func (f *File) confirms(v httprange.Verdict, pin *httprange.Pin) bool {
	switch v.Kind {
	case httprange.Accept:
		is := pin.IfRange()
		return !v.Whole && (!f.hash.IsZero() || is != "" && (is == v.Pin.ETag || is == v.Pin.LastModified))
	case httprange.Throttled, httprange.Transient, httprange.Expired, httprange.Permanent, httprange.IfRangeRefused:
		return true
	}
	return false
}

// proveAdopted lets a worker read what was adopted; f.mu is not held.
func (f *File) proveAdopted() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.unproven) > 0 && !f.unconfirmed {
		ctx := f.ctx
		f.beside(&f.wg, func() { f.prove(ctx, slices.Clone(f.unproven)) })
	}
}

// prove counts as missing what does not hold the bytes that were noted.
func (f *File) prove(ctx context.Context, extents []journal.Extent) {
	buf := f.e.Client.Buffer()
	defer f.e.Client.Back(buf)
	bad, err := f.target.Prove(ctx, extents, *buf)
	if err != nil {
		return // the round has ended; the next one begins anew
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.unproven = nil
	for _, r := range bad {
		f.countLocked(-f.plan.Refetch(r.Lo, r.Hi))
	}
	f.scaleLocked(f.plan.Scale(f.nowLocked(time.Now())))
	if f.completeLocked() {
		f.cancel(segment.ErrCovered)
	}
}

// beginLog starts the journal of a part that another process could go on from: one that
// takes several requests.
func (f *File) beginLog(v httprange.Verdict, src *source) error {
	if f.oneAnswer(v) || f.delivery != nil {
		return nil
	}
	err := f.target.BeginLog(v.Pin, src.n, f.hash)
	if errors.Is(err, disk.ErrNoJournal) { // the file is worth more than the chance to resume it
		f.e.warn("no journal, another process cannot resume this file", f.t, err)
		return nil
	}
	return err
}

// startHashing has a large file's digest computed while it arrives, where it pays.
func (f *File) startHashing(ctx context.Context, size int64) {
	if f.hash.IsZero() || size <= f.e.Small || f.delivery != nil {
		return
	}
	p := disk.NewPrefixHash(f.hash)
	f.mu.Lock()
	proven := len(f.unproven) == 0
	if proven {
		f.hashing = p
	}
	f.mu.Unlock()
	if proven {
		f.beside(&f.side, func() { p.Follow(ctx, f.target, f.plan.Prefix) })
	}
}

// startSync brings a long transfer to the disk now and then, beside it.
func (f *File) startSync(ctx context.Context, size int64) {
	if f.delivery != nil || !f.target.WantsSync(size) {
		return
	}
	f.beside(&f.side, func() {
		if err := f.target.SyncPeriodically(ctx); err != nil {
			f.fail(err)
		}
	})
}
