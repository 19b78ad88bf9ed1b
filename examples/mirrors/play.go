package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/examples/internal/origin"
)

const filename = "image.iso"

// play starts the servers, fetches the file from them and checks what arrived.
func (s scene) play(ctx context.Context, stdout io.Writer) (err error) {
	servers, err := s.start()
	defer func() {
		for _, o := range servers {
			o.Close()
		}
	}()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "littledl-mirrors-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	fmt.Fprintf(stdout, "%s, %d MiB, from %d servers in this process, at most %d connections each:\n", filename, s.size/mib, len(servers), s.perMirror)
	for _, m := range s.mirrors {
		fmt.Fprintln(stdout, " ", m)
	}
	fmt.Fprintln(stdout)
	want := origin.SHA256(filename, s.size)
	begun := time.Now()
	t, err := s.fetch(ctx, servers, dir, want, stdout)
	s.table(stdout, t.Sources)
	if err != nil {
		return err
	}
	got, err := origin.FileSHA256(t.Path())
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "\ntime     %.1f s\n", time.Since(begun).Seconds())
	if got != want {
		return fmt.Errorf("%s has the SHA-256 %s; it should be %s", t.Path(), got, want)
	}
	fmt.Fprintf(stdout, "SHA-256  %s, right\n", got)
	return nil
}

// start starts a server for each mirror; those started are returned in any case.
func (s scene) start() (servers []*origin.Origin, err error) {
	for _, m := range s.mirrors {
		o, err := origin.Start(origin.Config{RTT: s.rtt, Rates: []int64{m.rate}, Forged: m.lies})
		if err != nil {
			return servers, err
		}
		servers = append(servers, o)
	}
	return servers, nil
}

// fetch downloads the file from all servers and pulls the plug of one on the way.
func (s scene) fetch(ctx context.Context, servers []*origin.Origin, dir, hash string, stdout io.Writer) (littledl.FileTask, error) {
	d, err := littledl.NewEnhancedBatchDownloader(littledl.WithConfig(littledl.DownloadConfig{
		MaxConnectionsPerHost: s.perMirror,
		ProgressInterval:      s.interval,
	}))
	if err != nil {
		return littledl.FileTask{}, err
	}
	var urls []string
	for _, o := range servers {
		urls = append(urls, o.URL(filename, s.size))
	}
	id, err := d.AddURL(urls[0], littledl.WithBackupURLs(urls[1:]...),
		littledl.WithSavePath(dir), littledl.WithHash("sha256", hash))
	if err != nil {
		return littledl.FileTask{}, err
	}
	lines := newLines(stdout, s.mirrors)
	d.SetProgressCallback(func(int, int, float64, time.Duration) {
		t, _ := d.GetTask(id)
		lines.progress(t, time.Now())
		for i, m := range s.mirrors {
			if m.dies && !lines.down[i] && t.Progress() >= 50 {
				servers[i].Close()
				lines.wentDown(i)
			}
		}
	})
	err = d.Start(ctx)
	t, _ := d.GetTask(id)
	return t, err
}

// table says what each server has given.
func (s scene) table(w io.Writer, sources []littledl.SourceStats) {
	if len(sources) == 0 {
		return
	}
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "source\tMB\terrors\tdropped")
	for i, src := range sources {
		fmt.Fprintf(t, "%s\t%.1f\t%d\t%t\n", s.mirrors[i].name, float64(src.Bytes)/1e6, src.Errors, src.Dropped)
	}
	t.Flush()
}
