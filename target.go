package littledl

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/littledl/littledl/internal/digest"
	"github.com/littledl/littledl/internal/fetch"
	"github.com/littledl/littledl/internal/httprange"
	"github.com/littledl/littledl/internal/safename"
	"github.com/littledl/littledl/internal/span"
)

// Where a file goes: its name, what has that name already, and the part that
// will become it.

// accept takes the first answer as what the file is: it settles the name, makes
// the part, and lays out the rest of the work.
func (f *file) accept(s *segment, src *source, v httprange.Verdict, res *fetch.Response) error {
	if m := f.r.d.set.cfg.MaxFileSize; m > 0 && v.Pin.Size > m {
		return f.tooLarge(v.Pin.Size)
	}
	html := isHTML(res.Header)
	if html && !f.html && f.part != nil && !f.unconfirmed {
		return pageError(res.StatusCode)
	}
	if html && src != f.sources[0] && f.pin == nil && !isPage(f.sources[0].u) && f.others(src) {
		return errBackupPage
	}
	f.modified = lastModified(v.Pin.LastModified)
	if f.opt.hash.IsZero() { // the caller's own digest counts more
		f.promised = digest.FromHeader(res.Header, v.Whole)
		f.opt.hash = f.promised
	}
	if len(f.candidates(v.Pin.Size)) > 0 {
		f.found, f.wanted = v.Pin.Size, f.wantedName(res)
		return errReuse
	}
	if f.part == nil || f.unconfirmed {
		f.html = html
		if err := f.settleName(v.Pin, res); err != nil {
			return err
		}
	}
	if f.part == nil {
		if err := f.createPart(v); err != nil {
			return err
		}
	}
	if err := f.beginLog(v, s.src); err != nil {
		return err
	}
	f.r.d.known(f.t, v.Pin.Size, !v.Whole && v.Kind != httprange.Empty)
	f.r.d.move(f.t, StatusDownloading)
	f.accompany(v.Pin.Size)

	f.mu.Lock()
	f.pin = &v.Pin
	confirmed := f.unconfirmed
	f.unconfirmed = false
	src.servedLocked(v.Pin, res.URL) // others go by it from here on
	f.mu.Unlock()
	f.proveAdopted()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.inviteLocked()
	if size := v.Pin.Size; size > smallSize {
		f.wg.Go(func() { f.preallocate(size) })
	}
	if confirmed {
		f.layOutLocked(span.Without(f.done.Gaps(0, v.Pin.Size), s.pos, s.end), nil)
	} else if v.Kind == httprange.Accept && !v.Whole && v.Pin.Size > 0 {
		s.end = min(s.end, v.Pin.Size)
		if s.end < v.Pin.Size {
			f.layOutLocked([]span.Range{}, s)
		}
	}
	return nil
}

// preallocate runs beside the first request: reserving much takes time.
func (f *file) preallocate(size int64) {
	if err := f.part.Preallocate(size); err != nil {
		f.fail(&fetch.WriteError{Err: err})
	}
}

func (f *file) tooLarge(size int64) error {
	return fmt.Errorf("%w: %d bytes, MaxFileSize is %d", ErrFileTooLarge, size, f.r.d.set.cfg.MaxFileSize)
}

// pageError refuses, after other answers, the page that says why there is no file: it
// is not a version of it.
func pageError(status int) error {
	return &answerError{status: status, verdict: httprange.Verdict{Kind: httprange.Changed, Reason: "an HTML page stands in its place"}}
}

// errBackupPage is why a backup does not serve that has a page for what does not look like
// one: a login, most likely. It may when nobody else can.
var errBackupPage = errors.New("it has an HTML page instead of the file")

// isPage reports whether a URL may well lead to an HTML page.
func isPage(u *url.URL) bool {
	switch strings.ToLower(path.Ext(u.Path)) {
	case "", ".html", ".htm", ".xhtml", ".shtml", ".php", ".asp", ".aspx", ".jsp", ".cgi":
		return true
	}
	return false
}

func isHTML(h http.Header) bool {
	return strings.HasPrefix(strings.ToLower(h.Get("Content-Type")), "text/html")
}

func lastModified(s string) time.Time {
	t, err := httprange.ParseTime(s)
	if err != nil {
		return time.Time{}
	}
	return t
}

// settleName decides the file's name once and for all, and what becomes of a file
// that has it. errKept: that file is the one that was asked for.
func (f *file) settleName(pin httprange.Pin, res *fetch.Response) error {
	d, t := f.r.d, f.t
	name, nth, number := f.wantedName(res), 0, false
	if f.opt.filename == "" {
		d.mu.Lock()
		nth, number = d.names.first(t, name, name == f.nameByURL()), true
		d.mu.Unlock()
	}
	if err := f.openDir(); err != nil {
		return err
	}
	for {
		chosen := name
		if number || nth > 0 {
			d.mu.Lock()
			chosen, nth = d.names.claim(t, name, nth)
			d.mu.Unlock()
		}
		next, err := f.tryName(chosen, pin)
		if !next {
			return err
		}
		if chosen != f.opt.filename {
			d.mu.Lock()
			d.names.release(t, chosen)
			d.mu.Unlock()
		}
		nth++
	}
}

// wantedName is the caller's, else the server's, else the URL's.
func (f *file) wantedName(res *fetch.Response) string {
	if f.opt.filename != "" {
		return f.opt.filename
	}
	if n := safename.FromDisposition(res.Header.Get("Content-Disposition")); n != "" {
		return safename.Clean(n)
	}
	return f.nameByURL()
}

// nameByURL is urlName of the task's, found out once.
func (f *file) nameByURL() string {
	if f.byURL == "" {
		f.byURL = urlName(f.t.url)
	}
	return f.byURL
}

func (f *file) named(name string) {
	f.r.d.mu.Lock()
	f.t.name = name
	f.r.d.mu.Unlock()
}

func (f *file) openDir() (err error) {
	if f.dir == nil {
		sub, _ := splitName(f.opt.filename)
		f.dir, err = f.r.dirs.open(f.t.dir, sub)
	}
	return err
}

// localPath is where a task's file is, for messages.
func localPath(dir, name string) string {
	if name == "" {
		return ""
	}
	return filepath.Join(dir, filepath.FromSlash(path.Clean(name)))
}
