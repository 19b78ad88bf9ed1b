package littledl

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path"
	"slices"
	"time"

	"github.com/littledl/littledl/internal/digest"
	"github.com/littledl/littledl/internal/fetch"
	"github.com/littledl/littledl/internal/httprange"
	"github.com/littledl/littledl/internal/safename"
)

// Whether a file that is there already is the one that was asked for.

// tryName looks at what has a name. Next: another name must be tried.
func (f *file) tryName(name string, pin httprange.Pin) (next bool, err error) {
	_, base := splitName(name)
	if base == f.absent { // a moment ago; should it appear, publishing will find out
		f.named(name)
		return false, nil
	}
	info, err := f.dir.Stat(base)
	if errors.Is(err, fs.ErrNotExist) {
		f.named(name)
		return false, nil
	}
	if err != nil {
		return false, &writeOpError{fmt.Errorf("look at the target: %w", err)}
	}
	policy := f.r.d.set.cfg.Overwrite
	if policy == OverwriteSkip && info.Mode()&fs.ModeSymlink != 0 { // nothing is written, so it may lead anywhere
		if to, err := os.Stat(localPath(f.t.dir, name)); err == nil {
			info = to
		}
	}
	if policy == OverwriteSkip && info.Mode().IsRegular() || policy != OverwriteReplace && !f.r.d.set.noReuse && f.same(base, info, pin) {
		f.named(name)
		f.r.d.reused(f.t, info.Size())
		return false, errKept
	}
	switch policy {
	case OverwriteReplace:
		if !info.Mode().IsRegular() && info.Mode()&fs.ModeSymlink == 0 {
			return false, fmt.Errorf("%w: %s is no file that could be replaced", ErrFileExists, name)
		}
		f.named(name)
		return false, nil
	case OverwriteError:
		return false, fmt.Errorf("%w: %s; choose another name or another Overwrite policy", ErrFileExists, name)
	}
	return true, nil
}

// same reports whether an existing file is what the server has: by the hash
// that was given, or, without one, by size and modification time, which is set
// from Last-Modified when a file is published. Never by name or size alone.
func (f *file) same(base string, info fs.FileInfo, pin httprange.Pin) bool {
	f.looked(f.t.dir, f.beside(base))
	if !info.Mode().IsRegular() || pin.Size >= 0 && info.Size() != pin.Size {
		return false
	}
	same := f.sameContent(base, info, pin)
	if same {
		f.r.d.reuse.hit(info.Size())
	}
	return same
}

// beside is the path below the save directory of what lies where the file shall.
func (f *file) beside(base string) string {
	sub, _ := splitName(f.opt.filename)
	return path.Join(sub, base)
}

// looked counts a file whose content was looked at for this one, once.
func (f *file) looked(dir, name string) {
	if p := (place{dir, name}); !slices.Contains(f.looks, p) {
		f.looks = append(f.looks, p)
		f.r.d.reuse.checks.Add(1)
	}
}

func (f *file) sameContent(base string, info fs.FileInfo, pin httprange.Pin) bool {
	if f.opt.hash.IsZero() {
		m := lastModified(pin.LastModified)
		return pin.Size >= 0 && !m.IsZero() && info.ModTime().Equal(m)
	}
	return f.judged != base && f.hashOf(base)
}

// hashOf reports whether a file in the directory has the digest that was given.
func (f *file) hashOf(base string) bool {
	g, err := f.dir.Open(base)
	if err != nil {
		return false
	}
	defer g.Close()
	before, err := g.Stat()
	if err != nil {
		return false
	}
	h, err := f.hashAll(g, before)
	return err == nil && f.opt.hash.Matches(h)
}

// keepKnown completes a task without fetching its body, where what has its name is
// proven to be the file: by the digest that was given, or by what a HEAD tells, which is
// a digest, or size and time. Where that proves nothing the first GET decides.
func (f *file) keepKnown() (bool, error) {
	policy := f.r.d.set.cfg.Overwrite
	if f.pin != nil || policy == OverwriteReplace {
		return false, nil
	}
	if err := f.openDir(); err != nil {
		return false, err
	}
	name := f.opt.filename
	if name == "" {
		name = safename.Numbered(f.nameByURL(), int(f.t.nth))
	}
	_, base := splitName(name)
	if f.dir.New(base) {
		f.absent = base
		return false, nil
	}
	info, err := f.dir.Stat(base)
	if errors.Is(err, fs.ErrNotExist) {
		f.absent = base // no need to look again
	}
	if err != nil || !info.Mode().IsRegular() {
		return false, nil
	}
	switch {
	case policy == OverwriteSkip && f.opt.filename != "":
		return f.keep(name, info), nil
	case !f.opt.hash.IsZero():
		f.judged = base
		for n := 0; err == nil; n++ { // it may have become "name (1)" before
			f.looked(f.t.dir, f.beside(base))
			if f.hashOf(base) {
				f.r.d.reuse.hit(info.Size())
				return f.keep(safename.Numbered(name, n), info), nil
			}
			_, base = splitName(safename.Numbered(name, n+1))
			info, err = f.dir.Stat(base)
		}
		return false, nil
	}
	pin, promised, ok := f.head()
	if !ok {
		return false, nil
	}
	f.opt.hash = promised // tells more than size and time
	defer func() { f.opt.hash = digest.Sum{} }()
	for n := 1; ; n++ {
		if policy == OverwriteSkip || f.same(base, info, pin) {
			return f.keep(name, info), nil
		}
		_, base = splitName(safename.Numbered(name, n))
		if info, err = f.dir.Stat(base); err != nil {
			return false, nil
		}
		if f.same(base, info, pin) {
			return f.keep(safename.Numbered(name, n), info), nil
		}
	}
}

// keep completes the task with a file that is there, unless it is another task's.
func (f *file) keep(name string, info fs.FileInfo) bool {
	d := f.r.d
	d.mu.Lock()
	err := d.names.reserve(f.t, name)
	d.mu.Unlock()
	if err != nil {
		return false
	}
	f.named(name)
	f.tidy()
	d.reused(f.t, info.Size())
	return true
}

// head asks for the file's size and time, and its digest. Not ok: the server does not
// say, or it has another name for the file.
func (f *file) head() (pin httprange.Pin, promised digest.Sum, ok bool) {
	look, src := f.r.look, f.sources[f.current]
	epoch, open := f.r.gate.Try()
	if wait, err := src.host.wait(time.Now(), 0); !open || look.isRefused(src.home) || wait > 0 || err != nil {
		return pin, promised, false
	}
	k := &ticket{pool: f.r.pool, f: f, url: src.u, from: src.host, rank: rank(f.priority, false)}
	if k.acquire(epoch, src.host) != nil { // the host's time begins when it is asked
		return pin, promised, false
	}
	defer k.giveBack()
	ctx, cancel := context.WithTimeout(epoch, headTimeout)
	defer cancel()
	res, err := f.r.pool.client.Do(ctx, &fetch.Request{
		Method: http.MethodHead, URL: src.u, Header: src.header, User: src.u.User, Home: src.home, Admit: k.admit,
	})
	if err != nil {
		if epoch.Err() == nil {
			look.missed(src.home, 0)
		}
		return pin, promised, false
	}
	defer res.Discard()
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Encoding") != "" {
		look.missed(src.home, res.StatusCode)
		return pin, promised, false
	}
	if f.opt.filename == "" && safename.FromDisposition(res.Header.Get("Content-Disposition")) != "" {
		return pin, promised, false
	}
	pin = httprange.Pin{Size: res.ContentLength, LastModified: res.Header.Get("Last-Modified")}
	return pin, digest.FromHeader(res.Header, false), true
}
