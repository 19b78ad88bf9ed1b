package littledl

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/littledl/littledl/internal/fetch"
	"github.com/littledl/littledl/internal/httprange"
)

// Bytes of a source that are asked for to be compared, not to be kept.

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
	if v.Kind == httprange.Accept && !v.Whole && v.Take != to-from {
		return nil, v.Pin, errUnlike // it ends before
	}
	if v.Kind != httprange.Accept || v.Whole {
		return nil, v.Pin, newAnswerError(v, res, res.URL)
	}
	h := k.at // where redirects led
	h.answered(began, time.Now())
	defer h.done()
	if err := f.skip(res.Body, v.Skip); err != nil {
		return nil, v.Pin, brokenOff(err)
	}
	got := make([]byte, to-from)
	n, err := io.ReadFull(res.Body, got)
	f.r.received.Add(int64(n))
	if err == nil {
		f.judge(src, to-from, time.Since(began))
	}
	return got, v.Pin, brokenOff(err)
}

// brokenOff is why an answer ended early: no silence of its host, since there was one.
func brokenOff(err error) error {
	if isSilentClose(err) {
		return fmt.Errorf("%w: %v", io.ErrUnexpectedEOF, err)
	}
	return err
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

// samples fetches all samples of a mirror, again where it has too much to do at the
// moment. The ticket's slot is kept from one to the next, but not for a wait.
func (f *file) samples(ctx context.Context, mirror *source, k *ticket, size int64) (got [][]byte, says httprange.Pin, err error) {
	for try := 1; ; try++ {
		got, says, err = f.sampleAll(ctx, mirror, k, size)
		var a *answerError
		busy := errors.As(err, &a) && a.verdict.Kind == httprange.Throttled || isTurnedAway(err)
		retry := f.r.d.set.cfg.Retry
		if !busy || try == sampleTries || asksTooLong(retry, err) {
			return got, says, err
		}
		k.giveBack()
		if !sleep(ctx, retryDelay(retry, try-1, err)) {
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
