package littledl

import (
	"context"
	"crypto/sha256"
	"errors"
	"slices"
	"time"

	"github.com/littledl/littledl/internal/digest"
	"github.com/littledl/littledl/internal/fetch"
	"github.com/littledl/littledl/internal/httprange"
	"github.com/littledl/littledl/internal/journal"
	"github.com/littledl/littledl/internal/partfile"
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
		f.dir.Tidy(f.guessedBase(), f.partKey())
		return nil
	}
	part, log, err := f.dir.Resume(f.guessedBase(), f.partKey())
	if errors.Is(err, ErrLocked) {
		return nil // another task may have it, for another name: that shows when ours is made
	}
	if part == nil || err != nil {
		return err
	}
	if !f.believes(log) {
		part.Discard()
		return nil
	}
	f.part, f.unproven, f.unconfirmed, f.adopted = part, log.Extents, true, true
	f.claim(log)
	return nil
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
	return h.Source == f.sourceID() && pinOfHead(h).IfRange() != ""
}

// claim counts what the journal says is there.
func (f *file) claim(log journal.Log) {
	f.mu.Lock()
	defer f.mu.Unlock()
	pin := pinOfHead(log.Head)
	if log.Head.Source != f.sourceID() || pin.IfRange() == "" {
		pin = httprange.Pin{Size: pin.Size} // the digest will tell
	}
	f.pin, f.sources[0].pin = &pin, &pin
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
	f.part, f.adopted = nil, false
}

// confirms reports whether an answer can confirm an adopted part. A refusal says
// nothing about the file.
func confirms(v httprange.Verdict) bool {
	switch v.Kind {
	case httprange.Accept:
		return !v.Whole
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
		ok, err := f.matches(ctx, e, *buf)
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

// matches reads an extent back. An error: ctx has ended.
func (f *file) matches(ctx context.Context, e journal.Extent, buf []byte) (bool, error) {
	var crc uint32
	for off, end := e.Off, e.Off+e.Len; off < end; {
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		n, err := f.part.ReadAt(buf[:min(int64(len(buf)), end-off)], off)
		crc = journal.Checksum(crc, buf[:n])
		off += int64(n)
		if err != nil && off < end { // cut short, or unreadable: not there
			return false, nil
		}
	}
	return crc == e.CRC, nil
}

// beginLog starts the journal of a part that another process could go on from: one of
// several requests, whose version the server, or a digest, can confirm.
func (f *file) beginLog(v httprange.Verdict) error {
	pin := v.Pin
	if f.part.Resumable() || f.r.d.set.cfg.DisableResume || v.Whole || v.Take >= pin.Size || pin.IfRange() == "" && f.opt.hash.IsZero() {
		return nil
	}
	h := journal.Head{
		Size: pin.Size, ETag: pin.ETag, LastModified: pin.LastModified, DateStrong: pin.DateStrong, Source: f.sourceID(),
		Algorithm: f.opt.hash.Algorithm, Digest: f.opt.hash.Bytes,
	}
	err := f.part.Log(h)
	if partfile.IsFull(err) {
		return &writeOpError{err}
	}
	if err != nil { // the file is worth more than the chance to resume it
		f.r.log("no journal, another process cannot resume this file", f.t, err)
	}
	return nil
}

func pinOfHead(h journal.Head) httprange.Pin {
	return httprange.Pin{Size: h.Size, ETag: h.ETag, LastModified: h.LastModified, DateStrong: h.DateStrong}
}

// sourceID names the URL as given in a journal, without telling it.
func (f *file) sourceID() (id [16]byte) {
	sum := sha256.Sum256([]byte(unsigned(f.sources[0].u)))
	copy(id[:], sum[:])
	return id
}

// guessedBase is the name the file will have, as far as that is known without the
// server.
func (f *file) guessedBase() string {
	name := f.opt.filename
	if name == "" {
		name = urlName(f.t.url)
	}
	_, base := splitName(name)
	return base
}

// tidy removes what is left of a transfer of a file that is there by now.
func (f *file) tidy() {
	if f.part != nil {
		f.part.Discard()
		f.part = nil
	}
	if f.dir != nil && f.dir.HasLeft() {
		f.dir.Tidy(f.guessedBase(), f.partKey())
	}
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
