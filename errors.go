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

// The kinds of failure. Ask with errors.Is: a FileError wraps at most one of them, beside
// the operating system's or the network's own errors, and ErrNoSource wraps what the
// source that counts most failed with.
var (
	// Of what is asked for; nothing was touched.

	ErrInvalidURL      = errors.New("invalid URL")                      // not an absolute http or https URL
	ErrInvalidOption   = errors.New("invalid option")                   // out of range, contradictory, or for the other downloader
	ErrUnsafeName      = safename.ErrUnsafe                             // a WithFilename that leads elsewhere, or that systems cannot hold
	ErrDuplicateTarget = errors.New("another task writes to this path") // two WithFilename of one batch

	// Of a file on the server.

	ErrSizeMismatch      = errors.New("size mismatch")                                        // what is on the disk has another length
	ErrHashMismatch      = errors.New("hash mismatch")                                        // WithHash, or the server's own digest
	ErrRangeMismatch     = errors.New("server answered with another range than asked")        // again and again, and does not send the file whole
	ErrRemoteChanged     = errors.New("file changed on the server while it was fetched")      // more often than it was begun anew
	ErrEncoding          = errors.New("server encoded the file although it was asked not to") // Content-Encoding
	ErrStalled           = errors.New("no byte arrived within the stall timeout")             // DownloadConfig.StallTimeout
	ErrFileTooLarge      = errors.New("file is larger than allowed")                          // DownloadConfig.MaxFileSize
	ErrTooManyRedirects  = fetch.ErrTooManyRedirects                                          // more than 10
	ErrForbiddenRedirect = fetch.ErrForbiddenRedirect                                         // to another scheme, or from https to http
	ErrPrivateAddress    = fetch.ErrPrivateAddress                                            // DownloadConfig.DenyPrivateNetworks
	ErrNoSource          = errors.New("no source could serve the file")                       // of those with backup URLs

	// Of the disk.

	ErrFileExists = errors.New("file exists")   // OverwriteError, or what has the name is no file
	ErrNoSpace    = errors.New("no space left") // or a quota is used up; it wraps the system's error
	ErrLocked     = partfile.ErrLocked          // another process, or another downloader, is at this path

	// Of a call.

	ErrRunning       = errors.New("already running")  // Start while one runs
	ErrCancelled     = errors.New("cancelled")        // by Cancel or Stop
	ErrStopped       = errors.New("stopped")          // anything after Stop
	ErrUnknownFile   = errors.New("unknown file")     // DynamicStyleAllocator: no such FileID
	ErrDuplicateFile = errors.New("file added twice") // DynamicStyleAllocator: the FileID is in already
)

// FileError says which file failed, while doing what, and why. URL is without
// user info, query and fragment, which may hold secrets.
type FileError struct {
	TaskID   string // as AddURL returned it; "" when the URL was never queued
	URL      string
	Path     string // where the file was to be; "" when that was not settled yet
	Op       string // what was being done: "add", "download", "name", "write" or "verify"
	Attempts int    // requests that failed
	Err      error
}

func (e *FileError) Error() string {
	var b strings.Builder
	b.WriteString(e.Op)
	if e.URL != "" {
		b.WriteString(" " + e.URL)
	}
	// The cause may quote a server, whose words a terminal could take for commands.
	b.WriteString(": " + redact.Line(fmt.Sprint(e.Err)))
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
	fmt.Fprintf(&b, "%d files failed: ", len(e.Failed))
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
