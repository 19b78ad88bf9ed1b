package transfer

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"github.com/littledl/littledl/internal/disk"
	"github.com/littledl/littledl/internal/exchange"
	"github.com/littledl/littledl/internal/origin"
	"github.com/littledl/littledl/internal/reuse"
)

// Whether a file that is there already is the one that was asked for. What proves it
// before a byte is fetched is a digest, or the file's mark: it is from this URL, of the
// version that the server has now, and as it was then. Where nothing does, the file is
// fetched, and what has its name is compared with it.

// errReuse ends a round whose file may be at hand.
var errReuse = errors.New("the content may be at hand")

// checkExisting completes a task without fetching its body, where what has its name is
// proven to be the file: by the digest that was given, or by what a HEAD tells. Where
// that proves nothing the first GET decides.
func (f *File) checkExisting() (bool, error) {
	if f.pin != nil {
		return false, nil
	}
	kept, err := f.finder.Known(f.life, f.hash, f.head)
	if kept && err == nil {
		f.reused()
	}
	return kept, err
}

// startSearch looks for the file's content among the files at hand, where its digest is known:
// beside the transfer, which ends when it is found. By the server's own it looks only at what
// has come from there.
func (f *File) startSearch(ctx context.Context, size int64) {
	if f.searched || f.wanted == "" || !f.e.Disk.Reuse || f.hash.IsZero() || size <= 0 {
		return
	}
	s := f.search(size)
	if (!f.e.Search || s.Ours) && !f.searchesLater(f.wanted, size) {
		return
	}
	f.beside(&f.side, func() {
		p, ok := f.finder.Find(ctx, f.e.Dirs, s, f.e.Search)
		f.mu.Lock()
		defer f.mu.Unlock()
		if ok {
			f.found = p
			f.failLocked(errReuse)
		} else if ctx.Err() == nil {
			f.searched = true
		}
	})
}

func (f *File) search(size int64) reuse.Search {
	return reuse.Search{Digest: f.hash, Ours: f.spec.Hash.IsZero(), Size: size, Name: f.wanted, Found: f.found, From: func() int { return f.firstNumber(f.wanted) }}
}

// searchesLater reports whether what has a name already is looked at beside the transfer.
func (f *File) searchesLater(name string, size int64) bool {
	return f.target.Yields(name) && size > f.e.Small
}

// copyFound completes the task with a copy of a file that has the digest asked for.
func (f *File) copyFound() (bool, error) {
	found, err := f.finder.Copy(f.life, f.e.Dirs, f.search(f.pin.Size))
	f.searched = true
	if found && err == nil {
		f.reused()
	}
	if !found && err == nil && f.target.State() == disk.Absent { // it was thrown away for the copy
		f.reset()
		f.rec.Emptied()
	}
	return found, err
}

// Same implements disk.Prover: by what the source has now that has answered first.
func (f *File) Same(name string, info fs.FileInfo) bool {
	return f.finder.Same(f.life, name, info, f.version)
}

// settleName decides the file's name once and for all, by the one that is wanted, and what
// becomes of a file that has it. True: that file is the one that was asked for.
func (f *File) settleName(name string, v reuse.Version) (existing bool, err error) {
	if f.delivery != nil {
		return false, nil
	}
	if _, err := f.target.Dir(); err != nil {
		return false, err
	}
	given := !f.spec.Hash.IsZero()
	if given {
		v.Digest = f.hash
	} else {
		v.Told = f.hash
	}
	later := v.URL != nil && !f.hash.IsZero() && f.searchesLater(name, v.Pin.Size)
	if f.e.Disk.Reuse && !f.target.Replaces(name) && !later && f.finder.TakeMarked(f.life, name, v) {
		return true, nil
	}
	f.version = v
	existing, err = f.target.Settle(disk.Answer{Name: name, From: f.firstNumber(name), Size: v.Pin.Size, Proof: f, Sure: given && !later, Later: later, Given: given, Marks: v.URL != nil})
	if err != nil && f.life.Err() != nil { // what was looked at was not read to its end
		err = context.Cause(f.life)
	}
	return existing, err
}

// head asks for the file's size and validators, its digest and its name. Served: a GET for its
// URL has been answered before, ever; others may be good for one request, which this must not
// be. Not ok: the server does not say.
func (f *File) head(served bool) (told reuse.Told, ok bool) {
	src := f.sources[f.current]
	epoch, open := f.e.Gate.Try()
	if !open || f.spec.Plain || !f.e.HeadPays(src.host, served) {
		return told, false
	}
	h, sent := f.e.Head(epoch, &src.Source, src.host, origin.Claim{File: f.id, Rank: Rank(f.priority.Load(), false), Rides: true})
	if sent && !h.Useful() {
		f.e.HeadMissed(src.host, h.Status)
	}
	if !sent || !h.Useful() || f.wrongSize(h.Pin.Size) != nil { // which the GET will say
		return told, false
	}
	if h.Name == "" {
		h.Name = f.nameOf(h.URL)
	}
	f.heard(said{url: h.URL, kind: h.Type, pin: h.Pin})
	return reuse.Told{Version: reuse.Version{URL: src.given, Pin: h.Pin, Told: h.Digest}, Name: h.Name}, true
}

// headTimeout is how long an answer to a HEAD is waited for.
const headTimeout = 5 * time.Second

// Head asks a source what it would send, if its claim is still wanted when it is its turn. Not
// sent: it was not asked, or is given up.
func (e *Engine) Head(ctx context.Context, s *exchange.Source, o *origin.Origin, c origin.Claim) (h exchange.Head, sent bool) {
	if o.NoHead() || o.Backoff(time.Now()) > 0 {
		return h, false
	}
	wanted, sends := c.Wanted, c.Sends
	if !e.Origins.Guarded() {
		c.Wanted, c.Sends = nil, nil
	}
	k := o.Lease(c)
	if k.Acquire(ctx) != nil { // the origin's time begins when it is asked
		return h, false
	}
	defer k.Release()
	if wanted != nil && c.Wanted == nil {
		if !wanted() {
			return h, false
		}
		sends()
	}
	timed, cancel := e.within(ctx, headTimeout, k)
	defer cancel()
	h = e.Client.Head(timed, k, s)
	return h, h.Status > 0 || ctx.Err() == nil
}
