package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/littledl/littledl/examples/bench/line"
)

// slow says whether a client is not run again after its first run, since it would take more
// of the time for all than what is learned by it is worth: a run that takes seconds, and far
// more than the fastest client's.
func slow(first, fastest time.Duration) bool {
	return first > max(4*time.Second, 5*fastest/2)
}

// runLimit is when a client is ended: long after any that is of use.
func runLimit(scale float64) time.Duration {
	return max(10*time.Second, time.Duration(scale*float64(100*time.Second)))
}

// race runs clients against scenarios.
type race struct {
	options
	clients []client
	self    string
	work    string
	hashes  hashes
	log     io.Writer
}

func newRace(o options, clients []client, log io.Writer) (*race, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	work, err := os.MkdirTemp(o.dir, "littledl-bench-")
	if err != nil {
		return nil, err
	}
	return &race{options: o, clients: clients, self: self, work: work, hashes: hashes{}, log: log}, nil
}

func (r *race) close() error { return os.RemoveAll(r.work) }

// run returns the results of all scenarios, and tells of each when it is done.
func (r *race) run(ctx context.Context, done func(scenario, []result)) (all []result, err error) {
	for _, s := range scenarios(r.scale) {
		if !slices.Contains(r.scenarios, s.name) {
			continue
		}
		results, err := r.scenario(ctx, s)
		if errors.Is(err, line.ErrUnavailable) {
			fmt.Fprintf(r.log, "%s: left out: %v\n", s.name, err)
			continue
		}
		if err != nil {
			return all, err
		}
		done(s, results)
		all = append(all, results...)
	}
	return all, nil
}

// scenario runs the clients in rounds.
func (r *race) scenario(ctx context.Context, s scenario) ([]result, error) {
	runs := map[string][]outcome{}
	fastest := runLimit(r.scale) // of the first runs that got all
	for round := range r.rounds {
		fmt.Fprintf(r.log, "%s: round %d of %d\n", s.name, round+1, r.rounds)
		for _, c := range r.clients {
			if !c.fits(s) || round > 0 && slow(runs[c.name][0].Wall, fastest) {
				continue
			}
			got, err := r.once(ctx, s, c, round)
			if err != nil {
				return nil, err
			}
			runs[c.name] = append(runs[c.name], got)
			if round == 0 && got.wrong+got.missing == 0 {
				fastest = min(fastest, got.Wall)
			}
		}
	}
	return summarize(s, runs), nil
}

// once runs one client against a new server and checks what it has fetched.
func (r *race) once(ctx context.Context, s scenario, c client, round int) (got outcome, err error) {
	at, err := newStage(s.from, round, r.work)
	if err != nil {
		return got, err
	}
	defer at.close()
	j := job{
		dir: filepath.Join(r.work, "files"), list: filepath.Join(r.work, "urls.txt"), curlConfig: filepath.Join(r.work, "urls.curl"),
		ca: at.ca, conns: s.conns, perFile: s.perFile,
	}
	for _, f := range s.files {
		j.urls = append(j.urls, at.server.URL(f.name, f.size))
	}
	if err := os.RemoveAll(j.dir); err != nil {
		return got, err
	}
	if err := os.Mkdir(j.dir, 0o777); err != nil {
		return got, err
	}
	if err := j.writeLists(); err != nil {
		return got, err
	}
	err = at.run(func() (err error) {
		got.cost, err = measure(ctx, r.self, r.work, at.environment(), runLimit(r.scale), c.command(r.self, j))
		return err
	})
	if err != nil {
		return got, err
	}
	got.wrong, got.missing = r.hashes.check(j.dir, s.files)
	return got, nil
}
