package transfer

import (
	"context"
	"time"

	"github.com/littledl/littledl/internal/httprange"
	"github.com/littledl/littledl/internal/origin"
	"github.com/littledl/littledl/internal/recovery"
	"github.com/littledl/littledl/internal/span"
	"github.com/littledl/littledl/internal/wait"
)

// Several sources of one file that serve at once: how it is made sure that they have the
// same file.

// inviteLocked lets further sources serve beside the first, once its headers are in, and
// again in later rounds: at once where a digest will tell the truth in the end, else
// after a comparison. Of one request at a time no second source could have a part.
func (f *File) inviteLocked() {
	if len(f.sources) < 2 || f.pin.Size <= f.e.FirstAsk || f.stream || f.rec.Repairing() {
		return
	}
	_, f.limit = f.e.Cut(f.cutLocked()) // the style may allow less than the caller does
	known := f.judged()
	if f.delivery != nil { // a strong ETag says of each answer that it is the same file
		if known = httprange.StrongETag(f.pin.ETag) && (known || f.e.TrustMirrors); !known {
			return
		}
	}
	if !known && (!f.e.TrustMirrors || f.limit < 2) {
		return
	}
	f.rec.Invite(known)
	f.verifyMirrorsLocked(f.unverifiedLocked())
}

// unverifiedLocked are the sources that are yet to be compared.
func (f *File) unverifiedLocked() (all []*source) {
	for _, s := range f.sources {
		if f.rec.Unverified(s.n) {
			all = append(all, s)
		}
	}
	return all
}

// verifyMirrorsLocked has mirrors compared. Who takes a sample has the place of one that
// fetches, so as many at once as leave a worker.
func (f *File) verifyMirrorsLocked(mirrors []*source) {
	f.unsampled = len(mirrors)
	atOnce := min(f.unsampled, f.limit-1)
	places := make(chan struct{}, max(atOnce, 0))
	for i, s := range mirrors {
		ctx, k := f.ctx, s.host.Lease(origin.Claim{File: f.id, Rank: Rank(f.priority.Load(), true)})
		placed := i < atOnce
		if placed {
			places <- struct{}{}
			k.TryAcquire() // before this file's own workers take what is free, for long
		}
		f.beside(&f.side, func() {
			if placed || acquirePlace(ctx, places) {
				f.e.CallOut(func() { f.verifyMirror(ctx, s, k, places) })
			}
		})
	}
}

func acquirePlace(ctx context.Context, places chan struct{}) bool {
	select {
	case places <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

// Trusted mirrors are compared at the beginning, in the middle and at the end of the
// file: what was cut off, padded, or patched in place differs at one of them more
// likely than elsewhere. The mirror's bytes are asked for at once, on one slot; nothing
// is asked of the first source twice, which may be too busy: it is asked for its own
// bytes there before the others, and these are on the disk soon.
const (
	sampleTime = 5 * time.Second // who takes longer for 64 KiB would not be of much use
	samplePoll = 20 * time.Millisecond
)

// sampleOffsets are where mirrors are compared, overlapSize bytes each. What was asked for
// first arrives in order, so the middle lies behind it.
func (f *File) sampleOffsets(size int64) []int64 {
	last := size - overlapSize
	return []int64{0, min(max(size/2, f.e.FirstAsk), last-overlapSize), last}
}

// verifyMirror verifies a mirror by its size, its validators and three samples. It is a weaker
// promise than a digest, made because the caller trusts the mirrors.
func (f *File) verifyMirror(ctx context.Context, mirror *source, k *origin.Lease, places chan struct{}) {
	f.mu.Lock()
	size := f.pin.Size
	f.mu.Unlock()
	a, theirs, says := f.samples(ctx, mirror, k, size)
	k.Release()
	<-places
	f.mu.Lock()
	f.unsampled--
	if f.ctx.Err() == nil { // where no other waits for its place a worker gets it
		f.scaleLocked(f.plan.Scale(f.nowLocked(time.Now())))
	}
	f.mu.Unlock()
	if theirs == nil {
		return
	}
	same := true
	for i, at := range f.sampleOffsets(size) {
		same = same && f.awaitBytes(ctx, at) && f.onDisk(at, theirs[i])
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if ctx.Err() != nil {
		return
	}
	f.comparedLocked(a, mirror, says, same && says.Size == f.pin.Size && says.LastModified == f.pin.LastModified)
	if same {
		f.scaleLocked(f.plan.Relieve(f.nowLocked(time.Now())))
	}
}

// samples fetches all samples of a mirror, again as recovery says. Nil: none were had, and
// it knows why.
func (f *File) samples(ctx context.Context, mirror *source, k *origin.Lease, size int64) (a recovery.Action, got [][]byte, says *httprange.Pin) {
	t := wait.Tries{Source: mirror.n}
	for ctx.Err() == nil {
		f.mu.Lock()
		a = f.rec.Verify(f.e.now(), mirror.n, t, f.healthsLocked())
		f.mu.Unlock()
		switch a.Kind {
		case recovery.Leave:
			return a, nil, nil
		case recovery.Wait: // the slot is kept from one sample to the next, but not for a wait
			k.Release()
			_ = sleep(ctx, a.Until-f.e.now())
			continue
		}
		var ok bool
		if got, says, ok = f.sampleAll(ctx, a, mirror, k, &t, size); ok {
			return a, got, says
		}
		f.logFailures()
	}
	return a, nil, nil
}

// sampleAll fetches all samples once.
func (f *File) sampleAll(ctx context.Context, a recovery.Action, mirror *source, k *origin.Lease, t *wait.Tries, size int64) (got [][]byte, says *httprange.Pin, ok bool) {
	if err := f.acquire(ctx, k); err != nil {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.deniedLocked(ctx, a, mirror, mirror.host, err, t)
		return nil, nil, false
	}
	k.Keep()
	for _, at := range f.sampleOffsets(size) {
		timed, cancel := f.e.within(ctx, min(sampleTime, f.e.Stall), k)
		b, pin, o, h := f.sample(timed, k, mirror, says, t.Refusals, at, at+overlapSize)
		cancel()
		if ctx.Err() != nil {
			return nil, nil, false
		}
		if o.Err != nil {
			f.mu.Lock()
			*t = f.sampleFailedLocked(a, mirror, h, o, *t)
			f.mu.Unlock()
			return nil, nil, false
		}
		if says == nil {
			says = &pin
		}
		got = append(got, b)
	}
	return got, says, true
}

// awaitBytes waits until a sample's bytes are on the disk; false: the round has ended.
func (f *File) awaitBytes(ctx context.Context, at int64) bool {
	poll := time.NewTicker(samplePoll)
	defer poll.Stop()
	for {
		if f.plan.There().Contains(at, at+overlapSize) {
			return true
		}
		select {
		case <-poll.C:
		case <-ctx.Done():
			return false
		}
	}
}

// urgentLocked is what mirrors wait for to be compared with.
func (f *File) urgentLocked() (urgent []span.Range) {
	if len(f.unverifiedLocked()) == 0 {
		return nil
	}
	for _, at := range f.sampleOffsets(f.pin.Size) {
		urgent = append(urgent, span.Range{Lo: at, Hi: at + overlapSize})
	}
	return urgent
}
