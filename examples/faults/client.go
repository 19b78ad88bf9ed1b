package main

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
)

const (
	connections = 4
	patience    = 2 // seconds without a byte, or without an answer
	tries       = 5
)

// task is what a client is told. It is JSON for the clients that are not made of options.
type task struct {
	URL      string
	Dir      string // where the file goes
	Name     string // "": the server's, as it names it in its answer, or the URL's
	Continue bool   // from what an earlier run has left
	SHA256   string // of the file, for clients that can check it
	Header   string // "Name: value"; "" for none
	CA       string // file with the certificate to trust; "" for none
}

// client is one that takes part.
type client struct {
	name     string   // in -c and in the table
	version  string   // found out by installed
	ours     bool     // this library
	program  string   // what must be installed; "" for this binary
	ask      []string // arguments that show its version
	hashes   bool     // it can be given a digest
	pythonic bool     // it needs the user's home to be found
	command  func(self string, t task) []string
}

const (
	plainName    = "littledl"
	enhancedName = "littledl+"
)

// clients are told the same, in their own words, and to read no configuration of the
// user's.
func clients() []client {
	version := []string{"--version"}
	return []client{
		{name: plainName, ours: true, hashes: true, command: plainLibrary},
		{name: enhancedName, ours: true, hashes: true, command: enhancedLibrary},
		{name: "littledl-py", program: "python3", ask: []string{"-c", pythonVersion}, hashes: true, pythonic: true, command: python},
		{name: "aria2", program: "aria2c", ask: version, hashes: true, command: aria2},
		{name: "axel", program: "axel", ask: version, command: axel},
		{name: "wget2", program: "wget2", ask: version, command: wget2},
		{name: "curl", program: "curl", ask: version, command: curl},
		{name: "wget", program: "wget", ask: version, command: wget},
	}
}

func clientNames() (names []string) {
	for _, c := range clients() {
		names = append(names, c.name)
	}
	return names
}

var versionNumber = regexp.MustCompile(`\d+(\.\d+)+`)

// installed divides the wanted clients into those that are there and those not.
func installed(ctx context.Context, wanted []string) (there []client, missing []string) {
	for _, c := range clients() {
		if !slices.Contains(wanted, c.name) {
			continue
		}
		if c.ours {
			there = append(there, c)
			continue
		}
		cmd := exec.CommandContext(ctx, c.program, c.ask...)
		cmd.Dir = os.TempDir() // Python looks for modules where it is started
		out, err := cmd.Output()
		if err != nil {
			missing = append(missing, c.name)
			continue
		}
		c.version = versionNumber.FindString(string(out))
		there = append(there, c)
	}
	return there, missing
}

// with appends an option and its value unless the value is "".
func with(args []string, option, value string) []string {
	if value == "" {
		return args
	}
	return append(args, option+value)
}

func aria2(_ string, t task) []string {
	n, s := strconv.Itoa(connections), strconv.Itoa(patience)
	args := []string{"aria2c", "--no-conf", "--no-netrc", "--console-log-level=error", "--summary-interval=0", "--download-result=hide",
		"-s", n, "-x", n, "-k", "1M", "--file-allocation=none", "--auto-save-interval=1",
		"--max-tries=" + strconv.Itoa(tries), "--retry-wait=1", "--timeout=" + s, "--connect-timeout=" + s, "-d", t.Dir}
	args = with(args, "--out=", t.Name)
	args = with(args, "--header=", t.Header)
	args = with(args, "--ca-certificate=", t.CA)
	args = with(args, "--checksum=sha-256=", t.SHA256)
	if t.Continue {
		args = append(args, "--continue=true")
	}
	return append(args, t.URL)
}

// axelrc is what axel has no options for.
const axelrc = "reconnect_delay = 1\nsave_state_interval = 1\n"

func axel(_ string, t task) []string {
	args := []string{"axel", "-q", "-n", strconv.Itoa(connections), "-T", strconv.Itoa(patience)}
	if t.Name != "" {
		args = append(args, "-o", filepath.Join(t.Dir, t.Name))
	}
	if t.Header != "" {
		args = append(args, "-H", t.Header)
	}
	return append(args, t.URL)
}

// wget2 fetches a file over more than one connection only where it is told --chunk-size,
// with which it cannot go on: against a server without any fault it then never ends.
func wget2(_ string, t task) []string {
	args := []string{"wget2", "--no-config", "--no-netrc", "-nv", "--no-hsts", "--max-threads=" + strconv.Itoa(connections),
		"--tries=" + strconv.Itoa(tries), "--waitretry=1", "--timeout=" + strconv.Itoa(patience), "--retry-connrefused", "-P", t.Dir}
	if !t.Continue {
		args = append(args, "--chunk-size=1M")
	}
	return wgetOptions(args, t)
}

func wget(_ string, t task) []string {
	args := []string{"wget", "--no-config", "--no-netrc", "-nv", "--no-hsts",
		"--tries=" + strconv.Itoa(tries), "--waitretry=1", "--timeout=" + strconv.Itoa(patience), "--retry-connrefused",
		"--retry-on-http-error=408,425,429,500,502,503,504,520", "-P", t.Dir}
	return wgetOptions(args, t)
}

func wgetOptions(args []string, t task) []string {
	args = with(args, "--header=", t.Header)
	args = with(args, "--ca-certificate=", t.CA)
	if t.Name == "" {
		args = append(args, "--content-disposition")
	}
	if t.Continue {
		args = append(args, "--continue")
	}
	return append(args, t.URL)
}

func curl(_ string, t task) []string {
	s := strconv.Itoa(patience)
	args := []string{"curl", "-q", "-sS", "-f", "-L", "--retry", strconv.Itoa(tries - 1), "--retry-delay", "1", "--retry-all-errors",
		"--connect-timeout", s, "--speed-limit", "1", "--speed-time", s}
	if t.Name == "" {
		args = append(args, "-OJ", "--output-dir", t.Dir)
	} else {
		args = append(args, "-o", filepath.Join(t.Dir, t.Name))
	}
	if t.Header != "" {
		args = append(args, "-H", t.Header)
	}
	if t.CA != "" {
		args = append(args, "--cacert", t.CA)
	}
	if t.Continue {
		args = append(args, "-C", "-")
	}
	return append(args, t.URL)
}

const pythonVersion = "import importlib.metadata; import littledl; print(importlib.metadata.version('littledl'))"

const pythonScript = `
import json, sys
from littledl import batch_download_sync
from littledl.config import DownloadConfig, RetryConfig
task, limits = json.loads(sys.argv[1]), json.loads(sys.argv[2])
config = DownloadConfig(timeout=limits["patience"], read_timeout=limits["patience"], connect_timeout=limits["patience"],
                        retry=RetryConfig(max_retries=limits["tries"] - 1, base_delay=0.2, max_delay=1.0))
if task["Header"]:
    name, value = task["Header"].split(": ", 1)
    config.headers[name] = value
if task["SHA256"]:
    config.verify_hash, config.expected_hash = True, task["SHA256"]
if task["CA"]:
    config.ssl_cert_path = task["CA"]
got = batch_download_sync(urls=[task["URL"]], save_path=task["Dir"], config=config,
                          max_concurrent_files=1, max_concurrent_chunks_per_file=limits["connections"])
for url, path, error in got:
    if error:
        print(error, file=sys.stderr)
sys.exit(any(path is None for _, path, _ in got))
`

func python(_ string, t task) []string {
	limits, _ := json.Marshal(map[string]int{"patience": patience, "tries": tries, "connections": connections})
	return []string{"python3", "-c", pythonScript, t.json(), string(limits)}
}

func (t task) json() string {
	b, err := json.Marshal(t)
	if err != nil {
		panic(err) // strings alone
	}
	return string(b)
}
