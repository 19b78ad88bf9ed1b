// Command strategy shows how the library would fetch a file, before a byte of it
// is fetched: in how many chunks, and how much faster than in one stream. It
// prints the decisions for a range of sizes on a handful of networks, and draws them.
//
//	strategy                  the table, and a chart in the directory for temporary files
//	strategy -o chart.png     the chart goes there, as .svg or .png
//	strategy -o ""            no chart
//	strategy -max 32          with more chunks allowed than 16
//
// The exit code is 0, 1 when the chart cannot be written, 2 when the command line
// makes no sense.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/littledl/littledl"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is the whole command; it returns the exit code.
func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("strategy", flag.ContinueOnError)
	flags.SetOutput(stderr)
	out := flags.String("o", filepath.Join(os.TempDir(), "littledl-strategy.svg"), "draw a chart to `file`, .svg or .png; none if it is empty")
	most := flags.Int("max", 16, "chunks of a file at most")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	}
	sel, err := littledl.NewStrategySelector(littledl.WithMaxChunks(*most))
	if err == nil && flags.NArg() > 0 {
		err = fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if ext := filepath.Ext(*out); err == nil && *out != "" && ext != ".svg" && ext != ".png" {
		err = fmt.Errorf("-o %s: name it .svg or .png", *out)
	}
	if err != nil {
		fmt.Fprintln(stderr, "strategy:", err)
		return 2
	}
	if err := show(sel, *out, stdout); err != nil {
		fmt.Fprintln(stderr, "strategy:", err)
		return 1
	}
	return 0
}

func show(sel *littledl.StrategySelector, out string, stdout io.Writer) error {
	if err := writeTable(stdout, sel); err != nil || out == "" {
		return err
	}
	if err := writeChart(out, sel); err != nil {
		return err
	}
	_, err := fmt.Fprintf(stdout, "\nThe chart is in %s.\n", out)
	return err
}
