package main

import (
	"flag"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/littledl/littledl/examples/internal/command"
)

// options is the command line.
type options struct {
	faults   []fault
	clients  []string
	atOnce   int
	markdown string
	verbose  bool
}

func flagSet(o *options, numbers, clients *string) *flag.FlagSet {
	fs := flag.NewFlagSet("faults", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.StringVar(numbers, "run", "", "these faults only: `numbers` with commas between")
	fs.StringVar(clients, "c", "", "these clients only: `names` with commas between, of "+strings.Join(clientNames(), ", "))
	fs.IntVar(&o.atOnce, "j", 24, "`runs` at once; most of them wait most of the time")
	fs.StringVar(&o.markdown, "md", "", "write the tables into this Markdown `file`, between its two markers")
	fs.BoolVar(&o.verbose, "v", false, "tell of each run what the client said and asked")
	return fs
}

func writeUsage(w io.Writer) {
	var ignored string
	command.Explain(w, "usage: faults [flags]\n\nRuns download clients against a server that misbehaves, and says who got the file right.\n\n", flagSet(&options{}, &ignored, &ignored))
}

func parseFlags(args []string) (options, error) {
	var o options
	var numbers, clients string
	fs := flagSet(&o, &numbers, &clients)
	if err := command.Parse(fs, args); err != nil {
		return o, err
	}
	if o.atOnce < 1 {
		return o, fmt.Errorf("-j %d: at least one", o.atOnce)
	}
	if o.markdown != "" && numbers+clients != "" {
		return o, fmt.Errorf("-md wants the whole table; leave out -run and -c")
	}
	var err error
	if o.faults, err = chooseFaults(numbers); err != nil {
		return o, err
	}
	o.clients, err = chooseClients(clients)
	return o, err
}

func chooseFaults(list string) (chosen []fault, err error) {
	if list == "" {
		return faults(), nil
	}
	for _, s := range strings.Split(list, ",") {
		n, err := strconv.Atoi(s)
		before := len(chosen)
		for _, f := range faults() {
			if err == nil && f.number == n {
				chosen = append(chosen, f)
			}
		}
		if len(chosen) == before {
			return nil, fmt.Errorf("-run %q: there is no such fault here", s)
		}
	}
	return chosen, nil
}

func chooseClients(list string) ([]string, error) {
	if list == "" {
		return clientNames(), nil
	}
	chosen := strings.Split(list, ",")
	for _, c := range chosen {
		if !slices.Contains(clientNames(), c) {
			return nil, fmt.Errorf("-c %q: choose from %s", c, strings.Join(clientNames(), ", "))
		}
	}
	return chosen, nil
}
