package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// library is the name of the one whose race this is, libraryStreams that of the same with
// several streams on a connection.
const (
	library        = "littledl"
	libraryStreams = "littledl-4"
)

// job is what a client is told.
type job struct {
	urls           []string
	dir            string // where files go
	list           string // a file with the URLs, one a line
	curlConfig     string // the same for curl, which needs every name
	ca             string // file with the certificate to trust; "" for none
	conns, perFile int
}

// client is one that takes part.
type client struct {
	name    string
	program string                // what must be installed; "" for this binary
	probe   []string              // arguments that show whether it really is; nil: its being there is enough
	only    func(s scenario) bool // what it takes part in; nil: all
	command func(self string, j job) []string
}

// fits says whether the client takes part.
func (c client) fits(s scenario) bool { return c.only == nil || c.only(s) }

// streams is how many of HTTP/2 the library has on a connection where it may have several.
const streams = 4

// clients are told the same numbers, in their own words, and to read no
// configuration of the user's.
func clients() []client {
	return []client{
		{name: library, command: func(self string, j job) []string { return inside(self, partLibrary, j, 1) }},
		{name: libraryStreams, only: encrypted, command: func(self string, j job) []string { return inside(self, partLibrary, j, streams) }},
		{name: "pool", command: func(self string, j job) []string { return inside(self, partPool, j, 1) }},
		{name: "aria2", program: "aria2c", command: aria2},
		{name: "curl", program: "curl", command: curl},
		{name: "wget2", program: "wget2", command: wget2},
		{name: "axel", program: "axel", only: oneFile, command: axel},
		{name: "littledl-py", program: "python3", probe: []string{"-c", "from littledl import batch_download_sync"}, command: python},
	}
}

// encrypted are the scenarios over HTTP/2.
func encrypted(s scenario) bool { return s.from.tls }

// oneFile are those for a client that takes no list.
func oneFile(s scenario) bool { return len(s.files) == 1 }

func clientNames() (names []string) {
	for _, c := range clients() {
		names = append(names, c.name)
	}
	return names
}

// installed divides the wanted clients into those that are there and those not.
func installed(ctx context.Context, wanted []string) (there []client, missing []string) {
	for _, c := range clients() {
		switch {
		case !slices.Contains(wanted, c.name):
		case c.program == "", c.there(ctx):
			there = append(there, c)
		default:
			missing = append(missing, c.name)
		}
	}
	return there, missing
}

func (c client) there(ctx context.Context) bool {
	path, err := exec.LookPath(c.program)
	if err != nil || c.probe == nil {
		return err == nil
	}
	cmd := exec.CommandContext(ctx, path, c.probe...)
	cmd.Dir = os.TempDir() // Python looks for modules where it is started
	return cmd.Run() == nil
}

func inside(self, part string, j job, streams int) []string {
	return []string{self, part, j.list, j.dir, strconv.Itoa(j.conns), strconv.Itoa(j.perFile), strconv.Itoa(streams)}
}

// trusting adds the certificate to trust to a command line, where there is one.
func trusting(j job, option string, command ...string) []string {
	if j.ca == "" {
		return command
	}
	return append(command, option+j.ca)
}

func aria2(_ string, j job) []string {
	return trusting(j, "--ca-certificate=", "aria2c", "--no-conf", "-q", "-j", strconv.Itoa(max(1, j.conns/j.perFile)),
		"-x", strconv.Itoa(j.perFile), "-s", strconv.Itoa(j.perFile), "-k", "1M", "--file-allocation=none",
		"--max-tries=30", "--retry-wait=1", "-d", j.dir, "-i", j.list)
}

func curl(_ string, j job) []string {
	return []string{"curl", "-q", "-s", "-f", "-Z", "--parallel-max", strconv.Itoa(j.conns), "--retry", "20", "-K", j.curlConfig}
}

func wget2(_ string, j job) []string {
	return trusting(j, "--ca-certificate=", "wget2", "--no-config", "-q", "--max-threads", strconv.Itoa(j.conns), "--tries=20", "-P", j.dir, "-i", j.list)
}

func axel(_ string, j job) []string {
	return []string{"axel", "-q", "-n", strconv.Itoa(j.conns), "-o", filepath.Join(j.dir, base(j.urls[0])), j.urls[0]}
}

const pythonScript = `
import sys
from littledl import batch_download_sync
urls = open(sys.argv[1]).read().split()
conns, per = int(sys.argv[3]), int(sys.argv[4])
got = batch_download_sync(urls=urls, save_path=sys.argv[2], max_concurrent_chunks_per_file=per,
                          max_concurrent_files=max(1, conns // per) if len(urls) == 1 else conns)
sys.exit(any(path is None for _, path, _ in got))
`

func python(_ string, j job) []string {
	return []string{"python3", "-c", pythonScript, j.list, j.dir, strconv.Itoa(j.conns), strconv.Itoa(j.perFile)}
}

// writeLists writes the URLs for those who read them from a file.
func (j job) writeLists() error {
	var config strings.Builder
	if j.ca != "" {
		fmt.Fprintf(&config, "cacert=%q\n", j.ca)
	}
	for _, u := range j.urls {
		fmt.Fprintf(&config, "url=%q\noutput=%q\n", u, filepath.Join(j.dir, base(u)))
	}
	if err := os.WriteFile(j.list, []byte(strings.Join(j.urls, "\n")+"\n"), 0o600); err != nil {
		return err
	}
	return os.WriteFile(j.curlConfig, []byte(config.String()), 0o600)
}

// base is the name a URL ends with.
func base(url string) string { return url[strings.LastIndexByte(url, '/')+1:] }
