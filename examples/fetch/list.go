package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

// maxLine is more than any URL that a server takes.
const maxLine = 1 << 20

// readURLs returns the URLs of the command line and those of its list.
func readURLs(o options, stdin io.Reader) ([]string, error) {
	if o.list == "" {
		return o.urls, nil
	}
	in := stdin
	if o.list != "-" {
		f, err := os.Open(o.list)
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", o.list, bare(err))
		}
		defer f.Close()
		in = f
	}
	listed, err := parseList(in)
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", o.list, bare(err))
	}
	urls := append(o.urls, listed...)
	if len(urls) == 0 {
		return nil, fmt.Errorf("list %s holds no URL", o.list)
	}
	return urls, nil
}

// bare is a file's error without the path and the system call, for where it is said already.
func bare(err error) error {
	if e := (*fs.PathError)(nil); errors.As(err, &e) {
		return e.Err
	}
	return err
}

func parseList(in io.Reader) (urls []string, err error) {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxLine)
	nth := 0
	for lines.Scan() {
		nth++
		if url := withoutComment(strings.TrimPrefix(lines.Text(), "\ufeff")); url != "" {
			urls = append(urls, url)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("after line %d: %w", nth, err)
	}
	return urls, nil
}

// withoutComment is a line up to a # that a blank is before: any other is part of the URL.
func withoutComment(line string) string {
	for i := range len(line) {
		if line[i] == '#' && (i == 0 || line[i-1] == ' ' || line[i-1] == '\t') {
			line = line[:i]
			break
		}
	}
	return strings.TrimSpace(line)
}
