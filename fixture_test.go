package littledl_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
)

// What tests of every kind share. A test has a batch, for a plain downloader, a bed, for
// either and a fault, or an enhBed, for several sources; each stands on a ground.

const (
	kib = 1 << 10
	mib = 1 << 20

	// secret is in every URL and in a header of every request: it must not come out.
	secret = "hidden"
)

var (
	errRefused = &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	errEnough  = errors.New("enough") // why a test ends a context
)

var policies = map[string]littledl.OverwritePolicy{
	"rename": littledl.OverwriteRename, "replace": littledl.OverwriteReplace, "skip": littledl.OverwriteSkip, "error": littledl.OverwriteError,
}

// noProxy keeps the environment of whoever runs the tests out of them.
func noProxy(*http.Request) (*url.URL, error) { return nil, nil }

// line is a connection with a round trip of 20 ms and a rate in bytes/s.
func line(rate int64) faultserver.Link {
	l := faultserver.RTT(20 * time.Millisecond)
	l.Rate = rate
	return l
}

// slowDial is a network on which one connection, counted from 0, is slower than the others.
func slowDial(which int, slow, others int64) func(int, string) faultserver.Link {
	return func(dial int, _ string) faultserver.Link {
		if dial == which {
			return line(slow)
		}
		return line(others)
	}
}

// askedRange is the first and last byte of the range of a request; 0 and 0 without one.
func askedRange(r faultserver.Record) (first, last int64) {
	fmt.Sscanf(r.Range, "bytes=%d-%d", &first, &last)
	return first, last
}

func rangeStart(r faultserver.Record) int64 {
	first, _ := askedRange(r)
	return first
}

// failures are the files that a batch failed for.
func failures(t testing.TB, err error) []*littledl.FileError {
	t.Helper()
	var batch *littledl.BatchError
	require.ErrorAs(t, err, &batch)
	return batch.Failed
}

// opOf is what the first FileError in err says was being done; "" without one.
func opOf(err error) string {
	var fe *littledl.FileError
	if errors.As(err, &fe) {
		return fe.Op
	}
	return ""
}

// statusOf is the code of the StatusError in err; 0 without one.
func statusOf(err error) int {
	var s *littledl.StatusError
	if errors.As(err, &s) {
		return s.Code
	}
	return 0
}

// section is the first n bytes of c.
func section(c faultserver.Content, n int64) faultserver.Content {
	return io.NewSectionReader(c, 0, n)
}

// enhHash is WithHash for a content.
func enhHash(c faultserver.Content) littledl.URLOption {
	return littledl.WithHash("sha256", faultserver.Sum(c))
}

// hashIf is WithHash for a file, or nothing.
func hashIf(known bool, f *faultserver.File) (opts []littledl.URLOption) {
	if known {
		opts = append(opts, enhHash(f.Content()))
	}
	return opts
}

// sameAs are the options of a file that is another server's, version and all.
func sameAs(f *faultserver.File) []faultserver.FileOption {
	r := f.Representation()
	return []faultserver.FileOption{faultserver.Data(faultserver.Bytes(f.Content())), faultserver.ETag(r.ETag), faultserver.LastModified(r.LastModified)}
}

// openBelow are the descriptors below a directory, where the system tells.
func openBelow(dir string) (open []string) {
	entries, _ := os.ReadDir("/proc/self/fd")
	for _, e := range entries {
		if target, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil && strings.HasPrefix(target, dir) {
			open = append(open, target)
		}
	}
	return open
}
