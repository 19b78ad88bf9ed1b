package littledl

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/littledl/littledl/internal/fetch"
	"github.com/littledl/littledl/internal/partfile"
	"github.com/littledl/littledl/internal/redact"
	"github.com/littledl/littledl/internal/safename"
)

// The kinds of failure. Ask with errors.Is: every error of this package wraps
// at most one of them, beside the operating system's or the network's own.
var (
	ErrInvalidURL        = errors.New("invalid URL")
	ErrInvalidOption     = errors.New("invalid option")
	ErrUnsafeName        = safename.ErrUnsafe
	ErrDuplicateTarget   = errors.New("another task writes to this path")
	ErrFileExists        = errors.New("file exists")
	ErrSizeMismatch      = errors.New("size mismatch")
	ErrHashMismatch      = errors.New("hash mismatch")
	ErrRangeMismatch     = errors.New("server answered with another range than asked")
	ErrRemoteChanged     = errors.New("file changed on the server while it was fetched")
	ErrEncoding          = errors.New("server encoded the file although it was asked not to")
	ErrStalled           = errors.New("no byte arrived within the stall timeout")
	ErrFileTooLarge      = errors.New("file is larger than allowed")
	ErrNoSpace           = errors.New("no space left")
	ErrLocked            = partfile.ErrLocked
	ErrTooManyRedirects  = fetch.ErrTooManyRedirects
	ErrForbiddenRedirect = fetch.ErrForbiddenRedirect
	ErrPrivateAddress    = fetch.ErrPrivateAddress
	ErrNoSource          = errors.New("no source could serve the file")
	ErrUnknownFile       = errors.New("unknown file")
	ErrDuplicateFile     = errors.New("file added twice")
	ErrRunning           = errors.New("already running")
	ErrCancelled         = errors.New("cancelled")
	ErrStopped           = errors.New("stopped")
)

// FileError says which file failed, while doing what, and why. URL is without
// user info, query and fragment, which may hold secrets.
type FileError struct {
	TaskID   string // as AddURL returned it; "" when the URL was never queued
	URL      string
	Path     string // where the file was to be; "" when that was not settled yet
	Op       string // what was being done: "add", "request", "read", "write", "verify", …
	Attempts int    // requests that failed
	Err      error
}

func (e *FileError) Error() string {
	var b strings.Builder
	// The cause may quote a server, whose words a terminal could take for commands.
	fmt.Fprintf(&b, "%s %s: %s", e.Op, e.URL, redact.Line(fmt.Sprint(e.Err)))
	if e.Attempts > 1 {
		fmt.Fprintf(&b, " (after %d attempts)", e.Attempts)
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *FileError) Unwrap() error { return e.Err }

// StatusError is an HTTP status that is no success. RetryAfter is what the
// server asked to wait (RFC 9110, section 10.2.3), 0 when it did not say.
type StatusError struct {
	Code       int
	RetryAfter time.Duration
}

func (e *StatusError) Error() string {
	text := statusHint(e.Code)
	if e.RetryAfter > 0 {
		text += fmt.Sprintf("; retry after %v", e.RetryAfter)
	}
	return text
}

// BatchError holds the files that did not complete, in the order they were added.
type BatchError struct {
	Failed []*FileError
}

func (e *BatchError) Error() string {
	const shown = 3
	var b strings.Builder
	fmt.Fprintf(&b, "%d of the files failed: ", len(e.Failed))
	if len(e.Failed) == 1 {
		b.Reset()
		b.WriteString("1 file failed: ")
	}
	for i, f := range e.Failed {
		if i == shown {
			fmt.Fprintf(&b, "; and %d more", len(e.Failed)-shown)
			break
		}
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(f.Error())
	}
	return b.String()
}

// Unwrap returns the single errors, for errors.Is and errors.As.
func (e *BatchError) Unwrap() []error {
	out := make([]error, len(e.Failed))
	for i, f := range e.Failed {
		out[i] = f
	}
	return out
}

// statusHint words a status so that a person knows what to do about it.
func statusHint(code int) string {
	switch code {
	case 204, 205:
		return fmt.Sprintf("server answered %d: there is no content at this URL", code)
	case 301, 302, 303, 307, 308:
		return fmt.Sprintf("server answered %d without saying where the file is", code)
	case 401:
		return "server answered 401 unauthorized: give credentials with WithHeader or OriginHeaders"
	case 403:
		return "server answered 403 forbidden: the URL may have expired, or needs credentials"
	case 404, 410:
		return fmt.Sprintf("server answered %d: there is no such file, check the URL", code)
	case 407:
		return "proxy answered 407: give the proxy's credentials in its URL"
	case 429:
		return "server answered 429 too many requests: lower MaxConnectionsPerHost or try later"
	case 503:
		return "server answered 503 service unavailable: try later, or lower MaxConnectionsPerHost"
	}
	return fmt.Sprintf("server answered status %d", code)
}
