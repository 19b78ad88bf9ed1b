package littledl

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/littledl/littledl/internal/fail"
	"github.com/littledl/littledl/internal/partfile"
	"github.com/littledl/littledl/internal/redact"
	"github.com/littledl/littledl/internal/safename"
	"github.com/littledl/littledl/internal/share"
)

// The kinds of failure. Ask with errors.Is: a FileError wraps at most one of them, beside
// the operating system's or the network's own errors, and ErrNoSource wraps what the
// source that counts most failed with.
var (
	// Of what is asked for; nothing was touched.

	ErrInvalidURL      = errors.New("invalid URL")    // not an absolute http or https URL
	ErrInvalidOption   = errors.New("invalid option") // out of range, contradictory, or for the other downloader
	ErrUnsafeName      = safename.ErrUnsafe           // a WithFilename that leads elsewhere, or that systems cannot hold
	ErrDuplicateTarget = fail.ErrDuplicateTarget      // WithFilename, of two tasks at once

	// Of a file on the server.

	ErrSizeMismatch      = fail.ErrSizeMismatch      // what is on the disk has another length
	ErrHashMismatch      = fail.ErrHashMismatch      // WithHash, or the server's own digest
	ErrRangeMismatch     = fail.ErrRangeMismatch     // again and again, and does not send the file whole
	ErrRemoteChanged     = fail.ErrRemoteChanged     // more often than it was begun anew
	ErrEncoding          = fail.ErrEncoding          // Content-Encoding
	ErrStalled           = fail.ErrStalled           // DownloadConfig.StallTimeout
	ErrFileTooLarge      = fail.ErrFileTooLarge      // DownloadConfig.MaxFileSize
	ErrTooManyRedirects  = fail.ErrTooManyRedirects  // more than 10
	ErrForbiddenRedirect = fail.ErrForbiddenRedirect // to another scheme, or from https to http
	ErrTransport         = fail.ErrTransport         // DownloadConfig.HTTPClient: what its Transport returns is no answer, or contradicts itself
	ErrPrivateAddress    = fail.ErrPrivateAddress    // DownloadConfig.DenyPrivateNetworks
	ErrProxy             = fail.ErrProxy             // DownloadConfig.Proxy: it is out of reach, or refuses
	ErrNoSource          = fail.ErrNoSource          // of those with backup URLs

	// Of the disk.

	ErrFileExists = fail.ErrFileExists // OverwriteError, or what has the name is no file
	ErrNoSpace    = fail.ErrNoSpace    // or a quota is used up; it wraps the system's error
	ErrLocked     = partfile.ErrLocked // another process, or another downloader, is at this path

	// Of a call.

	ErrRunning       = fail.ErrRunning        // Start while one runs
	ErrCancelled     = fail.ErrCancelled      // by Cancel or Stop, or by code of the caller's that ended its goroutine
	ErrStopped       = fail.ErrStopped        // anything after Stop
	ErrUnknownFile   = share.ErrUnknownFile   // DynamicStyleAllocator: no such FileID
	ErrDuplicateFile = share.ErrDuplicateFile // DynamicStyleAllocator: the FileID is in already
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
	text := fail.StatusText(e.Code)
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
