package littledl

import (
	"context"
	"net/http"
	"os"

	"github.com/littledl/littledl/internal/task"
)

// Functions of the caller's that have a say in one file. They are called on goroutines of their
// own, one at a time for a task, and may call any method of the downloader; while one runs its file
// waits, and Start with it, as long as that takes. A task with one is never served together with
// another of the same URL. An error of theirs with a method Retryable() bool that returns true is
// tried again as a failed attempt is (see RetryConfig.MaxRetries); any other, also a context's,
// fails the file, unless it is that of the context that it was given, which has ended. One that ends
// its goroutine (runtime.Goexit) fails the file, and one that panics ends the program.

// Answer is the head of an answer that holds the file, or a part of it.
type Answer struct {
	FinalURL string      // where redirects have led: may hold a secret
	Status   int         // 200 or 206, or 416 of an empty file
	Header   http.Header // a copy
	Size     int64       // of the whole file, in bytes; -1: not told
}

// WithAccept asks a function before the first byte of a file is written: once for each version of
// it, again when it is begun anew, and for the first answer of each mirror. It is not asked
// of what is kept or copied. Its error fails the file. Nil is ErrInvalidOption. For both
// downloaders; the default is none.
func WithAccept(f func(Answer) error) URLOption {
	return func(o *urlOptions) error {
		if f == nil {
			return invalidOption("WithAccept: no function")
		}
		o.Expected().Accept = func(a task.Answer) error { return f(Answer(a)) }
		return nil
	}
}

// WithRefresh asks a function for a fresh URL when the one given, or its last, has expired: when it
// is refused with 401, 403 or 410, or, where it has served before, any status that says that the
// fault is in the request. It is asked once an expiry, before any backup URL is; what was fetched is
// kept. The result is checked as AddURL's is; headers of WithHeader are sent there only if it has
// the same scheme, host and port. An error, or no better URL, ends the first source; the next Start
// begins with the URL as given. The context ends with Pause too, and then it is asked again.
// Nil is ErrInvalidOption; with WithPlainGET it is not asked. For both downloaders; the default is none.
func WithRefresh(f func(context.Context, FileTask) (string, error)) URLOption {
	return func(o *urlOptions) error {
		if f == nil {
			return invalidOption("WithRefresh: no function")
		}
		o.Expected().Refresh = func(ctx context.Context, s task.Snapshot) (string, error) {
			u, err := f(ctx, fileTask(s))
			if err == nil {
				err = checkURL(u)
			}
			return u, err
		}
		return nil
	}
}

// WithFinish calls a function when the file is complete and verified, before it has its name, with
// a handle to read it that is closed afterwards, and a context that ends when the file is stopped
// (Cancel, CancelTask, Remove, PauseTask, WithTimeout): then it is called again when the file goes
// on. It is not called for what is kept or copied. Its error fails the file, of which the complete part stays,
// unless DisableResume is set: the next Start asks again, and fetches nothing.
// Nil is ErrInvalidOption. For both downloaders; the default is none.
func WithFinish(f func(context.Context, *os.File, FileTask) error) URLOption {
	return func(o *urlOptions) error {
		if f == nil {
			return invalidOption("WithFinish: no function")
		}
		o.Expected().Finish = func(ctx context.Context, file *os.File, s task.Snapshot) error {
			return f(ctx, file, fileTask(s))
		}
		return nil
	}
}
