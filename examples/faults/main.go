// Command faults runs download clients against a server that goes wrong in all the
// ways there are, and says what came of it: this library (its BatchDownloader and its
// EnhancedBatchDownloader) and whichever of the Python littledl, aria2c, axel, wget2,
// curl and wget are installed.
//
// Each run has a server of its own in this process, on the loopback interface, and a
// directory of its own; the client is a process of its own, the library too, which this
// same binary contains. All are told the same, in their own words: four connections
// where they have more than one, two seconds without a byte are too many, five tries a
// second apart. Fifteen seconds after its first request a client is ended (thirty, where
// all its tries are to be seen). What it has left under the file's name then counts, and
// its exit status:
//
//	right    it said that all was well, and so it is
//	error    it said that it failed, and has left nothing that looks like the file
//	partial  it said that it failed, and has left under the file's name what is not the file
//	WRONG    it said that all was well, and the file is wrong; or what the fault is about
//	         has happened, such as a name that leaves the directory
//	none     it said that all was well, and there is no file
//	hang     it had to be ended
//
// The exit code is 0 when this library did what it is meant to do, 1 when it did not,
// 2 when the command line makes no sense.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/littledl/littledl/examples/internal/command"
)

func main() {
	command.Main(func(ctx context.Context) int {
		if isLibrary(os.Args) {
			return libraryMain(ctx, os.Args[2:])
		}
		return run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	})
}

// run is the whole command; it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parseFlags(args)
	if code, refused := command.Refused("faults", err, writeUsage, stdout, stderr); refused {
		return code
	}
	there, missing := installed(ctx, o.clients)
	if len(missing) > 0 {
		fmt.Fprintf(stderr, "not installed: %s\n", strings.Join(missing, ", "))
	}
	t, err := play(ctx, o, there, stderr)
	if err == nil {
		err = report(o, t, stdout)
	}
	if err != nil {
		fmt.Fprintln(stderr, "faults:", err)
		return command.Failed
	}
	return command.Done
}

// report writes the table. The error is also that this library did other than it should.
func report(o options, t table, stdout io.Writer) error {
	t.write(stdout)
	if o.markdown != "" {
		if err := replaceTable(o.markdown, t.markdown()); err != nil {
			return err
		}
	}
	if bad := t.surprises(); len(bad) > 0 {
		return fmt.Errorf("not as it should be: %s", strings.Join(bad, "; "))
	}
	return nil
}
