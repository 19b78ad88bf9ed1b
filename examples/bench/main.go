// Command bench races download clients over the same distance: this library, a
// plain Go pool, and whichever of aria2c, curl, wget2, axel and the Python
// littledl are installed. A client that is fast on the loopback interface may
// still be slow where answers take a while, where some connections crawl or where
// the server refuses a crowd, so most of the scenarios are such.
//
// The scenarios line-… have a real line between the clients and the server (package
// line): a delay, a rate, a queue and random loss, with the system's own TCP over it. That
// takes Linux and root; elsewhere they are left out with a word. The others have a server
// that behaves as if it were far away, which is the same everywhere.
//
// How it is measured. The server runs in this process (package origin) and is a
// new one for every run, and so is the line. Every client is a process of its own, also the library
// and the pool, which this same binary contains. One after the other they run in
// rounds (A B C, A B C, …), so that a slow minute of the machine hits all, and
// the dice of a line are the same for all in a round; what is shown is the median over
// the rounds, and from where to where they went. Who takes more than a few seconds and
// far more than the fastest is not run again (the column runs says so), and who takes far longer
// is ended.
//
// Wall time is from the start of the process to its end. CPU time is user and
// system together. Resident memory is the peak the kernel reports. A small process
// in between starts the client and reads both, since a peak counts from the
// process that forks, and this one is large; so no peak below its own few MiB
// can be seen.
//
// After each run every file is hashed (SHA-256). A client with files wrong or
// missing, or that was ended, is shown behind the others: it has not won.
//
// Server and clients share the machine, and on the loopback scenarios (small,
// large) the server takes as much of it as a client does. The sizes are scaled
// down so that all of it takes about five minutes; -scale 1 is the full size, and takes
// far longer.
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
		if len(os.Args) > 1 {
			if part, ok := parts[os.Args[1]]; ok {
				return part(ctx, os.Args[2:])
			}
		}
		return run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	})
}

// parts are what this binary does in processes of their own.
var parts = map[string]func(ctx context.Context, args []string) int{
	partMeasure: measureMain,
	partLibrary: libraryMain,
	partPool:    poolMain,
}

const (
	partMeasure = "__measure"
	partLibrary = "__library"
	partPool    = "__pool"
)

// run is the whole race; it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parseFlags(args)
	if code, refused := command.Refused("bench", err, writeUsage, stdout, stderr); refused {
		return code
	}
	runners, missing := installed(ctx, o.clients)
	if len(missing) > 0 {
		fmt.Fprintf(stderr, "not installed: %s\n", strings.Join(missing, ", "))
	}
	r, err := newRace(o, runners, stderr)
	if err != nil {
		fmt.Fprintln(stderr, "bench:", err)
		return command.Failed
	}
	defer r.close()
	results, err := r.run(ctx, func(s scenario, rs []result) {
		if !o.json {
			writeTable(stdout, s, rs)
		}
	})
	if err == nil {
		err = report(o, results, stdout, stderr)
	}
	if err != nil {
		fmt.Fprintln(stderr, "bench:", err)
		return command.Failed
	}
	return command.Done
}

// report writes what is wanted beside the tables. The error is also that this
// library got something wrong.
func report(o options, results []result, stdout, stderr io.Writer) error {
	if o.json {
		if err := writeJSON(stdout, results); err != nil {
			return err
		}
	}
	if o.chart != "" {
		if err := os.WriteFile(o.chart, []byte(chart(results)), 0o666); err != nil {
			return err
		}
		fmt.Fprintln(stderr, "chart:", o.chart)
	}
	if o.table != "" {
		if err := replaceTable(o.table, markdown(scenarios(o.scale), results)); err != nil {
			return err
		}
	}
	for _, r := range results {
		if r.ours() && !r.ok() {
			return fmt.Errorf("%s: %s got files wrong: %s", r.Scenario, r.Client, r.problem())
		}
	}
	return nil
}
