package littledl

import (
	"context"
	"crypto/sha256"
	"errors"
	"math/rand/v2"
	"slices"
	"syscall"
	"time"

	"github.com/littledl/littledl/internal/backoff"
	"github.com/littledl/littledl/internal/digest"
	"github.com/littledl/littledl/internal/fetch"
	"github.com/littledl/littledl/internal/httprange"
	"github.com/littledl/littledl/internal/journal"
	"github.com/littledl/littledl/internal/partfile"
	"github.com/littledl/littledl/internal/safename"
	"github.com/littledl/littledl/internal/span"
)

// Going on from what another process has left. A part is adopted in three steps: its
// journal must be of this job (adopt); the server must say that it still has the same
// version (the first answer, accept); and every stretch must hold the bytes that were
// noted (prove), which is read beside the download of what is missing.

// adopt takes up the part that an earlier process has left of this file, if any.
func (f *file) adopt() error {
	if f.pin != nil || f.part != nil {
		return nil
	}
	if err := f.openDir(); err != nil {
		return err
	}
	if !f.dir.HasLeft() {
		return nil
	}
	if f.r.d.set.cfg.DisableResume {
		f.dir.Tidy(f.guessedBase(), f.partKey(), f.namesake())
		return nil
	}
	part, log, err := f.dir.Resume(f.guessedBase(), f.partKey(), f.namesake())
	switch {
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return f.later(err)
	case errors.Is(err, ErrLocked):
		return err
	case err != nil:
		return &writeOpError{err}
	case part == nil:
		return nil
	}
	if !f.believes(log) {
		part.Discard()
		return nil
	}
	f.part, f.unproven, f.unconfirmed, f.adopted = part, log.Extents, true, true
	f.claim(log)
	return nil
}

// later puts the task off while this machine is short of something.
func (f *file) later(err error) error {
	retry := f.r.d.set.cfg.Retry
	d := backoff.Policy{Base: retry.BaseDelay, Max: hostRetryMax}.Delay(f.refused, rand.Float64())
	f.refused++
	if f.waited += d; f.waited > retry.MaxElapsed {
		return &writeOpError{err}
	}
	return &parkError{time.Now().Add(d)}
}

// believes reports whether a journal is of this job, and says enough for the server to
// confirm it: a strong validator, or the digest that the caller wants.
func (f *file) believes(log journal.Log) bool {
	h := log.Head
	want := f.opt.hash
	if h.Size <= 0 || len(log.Extents) == 0 {
		return false
	}
	given := digest.Sum{Algorithm: h.Algorithm, Bytes: h.Digest}
	if !want.IsZero() && !given.IsZero() {
		return want == given
	}
	return f.sourceOf(h) != nil && pinOfHead(h).IfRange() != ""
}

// sourceOf is the source whose version a journal is about: what a validator says, it
// says of one URL alone. Nil: none of them.
func (f *file) sourceOf(h journal.Head) *source {
	for _, s := range f.sources {
		if h.Source == s.id() {
			return s
		}
	}
	return nil
}

// claim counts what the journal says is there.
func (f *file) claim(log journal.Log) {
	f.mu.Lock()
	defer f.mu.Unlock()
	pin, src := pinOfHead(log.Head), f.sourceOf(log.Head)
	if src == nil || pin.IfRange() == "" {
		pin, src = httprange.Pin{Size: pin.Size}, f.sources[0] // the digest will tell
	}
	f.pin, src.pin, f.current = &pin, &pin, slices.Index(f.sources, src)
	for _, e := range log.Extents {
		f.done.Add(e.Off, e.Off+e.Len)
	}
	if f.done.Contains(0, pin.Size) { // the server is asked in any case
		f.done.Remove(pin.Size-1, pin.Size)
	}
	f.countLocked(f.done.Len())
}

// countLocked adds to what is on the disk, for those who watch.
func (f *file) countLocked(n int64) {
	f.t.downloaded.Add(n)
	f.r.d.downloaded.Add(n)
}

// disown throws an adopted part away: the server has another version, or cannot say.
func (f *file) disown() {
	f.forget()
	f.part.Discard()
	f.part, f.unproven, f.unconfirmed, f.adopted = nil, nil, false, false
}

// confirms reports whether an answer can confirm an adopted part: it must say itself
// which version it is of, unless the digest will tell. A refusal says nothing about the
// file.
func (f *file) confirms(v httprange.Verdict, pin *httprange.Pin) bool {
	switch v.Kind {
	case httprange.Accept:
		is := pin.IfRange()
		return !v.Whole && (!f.opt.hash.IsZero() || is != "" && (is == v.Pin.ETag || is == v.Pin.LastModified))
	case httprange.Throttled, httprange.Transient, httprange.Expired, httprange.Permanent, httprange.IfRangeRefused:
		return true
	}
	return false
}

// proveAdopted lets a worker read what was adopted; f.mu is not held.
func (f *file) proveAdopted() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.unproven) > 0 && !f.unconfirmed {
		ctx := f.ctx
		f.wg.Go(func() { f.prove(ctx, slices.Clone(f.unproven)) })
	}
}

// prove reads every extent and counts as missing what does not have its checksum.
func (f *file) prove(ctx context.Context, extents []journal.Extent) {
	var good span.Set
	var bad []journal.Extent
	buf := f.r.pool.buffers.Get().(*[]byte)
	defer f.r.pool.buffers.Put(buf)
	for _, e := range extents {
		ok, err := f.part.Matches(ctx, e, *buf)
		if err != nil {
			return // the round has ended; the next one begins anew
		}
		if ok {
			good.Add(e.Off, e.Off+e.Len)
		} else {
			bad = append(bad, e)
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.unproven = nil
	for _, e := range bad { // a later extent may have overwritten it
		for _, gap := range good.Gaps(e.Off, e.Off+e.Len) {
			if n := f.done.Remove(gap.Lo, gap.Hi); n > 0 {
				f.countLocked(-n)
				f.todo = append(f.todo, cut([]span.Range{gap}, 1, 1)...)
			}
		}
	}
	f.staffLocked()
	if f.completeLocked() {
		f.cancel(errCovered)
	}
}

// beginLog starts the journal of a part that another process could go on from: one of
// several requests, whose version the server, or a digest, can confirm.
func (f *file) beginLog(v httprange.Verdict, src *source) error {
	pin := v.Pin
	if f.part.Resumable() || f.r.d.set.cfg.DisableResume || v.Whole || v.Take >= pin.Size || pin.IfRange() == "" && f.opt.hash.IsZero() {
		return nil
	}
	h := journal.Head{
		Size: pin.Size, ETag: pin.ETag, LastModified: pin.LastModified, DateStrong: pin.DateStrong, Source: src.id(),
		Algorithm: f.opt.hash.Algorithm, Digest: f.opt.hash.Bytes,
	}
	err := f.part.Log(h)
	if partfile.IsFull(err) {
		return &writeOpError{err}
	}
	if err != nil { // the file is worth more than the chance to resume it
		f.r.warn("no journal, another process cannot resume this file", f.t, err)
	}
	return nil
}

func pinOfHead(h journal.Head) httprange.Pin {
	return httprange.Pin{Size: h.Size, ETag: h.ETag, LastModified: h.LastModified, DateStrong: h.DateStrong}
}

// id names the URL as given in a journal, without telling it.
func (s *source) id() (id [16]byte) {
	sum := sha256.Sum256([]byte(unsigned(s.u)))
	copy(id[:], sum[:])
	return id
}

// guessedBase is the name the file will have, as far as that is known without the
// server.
func (f *file) guessedBase() string {
	name := f.opt.filename
	if name == "" {
		name = safename.Numbered(urlName(f.t.url), int(f.t.nth))
	}
	_, base := splitName(name)
	return base
}

// namesake reports whether a part under another name may be this file's: not where
// several tasks have names after the same URL, of which each has its own.
func (f *file) namesake() bool {
	d := f.r.d
	d.mu.Lock()
	defer d.mu.Unlock()
	return f.opt.filename != "" || d.names.uses[d.names.key(f.t.dir, urlName(f.t.url))].wanted < 2
}

// tidy removes what is left of a transfer of a file that is there by now.
func (f *file) tidy() {
	if f.part != nil {
		f.part.Discard()
		f.part = nil
	}
	if f.dir != nil && f.dir.HasLeft() {
		f.dir.Tidy(f.guessedBase(), f.partKey(), f.namesake())
	}
}

// keptSafe brings a file that was there already to the disk, where complete means that.
func (f *file) keptSafe() error {
	if !f.r.d.set.cfg.Durable {
		return nil
	}
	if err := f.openDir(); err != nil {
		return err
	}
	_, base := splitName(f.t.name)
	if err := f.dir.SyncFile(base); err != nil {
		return &writeOpError{err}
	}
	return nil
}

// How much a power cut may cost, and how often that is seen to.
const (
	syncBytes = 64 << 20
	syncTime  = 5 * time.Second
)

// keepSafe brings a long transfer to the disk now and then, beside it.
func (f *file) keepSafe(ctx context.Context, size int64) {
	if size <= syncBytes || !f.part.Resumable() {
		return
	}
	f.side.Go(func() {
		ticker := time.NewTicker(syncTime)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
			case <-ctx.Done():
				return
			}
			if err := f.part.SyncAfter(syncBytes); err != nil {
				f.fail(&fetch.WriteError{Err: err})
				return
			}
		}
	})
}
