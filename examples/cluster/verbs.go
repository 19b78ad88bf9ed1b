package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/littledl/littledl/examples/cluster/cluster"
)

func serve(ctx context.Context, c *call) error {
	var s cluster.Server
	var routes string
	c.flags.StringVar(&s.Dir, "dir", "cluster-data", "directory for what is queued")
	c.flags.StringVar(&s.Listen, "listen", "127.0.0.1:4222", "host:port for clients")
	c.flags.BoolVar(&s.NoSync, "nosync", false, "acknowledge before fsync: a power cut may lose what was queued")
	c.flags.StringVar(&s.Name, "name", "", "of one of several servers: unique")
	c.flags.StringVar(&s.Cluster, "cluster", "", "of one of several servers: host:port for the others")
	c.flags.StringVar(&routes, "routes", "", "of one of several servers: host:port of all, separated by commas")
	if err := c.parse(false); err != nil {
		return err
	}
	s.Token, s.Routes = c.conf.Token, split(routes)
	running, err := s.Start()
	if err != nil {
		return err
	}
	fmt.Fprintln(c.stdout, "serving at", running.URL())
	<-ctx.Done()
	running.Close()
	return nil
}

func split(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' })
}

func enqueue(ctx context.Context, c *call) error {
	c.client()
	list := c.flags.String("i", "-", "the list: a file, or - for the standard input; see README.md")
	if err := c.parse(true); err != nil {
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
	c.client()
	limit := c.flags.Int("limit", 6, "requests at once at a host, over all workers, which have to say the same")
	to := c.flags.String("sink", "", sinkHelp)
	headers := c.flags.String("headers", "", `file with header sets, {"set": {"Name": ["value"]}}, of which jobs name one`)
	verbose := c.flags.Bool("v", false, "tell more")
	c.flags.StringVar(&w.Scratch, "scratch", "cluster-scratch", "directory for what is not complete, of this worker alone")
	c.flags.StringVar(&w.Name, "name", "", "of the worker (by default its scratch directory's)")
	c.flags.IntVar(&w.InFlight, "inflight", 64, "requests at once, over all hosts")
	c.flags.IntVar(&w.Attempts, "attempts", 5, "deliveries of a job that fails until that is its result")
	c.flags.DurationVar(&w.Drain, "drain", 5*time.Second, "how long what is in hand may go on after an interrupt")
	if err := c.parse(false); err != nil {
		return err
	}
	if *limit < 1 {
		return usageError{fmt.Errorf("-limit %d; it must be 1 or more", *limit)}
	}
	w.HostLimit = func(string) int { return *limit }
	var err error
	if w.HeaderSets, err = headerSets(*headers); err != nil {
		return err
	}
	level := slog.LevelWarn
	if *verbose {
		level = slog.LevelDebug
	}
	w.Log = slog.New(slog.NewTextHandler(c.stderr, &slog.HandlerOptions{Level: level}))
	sink, done, err := openSink(ctx, *to)
	if err != nil {
		return err
	}
	w.Sink = sink
	return errors.Join(c.with(ctx, func(cl *cluster.Cluster) error { return cl.Work(ctx, w) }), done())
}

func headerSets(path string) (sets map[string]http.Header, err error) {
	if path == "" {
		return nil, nil
	}
	data, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(data, &sets)
	}
	if err != nil {
		return nil, fmt.Errorf("header sets: %w", err)
	}
	return sets, nil
}

func status(ctx context.Context, c *call) error {
	c.client()
	once := c.flags.Bool("once", false, "say it once, and return")
	failures := c.flags.Bool("failed", false, "list what has failed, in the end")
	if err := c.parse(true); err != nil {
		return err
	}
	return c.with(ctx, func(cl *cluster.Cluster) error {
		s := newScreen(c.stdout)
		for p, err := range cl.Progress(ctx, c.batch) {
			if err != nil {
				return err
			}
			s.show(p, *once || p.Finished())
			if *once {
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

func pause(ctx context.Context, c *call) error  { return c.order(ctx, (*cluster.Cluster).Pause) }
func resume(ctx context.Context, c *call) error { return c.order(ctx, (*cluster.Cluster).Resume) }
func cancel(ctx context.Context, c *call) error { return c.order(ctx, (*cluster.Cluster).Cancel) }
func forget(ctx context.Context, c *call) error { return c.order(ctx, (*cluster.Cluster).Forget) }

func retry(ctx context.Context, c *call) error {
	return c.order(ctx, func(cl *cluster.Cluster, ctx context.Context, batch string) error {
		n, err := cl.Retry(ctx, batch)
		fmt.Fprintf(c.stdout, "%s: %d jobs are queued anew\n", batch, n)
		return err
	})
}

func (c *call) order(ctx context.Context, f func(*cluster.Cluster, context.Context, string) error) error {
	c.client()
	if err := c.parse(true); err != nil {
		return err
	}
	return c.with(ctx, func(cl *cluster.Cluster) error { return f(cl, ctx, c.batch) })
}

func share(ctx context.Context, c *call) error {
	c.client()
	host := c.flags.String("host", "", "https://host[:port]")
	n := c.flags.Int("n", 1, "into so many shares of its limit")
	if err := c.parse(false); err != nil {
		return err
	}
	return c.with(ctx, func(cl *cluster.Cluster) error { return cl.Share(ctx, *host, *n) })
}

func verify(ctx context.Context, c *call) error {
	c.client()
	list := c.flags.String("i", "", "the list that was queued")
	to := c.flags.String("sink", "", sinkHelp)
	if err := c.parse(true); err != nil {
		return err
	}
	sink, done, err := openSink(ctx, *to)
	if err != nil {
		return err
	}
	missing := 0
	err = c.with(ctx, func(cl *cluster.Cluster) error {
		return each(cl.Verify(ctx, c.batch, jobs(*list), sink), func(j cluster.Job) {
			missing++
			fmt.Fprintln(c.stdout, j.URL)
		})
	})
	if err = errors.Join(err, done()); err == nil && missing > 0 {
		err = fmt.Errorf("%d objects are missing", missing)
	}
	return err
}

func each(all iter.Seq2[cluster.Job, error], f func(cluster.Job)) error {
	for j, err := range all {
		if err != nil {
			return err
		}
		f(j)
	}
	return nil
}
