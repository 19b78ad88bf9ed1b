package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/littledl/littledl"
)

// job is one batch, from the first URL to the summary.
type job struct {
	down    *littledl.BatchDownloader
	view    view
	trouble troubles
	took    time.Duration
}

// newJob makes the downloader and what shows it.
func newJob(o options, perFile bool, stdout, stderr io.Writer) (*job, error) {
	j := &job{view: newView(o, perFile, stdout, stderr)}
	var err error
	j.down, err = littledl.NewBatchDownloader(
		littledl.WithMaxConcurrentFiles(o.files),
		littledl.WithMaxConcurrentChunksPerFile(o.perFile),
		littledl.WithConfig(littledl.DownloadConfig{
			MaxSpeed:         int64(o.limit),
			ProgressInterval: j.view.interval(),
			Logger:           slog.New(&j.trouble),
		}))
	if err != nil {
		j.view.close()
		return nil, usageError{err}
	}
	j.down.SetProgressCallback(func(int, int, float64, time.Duration) { j.view.progress(j.down, j.trouble.latest()) })
	j.down.SetFileCompleteCallback(j.view.file)
	return j, nil
}

// run downloads what was queued. It returns errIncomplete when that is not all of it.
func (j *job) run(ctx context.Context) error {
	begun := time.Now()
	err := j.down.Start(ctx)
	j.took = time.Since(begun)
	j.view.close()
	if err != nil {
		return errIncomplete // each failure has been told where it happened
	}
	return nil
}

// fetch downloads the URLs of the command line.
func fetch(ctx context.Context, o options, stdin io.Reader, stdout, stderr io.Writer) error {
	urls, err := readURLs(o, stdin)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(o.dir, 0o777); err != nil {
		return usagef("-o: %w", err)
	}
	j, err := newJob(o, true, stdout, stderr)
	if err != nil {
		return err
	}
	refused := j.queue(urls, o.dir)
	if len(refused) == len(urls) {
		j.view.close()
		return usagef("nothing to download: %w", refused[0])
	}
	err = j.run(ctx)
	for _, why := range refused {
		tell(stderr, why)
		err = errIncomplete
	}
	if ctx.Err() != nil {
		fmt.Fprintln(stderr, "fetch: interrupted; the same command fetches what is missing")
	}
	s := j.summary(len(urls))
	s.add("saved in", "%s", clean(o.dir))
	s.print(stdout)
	return err
}

// queue adds the URLs and returns why some could not be.
func (j *job) queue(urls []string, dir string) (refused []error) {
	for _, u := range urls {
		if _, err := j.down.AddURL(u, littledl.WithSavePath(dir)); err != nil {
			refused = append(refused, err)
		}
	}
	return refused
}
