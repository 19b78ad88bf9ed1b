package transfer

import (
	"bytes"
	"context"
	"time"

	"github.com/littledl/littledl/internal/exchange"
	"github.com/littledl/littledl/internal/fail"
	"github.com/littledl/littledl/internal/httprange"
	"github.com/littledl/littledl/internal/origin"
	"github.com/littledl/littledl/internal/recovery"
	"github.com/littledl/littledl/internal/wait"
)

// What a source has to show before it goes on with the bytes of another.

// overlapSize is how many bytes are compared at a place.
const overlapSize = 64 << 10

// compare asks a source for the end of what was fetched already: size, strong ETag and
// Last-Modified must equal what the file was pinned to, and so must the bytes. No worker
// runs.
func (f *File) compare(ctx context.Context, a recovery.Action) error {
	src := f.sources[a.Source]
	f.mu.Lock()
	prefix, pin, tries := f.plan.There().Ranges()[0], *f.pin, f.tries
	f.mu.Unlock()
	from := max(prefix.Hi-overlapSize, prefix.Lo)
	k := src.host.Lease(origin.Claim{File: f.id, Rank: Rank(f.priority.Load(), false)})
	if err := f.acquire(ctx, k); err != nil {
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.deniedLocked(ctx, a, src, src.host, err, &f.tries) {
			return errDecide
		}
		return err
	}
	defer k.Release()
	timed, cancel := f.e.within(ctx, f.e.Stall, k)
	defer cancel()
	got, theirs, o, h := f.sample(timed, k, src, nil, tries.Refusals, from, prefix.Hi)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if o.Err != nil {
		f.tries = f.sampleFailedLocked(a, src, h, o, tries)
		return errDecide
	}
	same := saysSame(&theirs, &pin) && f.onDisk(from, got)
	f.comparedLocked(a, src, &theirs, same)
	return errDecide
}

// saysSame reports whether a source says that it has the very file.
func saysSame(says, pin *httprange.Pin) bool {
	return says.Size == pin.Size && says.LastModified != "" && says.LastModified == pin.LastModified &&
		httprange.StrongETag(pin.ETag) && says.ETag == pin.ETag
}

// sampleFailedLocked draws the conclusion from a sample that was not had, and returns what has
// been tried of it by now. A part that ends too early is of another file.
func (f *File) sampleFailedLocked(a recovery.Action, src *source, h *origin.Origin, o exchange.Outcome, t wait.Tries) wait.Tries {
	if o.Err.Class == fail.Mismatched {
		f.comparedLocked(a, src, nil, false)
		return t
	}
	return f.failedLocked(src, h, f.failureOf(a, src, o, t))
}

// comparedLocked notes what a comparison has come to.
func (f *File) comparedLocked(a recovery.Action, src *source, says *httprange.Pin, same bool) {
	if same {
		src.pin = says // it must go on saying so
	} else {
		src.errors++
		f.lastFailure = errOther
	}
	f.rec.Compared(src.n, a.Gen, same)
	f.standingsLocked()
}

// sample fetches bytes of a source to be compared, and what it says the file is, which must
// be what it is known to have said, if anything is.
func (f *File) sample(ctx context.Context, k *origin.Lease, src *source, known *httprange.Pin, refusals int, lo, hi int64) ([]byte, httprange.Pin, exchange.Outcome, *origin.Origin) {
	f.mu.Lock()
	u, h := f.addressLocked(src)
	f.mu.Unlock()
	ask := exchange.Ask{Source: &src.Source, URL: u, Origin: h, Ranged: true, Lo: lo, Hi: hi, Name: f.spec.Filename, Pin: known, Refusals: refusals}
	got, says, o := f.e.Client.Sample(ctx, k, &ask, func() fail.Facts { return f.facts(src, nil) })
	if o.Err == nil { // so that it is known before one of the others ends whether a connection had better be one to it
		f.plan.Expect(src.n, float64(hi-lo)/max(time.Since(o.Began).Seconds(), 1e-3))
	}
	return got, says, o, h
}

// onDisk reports whether the part holds these bytes at off.
func (f *File) onDisk(off int64, want []byte) bool {
	have := make([]byte, len(want))
	_, err := f.target.ReadAt(have, off)
	return err == nil && bytes.Equal(have, want)
}
