package littledl

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/littledl/littledl/internal/fail"
	"github.com/littledl/littledl/internal/partfile"
	"github.com/littledl/littledl/internal/safename"
	"github.com/littledl/littledl/internal/share"
	"github.com/littledl/littledl/internal/task"
)

// The kinds of failure. Ask with errors.Is: a FileError wraps at most one of them, beside
// the operating system's or the network's own errors, and ErrNoSource wraps what the
// source that counts most failed with.
var (
	// Of what is asked for; nothing was touched.

	ErrInvalidURL      = errors.New("invalid URL")    // not an absolute http or https URL, or longer than 64 KiB
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
	ErrTimeout           = fail.ErrTimeout           // WithTimeout
	ErrTooSlow           = fail.ErrTooSlow           // DownloadConfig.MinSpeed
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
	ErrNotRunning    = fail.ErrNotRunning     // WaitIdle where neither Start nor Serve runs
	ErrUnknownTask   = fail.ErrUnknownTask    // no such task, or it was removed or forgotten
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

// Error says it in one line of at most 1 KiB, without a secret or anything that a terminal takes
// for a command.
func (e *FileError) Error() string { return (*task.Failure)(e).Text(task.MaxText) }

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

// BatchError holds the files that did not complete, in the order they were added. With
// DownloadConfig.ForgetEnded it holds the first hundred, and its text counts all.
type BatchError struct {
	Failed []*FileError

	further int // that failed as well, and are forgotten
}

// Error names the first three in one line of at most 1 KiB.
func (e *BatchError) Error() string { return e.failures().Text(task.MaxText) }

func (e *BatchError) failures() task.Failures {
	all := task.Failures{All: len(e.Failed) + e.further}
	for _, f := range e.Failed[:min(len(e.Failed), task.MaxNamed)] {
		all.Named = append(all.Named, (*task.Failure)(f))
	}
	return all
}

// Unwrap returns the single errors, for errors.Is and errors.As.
func (e *BatchError) Unwrap() []error {
	out := make([]error, len(e.Failed))
	for i, f := range e.Failed {
		out[i] = f
	}
	return out
}

// IsRetryable reports whether another try, later or from elsewhere, may help against an error of
// this package, as far as the library knows. What has a method Retryable() bool says so itself. Of
// several failures one is enough. Nil is none, and who has cancelled will know.
func IsRetryable(err error) bool {
	var all *BatchError
	var status *StatusError
	again, says := fail.Says(err)
	switch {
	case err == nil, errors.Is(err, ErrCancelled), errors.Is(err, ErrStopped):
		return false
	case errors.As(err, &all):
		return slices.ContainsFunc(all.Failed, func(f *FileError) bool { return IsRetryable(f.Err) })
	case says:
		return again
	case errors.Is(err, ErrLocked):
		return true
	case errors.As(err, &status):
		return fail.RetryableStatus(status.Code)
	}
	return fail.Retryable(err)
}
