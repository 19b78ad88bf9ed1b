package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/littledl/littledl/examples/cluster/blobsink"
	"github.com/littledl/littledl/examples/cluster/cluster"
	"gocloud.dev/blob"
	_ "gocloud.dev/blob/s3blob" // s3://
)

func serve(ctx context.Context, c *call) error {
	var s cluster.Server
	c.StringVar(&s.Dir, "dir", "cluster-data", "directory for what is queued")
	c.StringVar(&s.Listen, "listen", "127.0.0.1:4222", "host:port for clients")
	c.BoolVar(&s.NoSync, "nosync", false, "acknowledge before fsync: a power cut may lose what was queued")
	c.StringVar(&s.Name, "name", "", "of one of several servers: unique")
	c.StringVar(&s.Cluster, "cluster", "", "of one of several servers: host:port for the others")
	routes := c.String("routes", "", "of one of several servers: host:port of all, separated by commas")
	if err := c.parse(); err != nil {
		return err
	}
	s.Token, s.Routes = c.conf.Token, strings.FieldsFunc(*routes, func(r rune) bool { return r == ',' })
	running, err := s.Start()
	if err != nil {
		return err
	}
	fmt.Fprintln(c.stdout, "serving at", running.URL())
	<-ctx.Done()
	running.Close()
	return nil
}

func enqueue(ctx context.Context, c *call) error {
	c.client(true)
	list := c.String("i", "-", "the list: a file, or - for the standard input; see README.md")
	if err := c.parse(); err != nil {
		return err
	}
	return c.with(ctx, func(cl *cluster.Cluster) error {
		begun := time.Now()
		r, err := cl.Enqueue(ctx, c.batch, jobs(*list))
		if err == nil {
			fmt.Fprintf(c.stdout, "%s: %d jobs, %d of them were queued before; %v\n", c.batch, r.Jobs, r.Skipped, time.Since(begun).Round(time.Millisecond))
		}
		return err
	})
}

func work(ctx context.Context, c *call) error {
	var w cluster.Worker
	c.client(false)
	limit := c.Int("limit", 6, "requests at once at a host, over all workers, which have to say the same")
	to := c.String("sink", "", sinkHelp)
	headers := c.String("headers", "", `file with header sets, {"set": {"Name": ["value"]}}, of which jobs name one`)
	verbose := c.Bool("v", false, "tell more")
	c.StringVar(&w.Scratch, "scratch", "cluster-scratch", "directory for what is not complete, of this worker alone")
	c.StringVar(&w.Name, "name", "", "of the worker (by default its scratch directory's)")
	c.IntVar(&w.InFlight, "inflight", 64, "requests at once, over all hosts")
	c.IntVar(&w.Attempts, "attempts", 5, "tries of a job that fail until that is its result")
	c.DurationVar(&w.Drain, "drain", 5*time.Second, "how long what is in hand may go on after an interrupt")
	if err := c.parse(); err != nil {
		return err
	}
	if *limit < 1 {
		return usageError{fmt.Errorf("-limit %d; it must be 1 or more", *limit)}
	}
	w.HostLimit = func(string) int { return *limit }
	if *headers != "" {
		data, err := os.ReadFile(*headers)
		if err == nil {
			err = json.Unmarshal(data, &w.HeaderSets)
		}
		if err != nil {
			return fmt.Errorf("header sets: %w", err)
		}
	}
	level := map[bool]slog.Level{false: slog.LevelWarn, true: slog.LevelDebug}[*verbose]
	w.Log = slog.New(slog.NewTextHandler(c.stderr, &slog.HandlerOptions{Level: level}))
	return withSink(ctx, *to, func(s cluster.Sink) error {
		w.Sink = s
		return c.with(ctx, func(cl *cluster.Cluster) error { return cl.Work(ctx, w) })
	})
}

const sinkHelp = "where objects go: a directory, or a bucket as s3://name?region=…&endpoint=…&use_path_style=true; credentials are the environment's"

// withSink opens a store by its name, for f.
func withSink(ctx context.Context, name string, f func(cluster.Sink) error) error {
	switch {
	case name == "":
		return usageError{errors.New("say where objects go: -sink DIR, or -sink s3://…")}
	case !strings.Contains(name, "://"):
		return f(cluster.Dir{Path: name})
	case !strings.HasPrefix(name, "s3://"):
		return usageError{fmt.Errorf("-sink %q; it is a directory or s3://…", name)}
	}
	b, err := blob.OpenBucket(ctx, name)
	if err != nil {
		return err
	}
	return errors.Join(f(blobsink.Bucket{Bucket: b}), b.Close())
}

func status(ctx context.Context, c *call) error {
	c.client(true)
	once := c.Bool("once", false, "say it once, and return")
	failures := c.Bool("failed", false, "list what has failed, in the end")
	if err := c.parse(); err != nil {
		return err
	}
	return c.with(ctx, func(cl *cluster.Cluster) error {
		s := newScreen(c.stdout)
		for p, err := range cl.Progress(ctx, c.batch) {
			if err != nil {
				return err
			}
			if s.show(p, *once || p.Finished() || p.Cancelled); *once {
				break
			}
		}
		if !*failures {
			return nil
		}
		for r, err := range cl.Results(ctx, c.batch, 0) {
			if err != nil {
				return err
			}
			if r.Err != "" {
				fmt.Fprintf(c.stdout, "%d\t%s\n", r.N, r.Err)
			}
		}
		return nil
	})
}

// order is what is done to a batch.
func order(f func(*cluster.Cluster, context.Context, string) error) func(context.Context, *call) error {
	return func(ctx context.Context, c *call) error {
		c.client(true)
		if err := c.parse(); err != nil {
			return err
		}
		return c.with(ctx, func(cl *cluster.Cluster) error { return f(cl, ctx, c.batch) })
	}
}

func retry(ctx context.Context, c *call) error {
	return order(func(cl *cluster.Cluster, ctx context.Context, batch string) error {
		n, err := cl.Retry(ctx, batch)
		fmt.Fprintf(c.stdout, "%s: %d jobs are queued anew\n", batch, n)
		return err
	})(ctx, c)
}

func share(ctx context.Context, c *call) error {
	c.client(false)
	host := c.String("host", "", "https://host[:port]")
	n := c.Int("n", 1, "into so many shares of its limit")
	if err := c.parse(); err != nil {
		return err
	}
	return c.with(ctx, func(cl *cluster.Cluster) error { return cl.Share(ctx, *host, *n) })
}

func verify(ctx context.Context, c *call) error {
	c.client(true)
	list := c.String("i", "", "the list that was queued")
	to := c.String("sink", "", sinkHelp)
	if err := c.parse(); err != nil {
		return err
	}
	missing := 0
	err := withSink(ctx, *to, func(s cluster.Sink) error {
		return c.with(ctx, func(cl *cluster.Cluster) error {
			for j, err := range cl.Verify(ctx, c.batch, jobs(*list), s) {
				if err != nil {
					return err
				}
				missing++
				fmt.Fprintln(c.stdout, j.URL)
			}
			return nil
		})
	})
	if err == nil && missing > 0 {
		err = fmt.Errorf("%d objects are missing", missing)
	}
	return err
}
