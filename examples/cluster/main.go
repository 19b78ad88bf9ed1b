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

var verbs = []verb{
	{"serve", "runs a NATS server of its own, alone or as one of several", serve},
	{"enqueue", "queues a list as a batch; again after a crash: goes on", enqueue},
	{"work", "takes jobs, downloads and stores them, until it is interrupted", work},
	{"status", "shows how far a batch is, until it is finished", status},
	{"pause", "has a batch stand still, keeping what it has", order((*cluster.Cluster).Pause)},
	{"resume", "has it go on", order((*cluster.Cluster).Resume)},
	{"cancel", "ends a batch for good, and leaves nothing of it but its objects", order((*cluster.Cluster).Cancel)},
	{"retry", "queues anew what has failed of a batch", retry},
	{"share", "splits a hot host among several workers, for batches to come", share},
	{"verify", "compares a list with the store, and prints the URLs of what is missing", verify},
	{"demo", "shows all of it on this machine", demo},
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		args = []string{"demo"}
	}
	i := slices.IndexFunc(verbs, func(v verb) bool { return v.name == args[0] })
	if i < 0 {
		fmt.Fprint(stdout, "cluster downloads one list with many machines: see README.md.\n\n")
		for _, v := range verbs {
			fmt.Fprintf(stdout, "  %-8s %s\n", v.name, v.what)
		}
		fmt.Fprint(stdout, "\ncluster VERB -h has the flags. Without a verb it is demo.\n")
		if slices.Contains([]string{"help", "h"}, strings.TrimLeft(args[0], "-")) {
			return command.Done
		}
		fmt.Fprintf(stderr, "cluster: there is no %q\n", args[0])
		return command.Usage
	}
	v := verbs[i]
	c := &call{FlagSet: flag.NewFlagSet(v.name, flag.ContinueOnError), args: args[1:], stdout: stdout, stderr: stderr}
	c.SetOutput(io.Discard)
	c.StringVar(&c.conf.Token, "token", os.Getenv("LITTLEDL_TOKEN"), "what servers ask clients for; $LITTLEDL_TOKEN")
	err := v.run(ctx, c)
	if usage, ok := errors.AsType[usageError](err); ok {
		code, _ := command.Refused("cluster "+v.name, usage.error, func(w io.Writer) {
			command.Explain(w, "cluster "+v.name+" "+v.what+".\n\n", c.FlagSet)
		}, stdout, stderr)
		return code
	}
	if err != nil {
		fmt.Fprintf(stderr, "cluster %s: %v\n", v.name, err)
		return command.Failed
	}
	return command.Done
}

// call is a subcommand with its flags.
type call struct {
	*flag.FlagSet
	args           []string
	stdout, stderr io.Writer
	conf           cluster.Config
	batch          string
}

// usageError is of flags that make no sense.
type usageError struct{ error }

// parse takes the flags.
func (c *call) parse() error {
	if err := command.Parse(c.FlagSet, c.args); err != nil {
		return usageError{err}
	}
	if c.Lookup("batch") != nil && c.batch == "" {
		return usageError{errors.New("name a -batch")}
	}
	return nil
}

// client adds the flags of those who connect; batch: and one has to be named.
func (c *call) client(batch bool) {
	at := os.Getenv("LITTLEDL_NATS")
	if at == "" {
		at = "nats://127.0.0.1:4222"
	}
	c.StringVar(&c.conf.URL, "nats", at, "URLs of the servers, separated by commas; $LITTLEDL_NATS")
	c.IntVar(&c.conf.Replicas, "replicas", 0, "for the first to connect: servers that keep each message, 1, 3 or 5 (0: 1)")
	c.IntVar(&c.conf.Partitions, "partitions", 0, "for the first to connect: what hosts are dealt out to (0: 16)")
	c.IntVar(&c.conf.Priorities, "priorities", 0, "for the first to connect: 0 goes first (0: 2)")
	c.DurationVar(&c.conf.Silence, "silence", 0, "for the first to connect: after so long a worker's work goes to others (0: 30s)")
	if batch {
		c.StringVar(&c.batch, "batch", "", "name of the batch")
	}
}

// redacted is the URLs of servers without what they let in.
func redacted(urls string) string {
	all := strings.Split(urls, ",")
	for i, s := range all {
		all[i] = s[strings.LastIndexByte(s, '@')+1:]
	}
	return strings.Join(all, ",")
}

// with opens the cluster for f.
func (c *call) with(ctx context.Context, f func(*cluster.Cluster) error) error {
	late := time.AfterFunc(3*time.Second, func() { fmt.Fprintln(c.stderr, "waiting for", redacted(c.conf.URL)) })
	cl, err := cluster.Open(ctx, c.conf)
	late.Stop()
	if err != nil {
		return err
	}
	return errors.Join(f(cl), cl.Close())
}
