package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/examples/internal/origin"
)

// demonstration is a server some way off and what to fetch from it.
type demonstration struct {
	server origin.Config
	files  []demoFile
}

// demoFile is one file to download.
type demoFile struct {
	name string
	size int64
}

// newDemonstration has many small files with a few large ones among them, another
// continent away, and not much speed for one connection.
func newDemonstration() demonstration {
	const small, large = 360, 6
	d := demonstration{server: origin.Config{RTT: 100 * time.Millisecond, Rates: []int64{5 << 19}}}
	for i := range int64(small) {
		if nth := i / (small / large); i%(small/large) == 0 {
			d.files = append(d.files, demoFile{fmt.Sprintf("large-%d.iso", nth+1), 18<<20 + nth*(2<<20)})
		}
		d.files = append(d.files, demoFile{fmt.Sprintf("small-%03d.jpg", i+1), 2<<10 + i*7919%(126<<10)})
	}
	return d
}

// run downloads from a server in this process and checks what arrived.
func (d demonstration) run(ctx context.Context, o options, stdout, stderr io.Writer) (err error) {
	server, err := origin.Start(d.server)
	if err != nil {
		return err
	}
	defer server.Close()
	dir, err := os.MkdirTemp("", "littledl-demo-")
	if err != nil {
		return err
	}
	defer func() {
		if e := os.RemoveAll(dir); err == nil {
			err = e
		}
	}()
	d.introduce(stdout, dir)
	j, err := newJob(o, false, stdout, stderr)
	if err != nil {
		return err
	}
	if err := d.queue(j, server, dir); err != nil {
		return err
	}
	err = j.run(ctx)
	if j.interrupted(ctx) {
		fmt.Fprintln(stderr, "fetch: interrupted")
	}
	wrong := d.wrong(j.down.GetAllTasks(), stderr)
	if wrong > 0 {
		err = errIncomplete
	}
	s, saw := j.summary, server.Stats()
	s.add("requests", "%d, and %d HEAD, as the server saw them", saw.Requests-saw.Heads, saw.Heads)
	s.add("peak in flight", "%d requests", saw.Peak)
	s.add("wrong files", "%d (every SHA-256 compared)", wrong)
	s.print(stdout, widthOf(stdout))
	return err
}

// introduce says what is about to happen.
func (d demonstration) introduce(w io.Writer, dir string) {
	for _, text := range []string{
		fmt.Sprintf("%d files from a server in this process: %v away, %s a connection.",
			len(d.files), d.server.RTT, speedText(float64(d.server.Rates[0]))),
		fmt.Sprintf("They go to %s, which is removed afterwards.", dir),
	} {
		for _, l := range wrap(text, widthOf(w)) {
			fmt.Fprintln(w, l)
		}
	}
	if widthOf(w) > 0 {
		fmt.Fprintln(w) // bars follow
	}
}

// queue adds all files, with the hashes that the library shall find.
func (d demonstration) queue(j *job, server *origin.Origin, dir string) error {
	for _, f := range d.files {
		_, err := j.down.AddURL(server.URL(f.name, f.size), littledl.WithSavePath(dir),
			littledl.WithHash("sha256", origin.SHA256(f.name, f.size)))
		if err != nil {
			return err
		}
	}
	return nil
}

// wrong counts the files that are called complete and are not what was sent.
func (d demonstration) wrong(tasks []littledl.FileTask, stderr io.Writer) (n int) {
	for i, t := range tasks {
		if t.IsCompleted() && !same(t.Path(), d.files[i]) {
			tell(stderr, fmt.Errorf("%s is not what the server sent", t.Path()))
			n++
		}
	}
	return n
}

// same hashes a file again, after the library has.
func same(path string, want demoFile) bool {
	sum, err := origin.FileSHA256(path)
	return err == nil && sum == origin.SHA256(want.name, want.size)
}
