package task

import (
	"fmt"
	"path"
	"path/filepath"
	"strings"

	"github.com/littledl/littledl/internal/redact"
)

// Why tasks have no file, and how that is told in one line: its cause may quote a server, and its
// URL may have been led to, so either is bounded, and holds no secret and no command for a terminal.

// MaxText is how long the text of an error gets, in bytes.
const MaxText = 1 << 10

// failure is what a task keeps of a Failure: the rest follows from the task.
type failure struct {
	op       string
	err      error
	attempts int32
	nameless bool // where the file was to be is not said
}

// local reports whether it failed with its place on the disk.
func (f *failure) local() bool { return f.op == "name" || f.op == "write" }

// told is the task's failure, for others; nil: there is none.
func (t *Task) told() *Failure {
	f := t.some().failure
	if f == nil {
		return nil
	}
	told := &Failure{TaskID: t.ID(), URL: redact.URL(t.url), Op: f.op, Attempts: int(f.attempts), Err: f.err}
	if !f.nameless {
		told.Path = pathOf(t.Dir(), t.name())
	}
	return told
}

// Failure is why a task has no file.
type Failure struct {
	TaskID   string
	URL      string // without secrets
	Path     string // where the file was to be; "" when that was not settled yet
	Op       string // what was being done
	Attempts int    // requests that failed
	Err      error
}

// Text is that in so many bytes; of what is too long each half gets its share.
func (f *Failure) Text(most int) string {
	url, cause, after := "", redact.Short(fmt.Sprint(f.Err), MaxText), ""
	if f.URL != "" {
		url = " " + redact.Line(f.URL)
	}
	if f.Attempts > 1 {
		after = fmt.Sprintf(" (after %d attempts)", f.Attempts)
	}
	if room := most - len(f.Op+": "+after) - 2*len("…"); len(url)+len(cause) > room {
		url = redact.Short(url, max(room/2, room-len(cause)))
		cause = redact.Short(cause, room-len(url))
	}
	return f.Op + url + ": " + cause + after
}

// Failures are those of several files.
type Failures struct {
	Named []*Failure // MaxNamed of them at most
	All   int
}

// MaxNamed is how many failures are told one by one.
const MaxNamed = 3

// Text is all of them in so many bytes.
func (f Failures) Text(most int) string {
	var b strings.Builder
	b.WriteString("1 file did not complete: ")
	if f.All != 1 {
		b.Reset()
		fmt.Fprintf(&b, "%d files did not complete: ", f.All)
	}
	rest := ""
	if f.All > len(f.Named) {
		rest = fmt.Sprintf("; and %d more", f.All-len(f.Named))
	}
	for i, one := range f.Named {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(one.Text((most-b.Len()-len(rest))/(len(f.Named)-i) - len("; ")))
	}
	return b.String() + rest
}

// TextAfter is Text behind the cause of all of them, which is never cut, in MaxText bytes if that
// leaves half of them.
func (f Failures) TextAfter(cause error) string {
	before := cause.Error() + ": "
	return before + f.Text(max(MaxText-len(before), MaxText/2))
}

// pathOf is where a file is, for messages.
func pathOf(dir, name string) string {
	if name == "" {
		return ""
	}
	return filepath.Join(dir, filepath.FromSlash(path.Clean(name)))
}
