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
	"github.com/littledl/littledl/internal/span"
)

// Several sources of one file: how it is made sure that they have the same file.

// sample fetches bytes [from, to) of a source, and what it says the file is. It is
// one request, made by a file's owner or beside its workers.
func (f *file) sample(ctx context.Context, src *source, from, to int64) ([]byte, httprange.Pin, error) {
	ctx, cancel := context.WithTimeout(ctx, f.r.d.set.cfg.StallTimeout)
	defer cancel()
	k := &ticket{pool: f.r.pool, f: f, url: src.u, from: src.host, rank: rank(f.priority, true)}
	ask := httprange.Ask{Ranged: true, Start: from, End: to, Name: src.u.Path}
	res, err := f.r.pool.client.Do(ctx, &fetch.Request{
		Method: http.MethodGet, URL: src.u, Header: src.header, User: src.u.User, Home: src.home,
		Range: httprange.Format(from, to), Admit: k.admit,
	})
	if err != nil {
		return nil, httprange.Pin{}, err
	}
	defer res.Close()
	src.host.answered(time.Now(), time.Now())
	defer src.host.done()
	v := httprange.Gate(ask, nil, httprange.Answer{Status: res.StatusCode, Header: res.Header, ContentLength: res.ContentLength})
	if v.Kind != httprange.Accept || v.Whole || v.Take != to-from {
		return nil, v.Pin, &answerError{verdict: v, status: res.StatusCode, at: res.URL}
	}
	if _, err := io.CopyN(io.Discard, res.Body, v.Skip); err != nil {
		return nil, v.Pin, err
	}
	got := make([]byte, to-from)
	_, err = io.ReadFull(res.Body, got)
	return got, v.Pin, err
}

// onDisk reports whether the part holds these bytes at off.
func (f *file) onDisk(off int64, want []byte) bool {
	have := make([]byte, len(want))
	_, err := f.part.ReadAt(have, off)
	return err == nil && bytes.Equal(have, want)
}

// invite lets further sources serve beside the first, once its headers are in, and
// again in later rounds: at once where a digest will tell the truth in the end, else after a comparison.
func (f *file) invite() {
	if len(f.sources) < 2 || f.pin.Size <= smallSize || f.stream || f.repairing {
		return
	}
	trusted := f.r.d.set.trusted
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.opt.hash.IsZero() && !trusted {
		return
	}
	f.parallel = true
	f.sources[f.current].proven = true
	for _, s := range f.sources {
		if !f.opt.hash.IsZero() {
			s.proven = true
		} else if !s.proven && !s.dropped {
			ctx := f.ctx
			f.side.Go(func() { f.compare(ctx, s) })
		}
	}
}

// compare proves a mirror by its size, its validators and three samples. It is a
// weaker promise than a digest, made because the caller trusts the mirrors. Nothing is
// asked of the first source again, which may be too busy: its bytes are on the disk.
func (f *file) compare(ctx context.Context, mirror *source) {
	f.mu.Lock()
	pin := *f.pin
	f.mu.Unlock()
	for _, at := range f.spots(ctx) {
		theirs, says, err := f.patientSample(ctx, mirror, at)
		if ctx.Err() != nil {
			return
		}
		if err != nil || says.Size != pin.Size || says.LastModified != pin.LastModified || !f.onDisk(at, theirs) {
			f.mu.Lock()
			mirror.dropped = true
			mirror.errors++
			f.mu.Unlock()
			return
		}
	}
	if ctx.Err() != nil {
		return
	}
	f.mu.Lock()
	mirror.proven, f.growth = true, growth{} // more connections may pay now
	f.mu.Unlock()
}

const (
	spotsPoll    = 50 * time.Millisecond
	spotsPatient = 20 // how many polls a second stretch of the file is waited for
)

// spots are three places in what was fetched so far, as far apart as may be; none when
// ctx ends first.
func (f *file) spots(ctx context.Context) []int64 {
	poll := time.NewTicker(spotsPoll)
	defer poll.Stop()
	for n := 0; ; n++ {
		f.mu.Lock()
		there := slices.DeleteFunc(f.done.Ranges(), func(r span.Range) bool { return r.Hi-r.Lo < seamSize })
		f.mu.Unlock()
		if len(there) > 1 || len(there) == 1 && n >= spotsPatient {
			first, middle, last := there[0], there[len(there)/2], there[len(there)-1]
			return []int64{first.Lo, (middle.Lo + middle.Hi - seamSize) / 2, last.Hi - seamSize}
		}
		select {
		case <-poll.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// patientSample asks again for a sample where a host has too much to do at the moment.
func (f *file) patientSample(ctx context.Context, src *source, at int64) (got []byte, says httprange.Pin, err error) {
	for range 5 {
		got, says, err = f.sample(ctx, src, at, at+seamSize)
		var a *answerError
		if !errors.As(err, &a) || a.verdict.Kind != httprange.Throttled {
			break
		}
		select {
		case <-time.After(f.r.d.set.cfg.Retry.BaseDelay):
		case <-ctx.Done():
			return nil, says, context.Cause(ctx)
		}
	}
	return got, says, err
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
