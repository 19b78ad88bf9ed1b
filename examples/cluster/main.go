// Command cluster downloads one list with many machines. Without arguments it shows how, on this
// one: a server, an origin, three worker processes of which one is killed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/littledl/littledl/examples/cluster/cluster"
	"github.com/littledl/littledl/examples/internal/command"
)

func main() {
	command.Main(func(ctx context.Context) int { return run(ctx, os.Args[1:], os.Stdout, os.Stderr) })
}

// verb is a subcommand.
type verb struct {
	name, what string
	run        func(context.Context, *call) error
}

func verbs() []verb {
	return []verb{
		{"serve", "runs a NATS server of its own, alone or as one of several", serve},
		{"enqueue", "queues a list as a batch; again after a crash: goes on", enqueue},
		{"work", "takes jobs, downloads and stores them, until it is interrupted", work},
		{"status", "shows how far a batch is, until it is finished", status},
		{"pause", "has a batch stand still, keeping what it has", pause},
		{"resume", "has it go on", resume},
		{"cancel", "ends a batch for good", cancel},
		{"forget", "leaves nothing of a finished or cancelled batch but its objects", forget},
		{"retry", "queues anew what has failed of a batch", retry},
		{"share", "splits a hot host among several workers, for batches to come", share},
		{"verify", "compares a list with the store, and prints the URLs of what is missing", verify},
		{"demo", "shows all of it on this machine", demo},
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		args = []string{"demo"}
	}
	i := slices.IndexFunc(verbs(), func(v verb) bool { return v.name == args[0] })
	if i < 0 {
		explain(stdout)
		if args[0] == "help" || strings.TrimLeft(args[0], "-") == "h" || args[0] == "--help" {
			return command.Done
		}
		fmt.Fprintf(stderr, "cluster: there is no %q\n", args[0])
		return command.Usage
	}
	v := verbs()[i]
	c := newCall(v.name, stdout, stderr)
	c.args = args[1:]
	err := v.run(ctx, c)
	var usage usageError
	switch {
	case errors.As(err, &usage):
		code, _ := command.Refused("cluster "+v.name, usage.error, func(w io.Writer) {
			command.Explain(w, "cluster "+v.name+" "+v.what+".\n\n", c.flags)
		}, stdout, stderr)
		return code
	case err != nil:
		fmt.Fprintf(stderr, "cluster %s: %v\n", v.name, err)
		return command.Failed
	}
	return command.Done
}

func explain(w io.Writer) {
	fmt.Fprint(w, "cluster downloads one list with many machines: see README.md.\n\n")
	for _, v := range verbs() {
		fmt.Fprintf(w, "  %-8s %s\n", v.name, v.what)
	}
	fmt.Fprint(w, "\ncluster VERB -h has the flags. Without a verb it is demo.\n")
}

// call is a subcommand with its flags.
type call struct {
	flags          *flag.FlagSet
	args           []string
	stdout, stderr io.Writer
	conf           cluster.Config
	batch          string
}

// usageError is of flags that make no sense.
type usageError struct{ error }

func newCall(name string, stdout, stderr io.Writer) *call {
	c := &call{flags: flag.NewFlagSet(name, flag.ContinueOnError), stdout: stdout, stderr: stderr}
	c.flags.SetOutput(io.Discard)
	c.flags.StringVar(&c.conf.Token, "token", os.Getenv("LITTLEDL_TOKEN"), "what servers ask clients for; $LITTLEDL_TOKEN")
	return c
}

// parse takes the flags; batch: one has to be named.
func (c *call) parse(batch bool) error {
	if batch {
		c.flags.StringVar(&c.batch, "batch", "", "name of the batch")
	}
	if err := command.Parse(c.flags, c.args); err != nil {
		return usageError{err}
	}
	if batch && c.batch == "" {
		return usageError{errors.New("name a -batch")}
	}
	return nil
}

// client adds the flags of those who connect.
func (c *call) client() {
	at := os.Getenv("LITTLEDL_NATS")
	if at == "" {
		at = "nats://127.0.0.1:4222"
	}
	c.flags.StringVar(&c.conf.URL, "nats", at, "URLs of the servers, separated by commas; $LITTLEDL_NATS")
	c.flags.IntVar(&c.conf.Replicas, "replicas", 0, "for the first to connect: servers that keep each message, 1, 3 or 5 (0: 1)")
	c.flags.IntVar(&c.conf.Partitions, "partitions", 0, "for the first to connect: what hosts are dealt out to (0: 16)")
	c.flags.IntVar(&c.conf.Priorities, "priorities", 0, "for the first to connect: 0 goes first (0: 2)")
	c.flags.DurationVar(&c.conf.Silence, "silence", 0, "for the first to connect: after so long a worker's work goes to others (0: 30s)")
}

// with opens the cluster for f.
func (c *call) with(ctx context.Context, f func(*cluster.Cluster) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	late := time.AfterFunc(3*time.Second, func() { fmt.Fprintln(c.stderr, "waiting for", c.conf.URL) })
	cl, err := cluster.Open(ctx, c.conf)
	late.Stop()
	if err != nil {
		return err
	}
	return errors.Join(f(cl), cl.Close())
}
