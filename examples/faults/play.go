package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
)

// play runs every client against every fault.
func play(ctx context.Context, o options, clients []client, log io.Writer) (table, error) {
	t := table{faults: o.faults, clients: clients, results: make([][]result, len(o.faults))}
	for i := range t.results {
		t.results[i] = make([]result, len(clients))
	}
	self, err := os.Executable()
	if err != nil {
		return t, err
	}
	root, err := os.MkdirTemp("", "littledl-faults-")
	if err != nil {
		return t, err
	}
	defer os.RemoveAll(root)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	q := newQueue(o.faults, clients)
	var workers sync.WaitGroup
	for range o.atOnce {
		workers.Go(func() {
			for j, ok := q.next(); ok; j, ok = q.next() {
				f, c := o.faults[j.fault], clients[j.client]
				r, err := once(ctx, self, filepath.Join(root, strconv.Itoa(j.fault)+"-"+c.name), f, c)
				if err != nil {
					cancel(err)
					q.stop()
				}
				q.done(j, func() {
					t.results[j.fault][j.client] = r
					if o.verbose {
						fmt.Fprint(log, r.story(f, c))
					}
				})
			}
		})
	}
	workers.Wait()
	return t, context.Cause(ctx)
}

// story is all that is known of a run, for who wants to know why.
func (r result) story(f fault, c client) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d %s: %s: %s in %.1f s", f.number, f.what, c.name, r.verdict, r.took.Seconds())
	if r.reason != "" {
		fmt.Fprintf(&b, " (%s)", r.reason)
	}
	fmt.Fprintln(&b)
	if said := strings.TrimSpace(r.ending.stderr); said != "" {
		fmt.Fprintf(&b, "    %s\n", strings.ReplaceAll(lastLines(said), "\n", "\n    "))
	}
	const shown = 30
	for i, a := range r.asked {
		if i == shown {
			fmt.Fprintf(&b, "    and %d requests more\n", len(r.asked)-shown)
			break
		}
		fmt.Fprintf(&b, "    +%.2f s conn %d %s %s?%s %s %s: %d, %d bytes\n", a.Start.Sub(r.asked[0].Start).Seconds(),
			a.Conn, a.Method, a.Path, a.Query, a.Range, a.IfRange, a.Status, a.Sent)
	}
	return b.String()
}

func lastLines(s string) string {
	lines := strings.Split(s, "\n")
	return strings.Join(lines[max(0, len(lines)-4):], "\n")
}
