package main

import (
	"bufio"
	"fmt"
	"io"
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
			return nil, usagef("list: %w", err)
		}
		defer f.Close()
		in = f
	}
	listed, err := parseList(in)
	if err != nil {
		return nil, usagef("list %s: %w", o.list, err)
	}
	urls := append(o.urls, listed...)
	if len(urls) == 0 {
		return nil, usagef("list %s holds no URL", o.list)
	}
	return urls, nil
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
