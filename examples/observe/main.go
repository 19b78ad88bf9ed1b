// Command observe downloads a list of URLs and lets one watch: a page in the browser that shows
// files, hosts, segments and events as they happen, metrics for Prometheus, and spans for
// OpenTelemetry. Called without any URL it shows what there is to see: some fast hosts, a slow one,
// a busy one, one that breaks off and one that comes late, all in this process.
//
//	observe                              the demonstration: open the URL that it prints
//	observe -o dir URL...                these URLs
//	observe -addr :9090 -trace t.json -exit URL...
//
// What does the work is made to be copied: the packages metrics, tracing and page need nothing but
// the downloader and its events.
//
// The exit code is 0 when every file is complete, 1 when some are not, 2 when the command line
// makes no sense.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/examples/internal/command"
)

func main() {
	command.Main(func(ctx context.Context) int { return run(ctx, os.Args[1:], standard(), os.Stdout, os.Stderr) })
}

// options is the command line.
type options struct {
	addr  string
	dir   string
	trace string
	exit  bool
	urls  []string
}

func flagSet(o *options) *flag.FlagSet {
	fs := flag.NewFlagSet("observe", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.StringVar(&o.addr, "addr", "127.0.0.1:0", "show the page, and /metrics, at this `address`; port 0: a free one.\nWhoever can reach it can look")
	fs.StringVar(&o.dir, "o", "downloads", "store files in this `directory`")
	fs.StringVar(&o.trace, "trace", "", "write spans to this `file`, as JSON")
	fs.BoolVar(&o.exit, "exit", false, "end with the batch; else the page stays until Ctrl-C")
	return fs
}

const usage = `usage: observe [flags] [URL...]

Downloads the URLs, and shows how on a page in the browser. Without any it downloads from
servers inside this process, into a temporary directory.

`

// run is the whole command; it returns the exit code.
func run(ctx context.Context, args []string, d demo, stdout, stderr io.Writer) int {
	var o options
	fs := flagSet(&o)
	if code, refused := command.Refused("observe", fs.Parse(args), func(w io.Writer) {
		command.Explain(w, usage, flagSet(&options{}))
	}, stdout, stderr); refused {
		return code
	}
	o.urls = fs.Args()
	play := func(ctx context.Context) error { return d.play(ctx, o, stdout) }
	if len(o.urls) > 0 {
		play = func(ctx context.Context) error { return fetch(ctx, o, stdout) }
	}
	err := play(ctx)
	switch {
	case err == nil:
		return command.Done
	case errors.Is(err, littledl.ErrInvalidURL), errors.Is(err, littledl.ErrInvalidOption):
		fmt.Fprintln(stderr, "observe:", err)
		return command.Usage
	}
	fmt.Fprintln(stderr, "observe:", err)
	return command.Failed
}

// fetch downloads the URLs of the command line.
func fetch(ctx context.Context, o options, stdout io.Writer) error {
	return watched(ctx, o, stdout, littledl.DownloadConfig{}, func(d *littledl.EnhancedBatchDownloader) error {
		_, err := d.AddURLs(o.urls, o.dir)
		return err
	})
}
