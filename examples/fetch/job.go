package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/littledl/littledl"
)

// job is one batch, from the first URL to the summary.
type job struct {
	down    *littledl.BatchDownloader
	view    view
	waits   waits
	refused int // URLs that were not queued
	summary *summary
}

// newJob makes the downloader and what shows it.
func newJob(o options, perFile bool, stdout, stderr io.Writer) (*job, error) {
	j := &job{view: newView(o, perFile, stdout, stderr)}
	var err error
	j.down, err = littledl.NewBatchDownloader(
		littledl.WithMaxConcurrentFiles(o.files),
		littledl.WithMaxConcurrentChunksPerFile(o.perFile),
		littledl.WithEvents(j.hear),
		littledl.WithConfig(littledl.DownloadConfig{
			MaxSpeed:         int64(o.limit),
			Overwrite:        littledl.OverwritePolicy(o.overwrite),
			Retry:            littledl.RetryConfig{MaxElapsed: giveUp},
			ProgressInterval: j.view.interval(),
		}))
	if err != nil {
		return nil, usageError{err}
	}
	j.down.SetProgressCallback(func(int, int, float64, time.Duration) { j.view.progress(j.state()) })
	return j, nil
}

// hear is told of everything, one at a time and not while progress is shown.
func (j *job) hear(e littledl.Event) {
	j.waits.hear(e)
	switch e.Kind {
	case littledl.EventCompleted, littledl.EventFailed:
		j.view.file(e.Task)
	}
}

func (j *job) state() state {
	p, now := j.down.GetProgress(), time.Now()
	return state{
		counts: countOf(p, j.refused), BatchProgress: p, active: j.down.GetActiveTasks(),
		waits: j.waits.texts(now, p.OverallSpeed >= 1), now: now,
	}
}

// run downloads what was queued. It returns errIncomplete when that is not all of it.
func (j *job) run(ctx context.Context) error {
	begun := time.Now()
	err := j.down.Start(ctx)
	j.summary = newSummary(j.down, j.refused, time.Since(begun))
	j.view.close(j.summary)
	if err != nil || j.refused > 0 {
		return errIncomplete // each failure has been told where it happened
	}
	return nil
}

// interrupted says that some of it is missing since the user wanted to stop.
func (j *job) interrupted(ctx context.Context) bool {
	return ctx.Err() != nil && j.summary.files.cut > 0
}

// fetch downloads the URLs of the command line.
func fetch(ctx context.Context, o options, stdin io.Reader, stdout, stderr io.Writer) error {
	urls, err := readURLs(o, stdin)
	if err != nil {
		return err
	}
	if err := o.checkURLs(len(urls)); err != nil {
		return err
	}
	j, err := newJob(o, true, stdout, stderr)
	if err != nil {
		return err
	}
	if err := j.queue(urls, o.forURL(), stderr); err != nil {
		return err
	}
	if err := makeDir(o.dir); err != nil {
		return err
	}
	err = j.run(ctx)
	if j.interrupted(ctx) {
		fmt.Fprintln(stderr, "fetch: interrupted; the same command goes on where this one has stopped")
	}
	j.summary.add("saved in", "%s", clean(o.dir))
	j.summary.print(stdout, widthOf(stdout))
	return err
}

// queue adds the URLs, and tells which could not be. The error is that none could.
func (j *job) queue(urls []string, opts []littledl.URLOption, stderr io.Writer) error {
	var refused []error
	for _, u := range urls {
		if _, err := j.down.AddURL(u, opts...); err != nil {
			if wrong := refusedOption(err); wrong != nil {
				return wrong
			}
			refused = append(refused, err)
		}
	}
	if j.refused = len(refused); j.refused == len(urls) {
		return usagef("nothing to download: %w", refused[0])
	}
	for _, why := range refused {
		tell(stderr, why)
	}
	return nil
}

// makeDir makes the directory, and sure that files can be made in it: better one error than
// one for each file.
func makeDir(dir string) error {
	err := os.MkdirAll(dir, 0o777)
	if err == nil {
		err = tryDir(dir)
	}
	if err != nil {
		return fmt.Errorf("nothing can be stored in %s: %w", dir, bare(err))
	}
	return nil
}

func tryDir(dir string) error {
	f, err := os.CreateTemp(dir, ".fetch-*")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}
