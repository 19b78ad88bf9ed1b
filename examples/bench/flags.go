package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/littledl/littledl/examples/internal/command"
)

// options is the command line.
type options struct {
	rounds    int
	scale     float64
	scenarios []string
	clients   []string
	dir       string
	chart     string
	table     string
	json      bool
}

// defaultScale makes all of it take some minutes.
const defaultScale = 0.08

func flagSet(o *options, scenarios, clients *string) *flag.FlagSet {
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.IntVar(&o.rounds, "n", 3, "`rounds`; each client runs once in each")
	fs.Float64Var(&o.scale, "scale", defaultScale, "`factor` for sizes and numbers of files; 1 is the full size")
	fs.StringVar(scenarios, "s", "", "these scenarios only: `names` with commas between, of "+strings.Join(scenarioNames(), ", "))
	fs.StringVar(clients, "c", "", "these clients only: `names` with commas between, of "+strings.Join(clientNames(), ", "))
	fs.StringVar(&o.dir, "d", os.TempDir(), "`directory` to download into, below which a temporary one is made; a file system in memory keeps the disk out of it")
	fs.StringVar(&o.chart, "o", filepath.Join(os.TempDir(), "littledl-bench.svg"), "write the chart to this `file`; empty for none")
	fs.StringVar(&o.table, "md", "", "put the results as a table between the marks of this `file`; empty for none")
	fs.BoolVar(&o.json, "json", false, "write the results as JSON instead of tables")
	return fs
}

func writeUsage(w io.Writer) {
	var ignored string
	command.Explain(w, "usage: bench [flags]\n\nRaces download clients over a server in this process and checks every file. The scenarios\nover a real line, line-…, need Linux and root; elsewhere they are left out.\n\n", flagSet(&options{}, &ignored, &ignored))
}

func parseFlags(args []string) (options, error) {
	var o options
	var scenarios, clients string
	fs := flagSet(&o, &scenarios, &clients)
	if err := command.Parse(fs, args); err != nil {
		return o, err
	}
	if o.rounds < 1 {
		return o, fmt.Errorf("-n %d: at least one round", o.rounds)
	}
	if !(o.scale > 0 && o.scale <= 10) {
		return o, fmt.Errorf("-scale %v: above 0, at most 10", o.scale)
	}
	var err error
	if o.scenarios, err = choose("-s", scenarios, scenarioNames()); err != nil {
		return o, err
	}
	o.clients, err = choose("-c", clients, clientNames())
	return o, err
}

// choose reads a list of names; an empty one means all.
func choose(name, list string, from []string) ([]string, error) {
	if list == "" {
		return from, nil
	}
	chosen := strings.Split(list, ",")
	for _, c := range chosen {
		if !slices.Contains(from, c) {
			return nil, fmt.Errorf("%s %q: choose from %s", name, c, strings.Join(from, ", "))
		}
	}
	return slices.Compact(chosen), nil
}
