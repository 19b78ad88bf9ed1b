package transfer

import (
	"fmt"
	"math"
	"net/url"
	"strings"
	"time"

	"github.com/littledl/littledl/internal/fail"
	"github.com/littledl/littledl/internal/httprange"
	"github.com/littledl/littledl/internal/names"
	"github.com/littledl/littledl/internal/safename"
	"github.com/littledl/littledl/internal/task"
)

// What the caller expects of a file beside its digest, and what is told of one.

// most is how many bytes a file may have.
func (e *Engine) most(x *task.Expect) int64 {
	most := int64(math.MaxInt64)
	if e.MaxFileSize > 0 {
		most = e.MaxFileSize
	}
	if x != nil && x.Size >= 0 {
		most = min(most, x.Size)
	}
	return most
}

// wrongSize refuses a file of another size than the caller's; -1: nobody has told.
func (f *File) wrongSize(size int64) error {
	x := f.spec.Expect
	if x == nil || x.Size < 0 || size < 0 || size == x.Size {
		return nil
	}
	return sizeError("%d bytes, WithSize is %d", size, x.Size)
}

// sizeError is what no other answer of the same source would change.
func sizeError(format string, args ...any) error {
	return &fail.Error{Class: fail.Permanent, Op: "verify", Err: fmt.Errorf("%w: "+format, append([]any{fail.ErrSizeMismatch}, args...)...)}
}

// tooMuch refuses what goes on beyond what the file may have.
func (f *File) tooMuch(end int64) error {
	if m := f.e.MaxFileSize; m > 0 && end > m {
		return f.tooLarge(end)
	}
	return sizeError("more than the %d bytes of WithSize", f.most)
}

// nameOf is what a file is called by where redirects have led; "": that says nothing, or it was
// not asked for.
func (f *File) nameOf(u *url.URL) string {
	if x := f.spec.Expect; x == nil || !x.ByFinalURL || u == nil || safename.FromURL(u.EscapedPath()) == "" {
		return ""
	}
	return names.OfURL(u.EscapedPath())
}

// said is what an answer has said of the file.
type said struct {
	url  *url.URL // that has answered
	kind string   // Content-Type
	pin  httprange.Pin
}

// heard notes what the latest answer has said that counts.
func (f *File) heard(s said) {
	f.mu.Lock()
	f.said = s
	f.mu.Unlock()
}

// proved notes the digest that the file was seen to have.
func (f *File) proved() {
	if f.delivery != nil {
		return
	}
	f.mu.Lock()
	f.digest = f.target.Digest()
	f.mu.Unlock()
}

// About is what is told of a file.
type About struct {
	FinalURL, ContentType, ETag string
	LastModified                time.Time
	Digest                      string
}

// maxAbout bounds each text of it, in bytes.
const maxAbout = 4 << 10

// About is that as the table keeps it: it, and nothing that it is a part of.
func (f *File) About() task.About {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := &f.said
	at := ""
	if s.url != nil {
		if at = s.url.String(); at == f.t.URL() {
			at = sameAsGiven
		}
	}
	all := [...]string{at, s.kind, s.pin.ETag, s.pin.LastModified, f.digest}
	n := len(all)
	for i, text := range all {
		if len(text) > maxAbout || strings.Contains(text, separator) {
			all[i] = ""
		}
		n += len(all[i])
	}
	if n == len(all) {
		return ""
	}
	return task.About(strings.Join(all[:], separator))
}

const (
	separator   = "\n" // stands in no header
	sameAsGiven = "="
)

// AboutOf is what is told of a task's file.
func AboutOf(s *task.Snapshot) (a About) {
	text := s.About
	if f, ok := s.Held.(*File); ok {
		text = f.About()
	}
	all := strings.Split(string(text), separator)
	if len(all) != 5 {
		return a
	}
	a = About{FinalURL: all[0], ContentType: all[1], ETag: all[2], LastModified: lastModified(all[3]), Digest: all[4]}
	if a.FinalURL == sameAsGiven {
		a.FinalURL = s.Task.URL()
	}
	return a
}
