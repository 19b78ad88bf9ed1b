package littledl

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/littledl/littledl/internal/digest"
	"github.com/littledl/littledl/internal/safename"
	"github.com/littledl/littledl/internal/task"
)

// URLOption says something about one URL, or about all of one AddURLs.
type URLOption func(*urlOptions) error

// urlOptions is what was said about a URL: what the table keeps of it.
type urlOptions = task.Spec

// WithSavePath sets the directory, which is created if it is missing: "./downloads".
func WithSavePath(dir string) URLOption {
	return func(o *urlOptions) error {
		if strings.ContainsRune(dir, 0) {
			return fmt.Errorf("%w: save path holds a NUL byte", ErrUnsafeName)
		}
		o.Dir = dir
		return nil
	}
}

// WithFilename sets the file's name, which may hold sub-directories of the save
// path, separated by slashes. Without it the name is Content-Disposition's, else the last
// segment of the URL as given. A name that leads out of the save path, or that systems
// cannot hold, is ErrUnsafeName; a second task with the same one is ErrDuplicateTarget
// until the first has ended.
func WithFilename(name string) URLOption {
	return func(o *urlOptions) (err error) {
		o.Filename, err = safename.CheckUser(name)
		return err
	}
}

// WithPriority sets the order: 0, the default, goes first, then 1, 2, … A negative one is
// ErrInvalidOption.
func WithPriority(p int) URLOption {
	return func(o *urlOptions) error {
		o.Priority = p
		return checkPriority(p)
	}
}

func checkPriority(p int) error {
	if p < 0 || int64(p) > 1<<30 {
		return invalidOption("priority %d; 0 goes first, then 1, 2, … up to 2^30", p)
	}
	return nil
}

// WithTag has FileTask.Tag be v: whatever its caller knows the file by. Nil: none.
func WithTag(v any) URLOption { return func(o *urlOptions) error { o.Tag = v; return nil } }

// WithTimeout bounds the file's own time in transfer, for each Start: what is waited for the
// server and the verification count, the queue and pauses do not. DownloadConfig.Retry.MaxElapsed
// holds beside it. Too long is ErrTimeout. It must be positive; without it there is no bound.
func WithTimeout(d time.Duration) URLOption {
	return func(o *urlOptions) error {
		if d <= 0 || d > maxTime {
			return invalidOption("WithTimeout(%v); it must be positive, and at most %v", d, time.Duration(maxTime))
		}
		o.Timeout = d
		return nil
	}
}

// WithHash gives the digest that the file must have before it gets its name. Without it
// the server's own Repr-Digest (RFC 9530) counts, where it sends one.
// algorithm is "md5", "sha1", "sha256" or "sha512"; the digest is in hexadecimal. Given more
// than once, all must hold. Anything else is ErrInvalidOption, another content in the end
// ErrHashMismatch.
func WithHash(algorithm, hexDigest string) URLOption {
	return func(o *urlOptions) error {
		sum, err := digest.Parse(algorithm, hexDigest)
		if err != nil {
			return invalidOption("WithHash: %v", err)
		}
		both, ok := o.Hash.And(sum)
		if !ok {
			return invalidOption("WithHash: two different %s digests, which no file has", algorithm)
		}
		o.Hash = both
		return nil
	}
}

// WithHeader adds headers, credentials too, that are sent to the URL's own scheme, host
// and port and to no other. One that HTTP does not allow, or that the library sets itself
// (see DownloadConfig.Header), is ErrInvalidOption.
func WithHeader(h http.Header) URLOption {
	return func(o *urlOptions) error {
		if err := checkHeader(h, true); err != nil {
			return err
		}
		o.Header = h.Clone()
		return nil
	}
}

// WithPlainGET is for links that are good for one request: the URL is asked once, with a GET
// without Range, and never by HEAD. What breaks off is not asked for again in the same Start.
func WithPlainGET() URLOption { return func(o *urlOptions) error { o.Plain = true; return nil } }
