package transfer

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/littledl/littledl/internal/digest"
	"github.com/littledl/littledl/internal/disk"
	"github.com/littledl/littledl/internal/exchange"
	"github.com/littledl/littledl/internal/fail"
	"github.com/littledl/littledl/internal/fetch"
	"github.com/littledl/littledl/internal/httprange"
	"github.com/littledl/littledl/internal/reuse"
	"github.com/littledl/littledl/internal/safename"
	"github.com/littledl/littledl/internal/task"
)

// Where a file goes: its name, what has that name already, and the part that
// will become it.

// accept takes the first answer as what the file is: it settles the name, makes
// the part, and lays out the rest of the work.
func (f *File) accept(x *answer, res *fetch.Response) error {
	s, src, v := x.s, x.src, x.v
	if m := f.e.MaxFileSize; m > 0 && v.Pin.Size > m {
		return f.tooLarge(v.Pin.Size)
	}
	if err := f.wrongSize(v.Pin.Size); err != nil {
		return err
	}
	if err := f.wrongLength(v.Pin.Size); err != nil {
		return err
	}
	if src.n == 0 && !f.spec.Plain {
		f.e.Served(f.t, src.host, v.Pin.Size)
	}
	html := exchange.IsPage(res.Header)
	if html && !f.html && f.output().State() == disk.Open && !f.unconfirmed {
		return pageError(res)
	}
	if html && src != f.sources[0] && f.pin == nil && !isPage(f.sources[0].given) && f.others(src) {
		return errBackupPage
	}
	f.modified = lastModified(v.Pin.LastModified)
	if f.hash.IsZero() && v.Decode == "" { // the caller's own digest counts more, and the server's is of what it sends
		f.promised = digest.FromHeader(res.Header, v.Whole)
		f.hash = f.promised
	}
	f.wanted = f.wantedName(res)
	f.heard(said{url: res.URL, kind: res.Header.Get("Content-Type"), pin: v.Pin})
	absent := f.output().State() == disk.Absent
	if absent || f.unconfirmed {
		f.html, f.walled = html, html && res.Cookies
		if existing, err := f.settleName(f.wanted, reuse.Version{URL: src.given, Pin: v.Pin}); err != nil {
			return err
		} else if existing {
			return errKept
		}
	}
	if f.judges() {
		if err := f.judge(x, answerOf(res, v.Pin.Size)); err != nil {
			return err
		}
	}
	if f.delivery != nil {
		f.deliverTo()
	}
	if absent {
		if err := f.output().Create(f.oneAnswer(v) && !f.finishes()); err != nil {
			return err
		}
	}
	if err := f.beginLog(v, src); err != nil {
		return err
	}
	f.e.Known(f.t, v.Pin.Size, !v.Whole && v.Kind != httprange.Empty)
	f.e.Table.Move(f.t, task.Downloading)
	f.startBackground(v.Pin.Size)

	f.mu.Lock()
	f.first = v.Pin
	f.pin = &f.first
	ranged := v.Kind == httprange.Accept && !v.Whole && !f.stream
	f.plan.Sized(v.Pin.Size, ranged)
	confirmed := f.unconfirmed
	f.unconfirmed = false
	src.servedLocked(v.Pin, x.ask.URL, x.ledTo(res)) // others go by it from here on
	f.rec.Answered(src.n, max(v.Pin.Size, 0), v.Whole)
	if f.delivery != nil {
		f.rec.Trust() // each answer is judged by its version
	}
	f.mu.Unlock()
	f.proveAdopted()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.plan.Answered(s, time.Now()) // before anybody asks beside it
	if !v.Whole {
		f.inviteLocked()
	}
	f.startReserving(v.Pin.Size)
	switch _, end := f.plan.Range(s); {
	case confirmed:
		f.layOutLocked(nil)
	case ranged && (end < v.Pin.Size || v.Pin.Size > f.e.FirstAsk):
		f.layOutLocked(s)
	}
	return nil
}

// oneAnswer reports whether a file is too little to go on from, or cannot be gone on with.
func (f *File) oneAnswer(v httprange.Verdict) bool {
	return v.Whole || v.Take >= v.Pin.Size && v.Pin.Size <= f.e.FirstAsk
}

func (f *File) tooLarge(size int64) error {
	return fmt.Errorf("%w: %d bytes, MaxFileSize is %d", fail.ErrFileTooLarge, size, f.e.MaxFileSize)
}

var (
	// errPage refuses, after other answers, the page that says why there is no file: it is
	// not a version of it.
	errPage = &fail.Error{Class: fail.Dubious, Op: "download", Err: fmt.Errorf("%w: an HTML page stands in its place", fail.ErrRemoteChanged)}
	// errNothing refuses, after other answers, an empty one that does not say that it is a version:
	// taken for one it would leave nothing of the file, and call that complete.
	errNothing = &fail.Error{Class: fail.Dubious, Op: "download", Err: fmt.Errorf("%w: an empty answer stands in its place", fail.ErrRemoteChanged)}
	// errBackupPage is why a backup does not serve that has a page for what does not look
	// like one: a login, most likely. It may when nobody else can.
	errBackupPage = &fail.Error{Class: fail.Mismatched, Op: "download", Err: errors.New("it has an HTML page instead of the file")}
)

// pageError is errPage for an answer.
func pageError(res *fetch.Response) error {
	if !res.Cookies {
		return errPage
	}
	e := *errPage
	e.Err = fmt.Errorf("%w; %s", e.Err, fetch.CookieHint)
	return &e
}

// others reports whether a source could be done without.
func (f *File) others(src *source) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.rec.Others(f.e.now(), src.n, f.healthsLocked())
}

// isPage reports whether a URL may well lead to an HTML page.
func isPage(u *url.URL) bool {
	switch strings.ToLower(path.Ext(u.Path)) {
	case "", ".html", ".htm", ".xhtml", ".shtml", ".php", ".asp", ".aspx", ".jsp", ".cgi":
		return true
	}
	return false
}

func lastModified(s string) time.Time {
	t, err := httprange.ParseTime(s)
	if err != nil {
		return time.Time{}
	}
	return t
}

// firstNumber is where the search for a free form of a name begins: at the one that is
// kept for the task, or, for a name that only the server knew, at one that is free.
func (f *File) firstNumber(name string) int {
	w := f.target.Want()
	if w.Given {
		return 0
	}
	if f.target.Exact() {
		w.Number, w.NameUsed = 0, true
		return 0
	}
	number, used := f.e.Table.Names(f.t, w.Name).Number(name)
	if name != w.Name {
		w.NameUsed = w.NameUsed || used
		return number
	}
	w.Number, w.NameUsed = number, used
	return number
}

// wantedName is the caller's, else the server's, else the URL's: as given, or where it has led.
func (f *File) wantedName(res *fetch.Response) string {
	if f.delivery != nil {
		return ""
	}
	if f.spec.Filename != "" {
		return f.spec.Filename
	}
	if n := safename.FromDisposition(res.Header.Get("Content-Disposition")); n != "" {
		return safename.Clean(n)
	}
	if n := f.nameOf(res.URL); n != "" {
		return n
	}
	return f.target.Want().Name
}
