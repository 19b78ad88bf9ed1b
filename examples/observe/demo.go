package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/examples/internal/origin"
)

// demo is some hosts with what can be seen of hosts, and what to fetch from them.
type demo struct {
	sites []site
	files []demoFile
}

// demoFile is one file to download.
type demoFile struct {
	name  string
	size  int64
	hosts []string // those after the first are mirrors
	gone  bool     // there is no such file
}

const (
	kib = 1 << 10
	mib = 1 << 20
)

// standard takes about half a minute.
func standard() demo {
	const ms = time.Millisecond
	d := demo{sites: []site{
		{host: "fast.example", config: origin.Config{RTT: 60 * ms, Rates: []int64{220 * kib}}},
		{host: "mirror.example", config: origin.Config{RTT: 90 * ms, Rates: []int64{120 * kib}}},
		{host: "slow.example", config: origin.Config{RTT: 400 * ms, Rates: []int64{40 * kib}}},
		{host: "busy.example", config: origin.Config{RTT: 80 * ms, Rates: []int64{150 * kib}, MaxInFlight: 2}},
		{host: "flaky.example", config: origin.Config{RTT: 80 * ms, Rates: []int64{200 * kib}}, breaks: 450 * kib},
		{host: "late.example", config: origin.Config{RTT: 80 * ms, Rates: []int64{200 * kib}}, late: 8 * time.Second},
	}}
	add := func(size int64, name string, hosts ...string) {
		d.files = append(d.files, demoFile{name: name, size: size, hosts: hosts})
	}
	add(40*mib, "image.iso", "fast.example", "mirror.example")
	add(900*kib, "archive.tar", "slow.example")
	for i := range int64(24) {
		add(30*kib+i*7919%(220*kib), fmt.Sprintf("photo-%02d.jpg", i+1), "fast.example")
		add(20*kib+i*5779%(90*kib), fmt.Sprintf("page-%02d.html", i+1), "mirror.example")
		switch i % 4 {
		case 0:
			add(120*kib, fmt.Sprintf("notes-%d.pdf", i/4+1), "slow.example")
		case 1:
			for part := range int64(3) {
				add(200*kib+part*50*kib, fmt.Sprintf("song-%d.ogg", i/4*3+part+1), "busy.example")
			}
		case 2:
			add(1200*kib, fmt.Sprintf("clip-%d.webm", i/4+1), "flaky.example")
		case 3:
			add(250*kib, fmt.Sprintf("update-%d.zip", i/4+1), "late.example")
		}
		if i == 11 {
			d.files = append(d.files, demoFile{name: "missing.txt", hosts: []string{"fast.example"}, gone: true})
			add(9*mib, "film.mkv", "mirror.example")
		}
	}
	return d
}

// play fetches the files, of which those that are gone are to fail, and no others.
func (d demo) play(ctx context.Context, o options, stdout io.Writer) (err error) {
	n, err := connect(d.sites)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.Close()) }()
	if o.dir, err = os.MkdirTemp("", "littledl-observe-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(o.dir)) }()
	err = watched(ctx, o, stdout, littledl.DownloadConfig{
		DialContext: n.DialContext,
		Proxy:       func(*http.Request) (*url.URL, error) { return nil, nil }, // these hosts are here only
	}, func(b *littledl.EnhancedBatchDownloader) error { return d.queue(b, o.dir) })
	var failed *littledl.BatchError
	if errors.As(err, &failed) && d.allGone(failed) {
		return nil
	}
	return err
}

func (d demo) queue(b *littledl.EnhancedBatchDownloader, dir string) error {
	for _, f := range d.files {
		var urls []string
		for _, host := range f.hosts {
			urls = append(urls, f.url(host))
		}
		opts := []littledl.URLOption{littledl.WithSavePath(dir)}
		if len(urls) > 1 {
			opts = append(opts, littledl.WithBackupURLs(urls[1:]...))
		}
		if !f.gone {
			opts = append(opts, littledl.WithSize(f.size), littledl.WithHash("sha256", origin.SHA256(f.name, f.size)))
		}
		if _, err := b.AddURL(urls[0], opts...); err != nil {
			return err
		}
	}
	return nil
}

func (f demoFile) url(host string) string {
	if f.gone {
		return fmt.Sprintf("http://%s/nothing/%s", host, url.PathEscape(f.name))
	}
	return fmt.Sprintf("http://%s/%d/%s", host, f.size, url.PathEscape(f.name))
}

// allGone says that no other files have failed than those that are gone.
func (d demo) allGone(failed *littledl.BatchError) bool {
	gone := 0
	for _, f := range d.files {
		if f.gone {
			gone++
		}
	}
	for _, f := range failed.Failed {
		if !strings.Contains(f.URL, "/nothing/") {
			return false
		}
	}
	return len(failed.Failed) == gone
}
