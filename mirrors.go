package littledl

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/littledl/littledl/internal/fetch"
	"github.com/littledl/littledl/internal/httprange"
)

// Several sources of one file: how it is made sure that they have the same file.

// sample fetches bytes [from, to) of a source, and what it says the file is, which must
// be what it is known to have said, if anything is. It is one request, on a slot of the
// ticket's; the time for it begins when it has one.
func (f *file) sample(ctx context.Context, src *source, k *ticket, known *httprange.Pin, from, to int64) ([]byte, httprange.Pin, error) {
	if k.slot == nil {
		if err := k.acquire(ctx, src.host); err != nil {
			return nil, httprange.Pin{}, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, k.patience)
	defer cancel()
	began := time.Now()
	ask := httprange.Ask{Ranged: true, Start: from, End: to, Name: src.u.Path}
	res, err := f.r.pool.client.Do(ctx, &fetch.Request{
		Method: http.MethodGet, URL: src.u, Header: src.header, User: src.u.User, Home: src.home,
		Range: httprange.Format(from, to), Admit: k.admit,
	})
	if err != nil {
		return nil, httprange.Pin{}, err
	}
	defer res.Close()
	v := httprange.Gate(ask, known, httprange.Answer{Status: res.StatusCode, Header: res.Header, ContentLength: res.ContentLength})
	if v.Kind != httprange.Accept || v.Whole || v.Take != to-from {
		return nil, v.Pin, &answerError{verdict: v, status: res.StatusCode, at: res.URL}
	}
	h := k.at // where redirects led
	h.answered(began, time.Now())
	defer h.done()
	if _, err := io.CopyN(io.Discard, res.Body, v.Skip); err != nil {
		return nil, v.Pin, err
	}
	got := make([]byte, to-from)
	if _, err = io.ReadFull(res.Body, got); err == nil {
		f.judge(src, to-from, time.Since(began))
	}
	return got, v.Pin, err
}

// judge takes a sample for the speed of a source that has not served yet, so that it is
// known before one of the others ends whether a connection had better be one to it.
func (f *file) judge(src *source, n int64, took time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if src.bytes == 0 {
		src.rate = max(src.rate, float64(n)/max(took.Seconds(), 1e-3))
	}
}

// sampler is a ticket for samples of a source.
func (f *file) sampler(src *source, patience time.Duration) *ticket {
	return &ticket{pool: f.r.pool, f: f, url: src.u, from: src.host, rank: rank(f.priority, true), patience: patience}
}

// onDisk reports whether the part holds these bytes at off.
func (f *file) onDisk(off int64, want []byte) bool {
	have := make([]byte, len(want))
	_, err := f.part.ReadAt(have, off)
	return err == nil && bytes.Equal(have, want)
}

// invite lets further sources serve beside the first, once its headers are in, and
// again in later rounds: at once where a digest will tell the truth in the end, else
// after a comparison. Of one request at a time no second source could have a part.
func (f *file) invite() {
	if len(f.sources) < 2 || f.pin.Size <= f.r.d.set.firstAsk() || f.stream || f.repairing {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.opt.hash.IsZero() && (!f.r.d.set.trusted || f.limit < 2) {
		return
	}
	f.parallel = true
	f.sources[f.current].proven = true
	for _, s := range f.sources {
		if !f.opt.hash.IsZero() {
			s.proven = true
		} else if !s.proven && !s.dropped {
			ctx, k := f.ctx, f.sampler(s, min(sampleTime, f.r.d.set.cfg.StallTimeout))
			k.try(s.host) // before this file's own workers take what is free, for long
			f.side.Go(func() { f.compare(ctx, s, k) })
		}
	}
}

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
func (f *file) compare(ctx context.Context, mirror *source, k *ticket) {
	defer k.giveBack()
	f.mu.Lock()
	pin := *f.pin
	f.mu.Unlock()
	theirs, says, err := f.samples(ctx, mirror, k, pin.Size)
	k.giveBack()
	same := err == nil && says.Size == pin.Size && says.LastModified == pin.LastModified
	for i, at := range f.spots(pin.Size) {
		same = same && f.awaitBytes(ctx, at) && f.onDisk(at, theirs[i])
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case ctx.Err() != nil:
	case same:
		mirror.proven, mirror.pin = true, &says // it must go on saying so
		if f.workers > 0 {
			f.relieveLocked(time.Now(), f.target)
		}
	default:
		mirror.errors++
		if err == nil {
			err = errUnlike
			mirror.unlike = true
		}
		if isAnswer(err) || mirror.unlike { // who could not be asked may have the file
			f.discardLocked(mirror, err)
		}
	}
}

// errUnlike is why a mirror is not used that has other bytes than the first source.
var errUnlike = errors.New("the source has another file")

// samples fetches all samples of a mirror, again where it has too much to do at the
// moment. The ticket's slot is kept from one to the next, but not for a wait.
func (f *file) samples(ctx context.Context, mirror *source, k *ticket, size int64) (got [][]byte, says httprange.Pin, err error) {
	for try := 1; ; try++ {
		got, says, err = f.sampleAll(ctx, mirror, k, size)
		var a *answerError
		busy := errors.As(err, &a) && a.verdict.Kind == httprange.Throttled || isTurnedAway(err)
		if !busy || try == sampleTries {
			return got, says, err
		}
		k.giveBack()
		select {
		case <-time.After(f.r.d.set.cfg.Retry.BaseDelay):
		case <-ctx.Done():
			return nil, says, context.Cause(ctx)
		}
	}
}

func (f *file) sampleAll(ctx context.Context, mirror *source, k *ticket, size int64) (got [][]byte, says httprange.Pin, err error) {
	k.keep = true
	var known *httprange.Pin
	for _, at := range f.spots(size) {
		b, pin, err := f.sample(ctx, mirror, k, known, at, at+seamSize)
		if err != nil {
			return nil, pin, err
		}
		if known == nil {
			says, known = pin, &pin
		}
		got = append(got, b)
	}
	return got, says, nil
}

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
