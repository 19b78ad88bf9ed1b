package fail

import "errors"

// What callers ask for with errors.Is. The library's public variables are these.
var (
	// Of a file on the server.

	ErrSizeMismatch      = errors.New("size mismatch")
	ErrHashMismatch      = errors.New("hash mismatch")
	ErrRangeMismatch     = errors.New("server answered with another range than asked")
	ErrRemoteChanged     = errors.New("file changed on the server while it was fetched")
	ErrEncoding          = errors.New("server encoded the file although it was asked not to")
	ErrStalled           = errors.New("no byte arrived within the stall timeout")
	ErrTooSlow           = errors.New("slower than the least speed for too long")
	ErrFileTooLarge      = errors.New("file is larger than allowed")
	ErrTooManyRedirects  = errors.New("too many redirects")
	ErrForbiddenRedirect = errors.New("forbidden redirect")
	ErrTransport         = errors.New("the transport broke the contract of http.RoundTripper")
	ErrPrivateAddress    = errors.New("address is private")
	ErrNoSource          = errors.New("no source could serve the file")

	// Of names.

	ErrDuplicateTarget = errors.New("another task writes to this path")

	// Of the disk.

	ErrFileExists = errors.New("file exists")
	ErrNoSpace    = errors.New("no space left")

	// Of a call.

	ErrCancelled = errors.New("cancelled")
	ErrStopped   = errors.New("stopped")
	ErrRunning   = errors.New("already running")

	ErrNotRunning  = errors.New("nothing is running")
	ErrUnknownTask = errors.New("unknown task")
	ErrTimeout     = errors.New("the file took longer than WithTimeout allows")
)

// ErrDisplaced is why we gave a request up for the sake of another one: it was far slower
// than its siblings, one connection too many, or its bytes have arrived elsewhere. The
// causes with which contexts of requests are ended wrap it.
var ErrDisplaced = errors.New("another connection does better")
