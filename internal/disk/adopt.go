package disk

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/littledl/littledl/internal/digest"
	"github.com/littledl/littledl/internal/httprange"
	"github.com/littledl/littledl/internal/journal"
	"github.com/littledl/littledl/internal/partfile"
	"github.com/littledl/littledl/internal/span"
)

// Going on from what another process has left, and leaving something for the next. A part
// is adopted in three steps: its journal must be of this file (Adopt); the server must say
// that it still has the same version, which is not seen to here; and every stretch must hold
// the bytes that were noted (Prove), which is read beside the download of what is missing.

var (
	// ErrLost says that a part that was kept is of no use any more.
	ErrLost = errors.New("the part cannot be used again")
	// ErrNoJournal says that no process will be able to go on from a part. It takes bytes
	// as before.
	ErrNoJournal = errors.New("the part has no journal")
)

// Adopted is what an earlier process says that it has left.
type Adopted struct {
	Pin     httprange.Pin // the version; no validator: only a digest can tell
	Source  int           // whose version: 0 is the URL as given, 1 the first backup
	Extents []journal.Extent
	// Doubtful: it is of another query, and the source must show that it has the same bytes.
	Doubtful bool
}

// Adopt opens what an earlier process has left of the file, if it can be confirmed: by the
// digest that is wanted, or by a strong validator of one of the sources. Nil: nothing.
func (t *Target) Adopt(want digest.Sum) (*Adopted, error) {
	t.mustBe("Adopt", Absent)
	dir, err := t.Dir()
	if err != nil || !dir.HasLeft() {
		return nil, err
	}
	if !t.policy.Resume {
		t.Tidy()
		return nil, nil
	}
	part, log, err := dir.Resume(base(t.Guess()), t.Key(), true)
	if err == nil && part == nil {
		return t.adoptSibling(dir, want)
	}
	if err != nil || part == nil {
		return nil, localErr(err)
	}
	a := t.confirmable(log, want)
	if a == nil {
		part.Discard()
		return nil, nil
	}
	t.opened(part)
	return a, nil
}

// adoptSibling opens what was left of the URL with another query, which may be no more than
// another signature: where the digest tells, or both validators might, and the bytes will.
func (t *Target) adoptSibling(dir *partfile.Dir, want digest.Sum) (*Adopted, error) {
	byDigest := func(h journal.Head) bool {
		return !want.Named().IsZero() && want.Named() == digest.Sum{Algorithm: h.Algorithm, Bytes: h.Digest}
	}
	part, log, err := dir.ResumeSibling(base(t.Guess()), t.Key(), func(l journal.Log, named bool) bool {
		h := l.Head
		return h.Size > 0 && len(l.Extents) > 0 && (byDigest(h) || named && h.Digest == "" && httprange.StrongETag(h.ETag) && h.LastModified != "")
	})
	if err != nil || part == nil {
		return nil, localErr(err)
	}
	t.opened(part)
	a := &Adopted{Pin: httprange.Pin{Size: log.Head.Size}, Extents: log.Extents}
	if !byDigest(log.Head) {
		a.Pin.ETag, a.Pin.LastModified, a.Pin.DateStrong, a.Doubtful = log.Head.ETag, log.Head.LastModified, log.Head.DateStrong, true
	}
	return a, nil
}

// Leave gives up what was adopted, and leaves it as it is: it is of another file.
func (t *Target) Leave() {
	t.mustBe("Leave", Open)
	t.part.Leave()
	t.part, t.state = nil, Absent
}

// confirmable reports what can be confirmed of a journal; nil: nothing.
func (t *Target) confirmable(log journal.Log, want digest.Sum) *Adopted {
	h := log.Head
	if h.Size <= 0 || len(log.Extents) == 0 || h.Encoding != "" && !t.policy.Encoded {
		return nil
	}
	a := &Adopted{
		Pin:    httprange.Pin{Size: h.Size, ETag: h.ETag, LastModified: h.LastModified, DateStrong: h.DateStrong, Encoding: h.Encoding},
		Source: t.source(h.Source), Extents: log.Extents,
	}
	byServer := a.Source >= 0 && a.Pin.IfRange() != ""
	byDigest := false
	if given := (digest.Sum{Algorithm: h.Algorithm, Bytes: h.Digest}); !want.Named().IsZero() && !given.IsZero() {
		if given != want.Named() {
			return nil
		}
		byDigest = true
	}
	switch {
	case byServer:
		return a
	case byDigest:
		a.Pin, a.Source = httprange.Pin{Size: h.Size, Encoding: h.Encoding}, 0
		return a
	}
	return nil
}

// source is the one of the sources that has an ID; -1: none. What a validator says, it says
// of one URL alone.
func (t *Target) source(id [16]byte) int {
	return slices.Index(t.sourceIDs(), id)
}

// sourceIDs name the sources; each costs a hash, which is made once.
func (t *Target) sourceIDs() [][16]byte {
	if t.ids == nil {
		t.ids = append(t.ids, SourceID(t.want.URL))
		for _, u := range t.want.Backups {
			t.ids = append(t.ids, SourceID(u))
		}
	}
	return t.ids
}

// Prove reads adopted extents back and returns what does not hold the bytes that were noted.
// An error: ctx has ended.
func (t *Target) Prove(ctx context.Context, extents []journal.Extent, buf []byte) (bad []span.Range, err error) {
	t.mustBe("Prove", Open)
	var good span.Set
	var failed []journal.Extent
	for _, e := range extents {
		ok, err := t.part.Matches(ctx, e, buf)
		if err != nil {
			return nil, err
		}
		if ok {
			good.Add(e.Off, e.Off+e.Len)
		} else {
			failed = append(failed, e)
		}
	}
	var missing span.Set
	for _, e := range failed { // a later extent may have overwritten it
		for _, gap := range good.Gaps(e.Off, e.Off+e.Len) {
			missing.Add(gap.Lo, gap.Hi)
		}
	}
	return missing.Ranges(), nil
}

// BeginLog begins the journal of a part that another process could go on from: the version
// that a source has, or a digest, is what it will be confirmed by. It does nothing where
// there is one, or neither tells versions apart. ErrNoJournal costs no more than the chance
// to go on.
func (t *Target) BeginLog(v httprange.Pin, source int, sum digest.Sum) error {
	t.mustBe("BeginLog", Open)
	if t.part.Resumable() || !t.policy.Resume || v.IfRange() == "" && sum.Named().IsZero() {
		return nil
	}
	if !t.policy.Encoded { // then an encoding is the label of what is stored as it is, which comes and goes
		v.Encoding = ""
	}
	err := t.part.Log(journal.Head{
		Size: v.Size, ETag: v.ETag, LastModified: v.LastModified, DateStrong: v.DateStrong, Source: t.sourceIDs()[source],
		Algorithm: sum.Algorithm, Digest: sum.Bytes, Encoding: v.Encoding,
	})
	if err == nil || partfile.IsFull(err) {
		return localErr(err)
	}
	return fmt.Errorf("%w: %w", ErrNoJournal, err)
}
