// Command fetch downloads a list of URLs. Called without any, it shows what the
// library is for: hundreds of files, most of them small and a few large, from a
// server some way off, where one request after the other takes minutes and one
// connection for a large file leaves most of the line unused.
//
//	fetch                          the demonstration: a server in this process
//	fetch -o dir URL...            these URLs
//	fetch -i list.txt -j 16 -x 4   a list, 16 files at once, 4 connections each
//
// The exit code is 0 when every file is complete, 1 when some are not, or the list or
// the directory is of no use, 2 when the command line makes no sense; then nothing was
// downloaded.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/littledl/littledl/examples/internal/command"
)

func main() {
	command.Main(func(ctx context.Context) int { return run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr) })
}

// run is the whole command; it returns the exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	o, err := parseFlags(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		writeUsage(stdout)
		return command.Done
	case err == nil && o.demo():
		err = newDemonstration().run(ctx, o, stdout, stderr)
	case err == nil:
		err = fetch(ctx, o, stdin, stdout, stderr)
	}
	return exitCode(err, stderr)
}

// errIncomplete is what a batch ends with whose failures have been told already.
var errIncomplete = errors.New("some files are not complete")

// usageError is about the command line, not about the download.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error {
	return usageError{fmt.Errorf(format, args...)}
}

func exitCode(err error, stderr io.Writer) int {
	var usage usageError
	switch {
	case err == nil:
		return command.Done
	case errors.As(err, &usage):
		tell(stderr, err)
		fmt.Fprintln(stderr)
		writeUsage(stderr)
		return command.Usage
	case !errors.Is(err, errIncomplete):
		tell(stderr, err)
	}
	return command.Failed
}
