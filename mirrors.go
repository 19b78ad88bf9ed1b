package littledl

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/littledl/littledl/internal/httprange"
)

// Several sources of one file: how it is made sure that they have the same file.

// inviteLocked lets further sources serve beside the first, once its headers are in, and
// again in later rounds: at once where a digest will tell the truth in the end, else
// after a comparison. Of one request at a time no second source could have a part.
func (f *file) inviteLocked() {
	if len(f.sources) < 2 || f.pin.Size <= f.r.d.set.firstAsk() || f.stream || f.repairing {
		return
	}
	if f.r.sharing != nil { // the style may allow less than the caller does
		_, _, f.limit = f.r.sharing.decide(f, f.pin.Size)
	}
	known := !f.opt.hash.IsZero()
	if !known && (!f.r.d.set.trusted || f.limit < 2) {
		return
	}
	f.parallel = true
	f.sources[f.current].proven = true
	var strangers []*source
	for _, s := range f.sources {
		if s.proven = s.proven || known; !s.proven && !s.dropped {
			strangers = append(strangers, s)
		}
	}
	f.meetLocked(strangers)
}

// meetLocked has mirrors compared. Who takes a sample has the place of one that fetches,
// so as many at once as leave a worker.
func (f *file) meetLocked(strangers []*source) {
	f.strangers = len(strangers)
	atOnce := min(f.strangers, f.limit-1)
	places := make(chan struct{}, atOnce)
	for i, s := range strangers {
		ctx, k := f.ctx, f.sampler(s, min(sampleTime, f.r.d.set.cfg.StallTimeout))
		placed := i < atOnce
		if placed {
			places <- struct{}{}
			k.try(s.host) // before this file's own workers take what is free, for long
		}
		f.side.Go(func() {
			if placed || enterPlace(ctx, places) {
				f.compare(ctx, s, k, places)
			}
		})
	}
}

func enterPlace(ctx context.Context, places chan struct{}) bool {
	select {
	case places <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

// sampledLocked: one mirror less to take samples of. Where no other waits for its place
// a worker gets it.
func (f *file) sampledLocked() {
	f.strangers--
	if f.workers > 0 && f.ctx.Err() == nil {
		f.staffLocked()
	}
}

// placesLocked is how many of the workers that are wanted a file may have.
func (f *file) placesLocked(wanted int) int { return min(wanted, max(f.limit-f.strangers, 1)) }

// Trusted mirrors are compared at the beginning, in the middle and at the end of the
// file: what was cut off, padded, or patched in place differs at one of them more
// likely than elsewhere. The mirror's bytes are asked for at once, on one slot; nothing
// is asked of the first source twice, which may be too busy: it is asked for its own
// bytes there before the others (early), and these are on the disk soon.
const (
	sampleTime  = 5 * time.Second // who takes longer for 64 KiB would not be of much use
	sampleTries = 4
	spotsPoll   = 20 * time.Millisecond
	earlyTime   = 500 * time.Millisecond
)

// spots are where mirrors are compared, seamSize bytes each. What was asked for first
// arrives in order, so the middle lies behind it.
func (f *file) spots(size int64) []int64 {
	last := size - seamSize
	return []int64{0, min(max(size/2, f.r.d.set.firstAsk()), last-seamSize), last}
}

// compare proves a mirror by its size, its validators and three samples. It is a weaker
// promise than a digest, made because the caller trusts the mirrors.
func (f *file) compare(ctx context.Context, mirror *source, k *ticket, places chan struct{}) {
	f.mu.Lock()
	pin := *f.pin
	f.mu.Unlock()
	theirs, says, err := f.samples(ctx, mirror, k, pin.Size)
	k.giveBack()
	<-places
	f.mu.Lock()
	f.sampledLocked()
	f.mu.Unlock()
	same := err == nil && says.Size == pin.Size && says.LastModified == pin.LastModified
	for i, at := range f.spots(pin.Size) {
		same = same && f.awaitBytes(ctx, at) && f.onDisk(at, theirs[i])
	}
	if err == nil && !same {
		err = errUnlike
	}
	if f.introduce(ctx, mirror, says, err) {
		f.r.warn("source dropped", f.t, err)
	}
}

// introduce draws the conclusion from a comparison: the mirror may serve, or, why it may
// not given, is dropped where that is final.
func (f *file) introduce(ctx context.Context, mirror *source, says httprange.Pin, why error) (dropped bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case ctx.Err() != nil:
	case why == nil:
		mirror.proven, mirror.pin = true, &says // it must go on saying so
		if f.workers > 0 {
			f.relieveLocked(time.Now(), f.target)
		}
	default:
		mirror.errors++
		mirror.unlike = why == errUnlike
		if dropped = isAnswer(why) || mirror.unlike; dropped { // who could not be asked may have the file
			f.discardLocked(mirror, why)
		}
	}
	return dropped
}

// errUnlike is why a mirror is not used that has other bytes than the first source.
var errUnlike = errors.New("the source has another file")

// awaitBytes waits until a sample's bytes are on the disk; false: the round has ended.
func (f *file) awaitBytes(ctx context.Context, at int64) bool {
	poll := time.NewTicker(spotsPoll)
	defer poll.Stop()
	for {
		f.mu.Lock()
		there := f.done.Contains(at, at+seamSize)
		f.mu.Unlock()
		if there {
			return true
		}
		select {
		case <-poll.C:
		case <-ctx.Done():
			return false
		}
	}
}

// earlyLocked puts what mirrors are compared with before all else that is to do.
func (f *file) earlyLocked() {
	waiting := func(s *source) bool { return !s.proven && !s.dropped }
	if !f.parallel || !slices.ContainsFunc(f.sources, waiting) {
		return
	}
	var first, rest []*segment
	for _, s := range f.todo {
		for _, at := range f.spots(f.pin.Size) {
			lo, hi := max(s.pos, at), min(s.end, at+seamSize)
			if lo >= hi {
				continue
			}
			first = append(first, &segment{pos: lo, end: hi, early: true})
			if s.pos < lo {
				rest = append(rest, &segment{pos: s.pos, end: lo})
			}
			s.pos = hi
		}
		if s.pos < s.end {
			rest = append(rest, s)
		}
	}
	f.todo = append(first, rest...)
	f.early, f.earlySince = len(first), time.Now()
}

// staffingLocked is how many workers are wanted. While mirrors wait for what they are
// compared with, it is fetched before a busy server's connections are all taken.
func (f *file) staffingLocked() int {
	if f.early > 0 && time.Since(f.earlySince) < earlyTime {
		return min(f.target, 1+f.early)
	}
	return f.target
}

// report is what snapshots say about a file's sources.
func (f *file) report() *sourceReport {
	f.mu.Lock()
	defer f.mu.Unlock()
	r := &sourceReport{last: f.t.url}
	if f.lastSource != nil {
		r.last = f.lastSource.raw
	}
	if len(f.sources) < 2 {
		return r
	}
	for _, s := range f.sources {
		r.all = append(r.all, SourceStats{URL: s.raw, Bytes: s.bytes, Errors: s.errors, Dropped: s.dropped})
	}
	return r
}

// sourceReport is kept for tasks with backup URLs.
type sourceReport struct {
	last string
	all  []SourceStats
}
