package littledl

import (
	"fmt"
	"hash"
	"io/fs"
	"net/http"
	"strings"
	"time"

	"github.com/littledl/littledl/internal/digest"
	"github.com/littledl/littledl/internal/fetch"
	"github.com/littledl/littledl/internal/safename"
	"github.com/littledl/littledl/internal/task"
)

// URLOption says something about one URL, or about all of one AddURLs.
type URLOption func(*urlOptions) error

// urlOptions is what was said about a URL: what the table keeps of it.
type urlOptions = task.Spec

// WithSavePath sets the directory, which is created if it is missing. For both downloaders; the
// default is "./downloads".
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
// until the first has ended. For both downloaders; the default is no name of its own.
func WithFilename(name string) URLOption {
	return func(o *urlOptions) (err error) {
		o.Filename, err = safename.CheckUser(name)
		return err
	}
}

// WithPriority sets the order: 0 goes first, then 1, 2, … A negative one is
// ErrInvalidOption. For both downloaders; the default is 0.
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

// WithTag has FileTask.Tag be v: whatever its caller knows the file by. For both downloaders; the
// default is nil: none.
func WithTag(v any) URLOption { return func(o *urlOptions) error { o.Say().Tag = v; return nil } }

// WithTimeout bounds the file's own time in transfer, for each Start: what is waited for the
// server, or for another process (WaitForLock), and the verification count. The queue and pauses do not, nor does what a writer takes,
// nor AcquireHost and limits as long as no other request of the file is under way.
// DownloadConfig.Retry.MaxElapsed holds beside it. Too long is ErrTimeout. It must be positive. For
// both downloaders; the default is no bound.
func WithTimeout(d time.Duration) URLOption {
	return func(o *urlOptions) error {
		if d <= 0 || d > maxTime {
			return invalidOption("WithTimeout(%v); it must be positive, and at most %v", d, time.Duration(maxTime))
		}
		o.Say().Timeout = d
		return nil
	}
}

// WithHash gives the digest that the file must have before it gets its name. Without it
// the server's own Repr-Digest (RFC 9530) counts, where it sends one.
// algorithm is "md5", "sha1", "sha224", "sha256", "sha384", "sha512" or "crc32c"; the digest is
// in hexadecimal. Given more than once, and with WithIntegrity and WithVerifier, all must hold.
// Anything else is ErrInvalidOption, another content in the end ErrHashMismatch. For both
// downloaders; the default is none.
func WithHash(algorithm, hexDigest string) URLOption {
	return func(o *urlOptions) error {
		sum, err := digest.Parse(algorithm, hexDigest)
		return addHash(o, "WithHash", sum, err)
	}
}

// addHash has a digest hold beside those before.
func addHash(o *urlOptions, name string, sum digest.Sum, err error) error {
	if err != nil {
		return invalidOption("%s: %v", name, err)
	}
	both, ok := o.Hash.And(sum)
	if !ok {
		return invalidOption("%s: two different %s digests, which no file has", name, sum.Kind())
	}
	o.Hash = both
	return nil
}

// WithIntegrity is WithHash in the words of the W3C's Subresource Integrity,
// "sha384-BASE64 sha384-BASE64": of several those by the strongest algorithm count, any of
// which will do, and those by algorithms that it does not know do not. "sha256:HEX" is taken as
// well, with any algorithm of WithHash. What does not parse is ErrInvalidOption. For both
// downloaders; the default is none.
func WithIntegrity(s string) URLOption {
	return func(o *urlOptions) error {
		sum, err := digest.Integrity(s)
		return addHash(o, "WithIntegrity", sum, err)
	}
}

// WithVerifier is WithHash by a function of the caller's, which makes a hash each time it is called,
// and may be called at any time, from any goroutine. No function, or a sum that such a hash cannot
// come to by its length, is ErrInvalidOption. For both downloaders; the default is none.
func WithVerifier(h func() hash.Hash, sum []byte) URLOption {
	return func(o *urlOptions) error {
		own, err := digest.ByOwn(h, sum)
		return addHash(o, "WithVerifier", own, err)
	}
}

// WithSize refuses a file of another size with ErrSizeMismatch: when the headers are in, before
// a byte of it is written, or, where those do not tell, at its end. A negative one is
// ErrInvalidOption. For both downloaders; the default is that any size will do.
func WithSize(bytes int64) URLOption {
	return func(o *urlOptions) error {
		if bytes < 0 {
			return invalidOption("WithSize(%d); it must not be negative", bytes)
		}
		o.Expected().Size = bytes
		return nil
	}
}

// WithMode gives the file these rights, before it has its name. Without it a new file has those
// that the process gives (its umask), and one that replaces another has that one's, but that it is
// not executable. Anything but permission bits is ErrInvalidOption. For both downloaders; the
// default is none.
func WithMode(m fs.FileMode) URLOption {
	return func(o *urlOptions) error {
		if m&^fs.ModePerm != 0 {
			return invalidOption("WithMode(%v); it takes permission bits only", m)
		}
		e := o.Expected()
		e.Mode, e.Moded = m, true
		return nil
	}
}

// WithFinalURLName calls the file, where neither WithFilename nor Content-Disposition says how, by
// the last segment of the URL that redirects have led to, not of the URL as given. By such a name,
// which a server has thought of, OverwriteReplace replaces nothing. For both downloaders; the
// default is off.
func WithFinalURLName() URLOption {
	return func(o *urlOptions) error { o.Expected().ByFinalURL = true; return nil }
}

// WithHeader adds headers, credentials too, that are sent to the URL's own scheme, host
// and port and to no other. One that HTTP does not allow, or that the library sets itself
// (see DownloadConfig.Header), is ErrInvalidOption. For both downloaders; the default is none.
func WithHeader(h http.Header) URLOption {
	return func(o *urlOptions) error {
		if err := fetch.CheckHeader(h, true); err != nil {
			return invalidOption("%w", err)
		}
		o.Header = h.Clone()
		return nil
	}
}

// WithPlainGET is for links that are good for one request: the URL is asked once, with a GET
// without Range, and never by HEAD. What breaks off is not asked for again in the same Start. For
// both downloaders; the default is off.
func WithPlainGET() URLOption { return func(o *urlOptions) error { o.Plain = true; return nil } }
