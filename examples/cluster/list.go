package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strconv"
	"strings"

	"github.com/littledl/littledl/examples/cluster/cluster"
)

// jobs reads a list: on each line a URL and, separated by blanks, what is said of it, as key=value.
// Empty lines and those that begin with # say nothing.
func jobs(path string) iter.Seq2[cluster.Job, error] {
	return func(yield func(cluster.Job, error) bool) {
		var in io.Reader = os.Stdin
		if path != "-" {
			f, err := os.Open(path)
			if err != nil {
				yield(cluster.Job{}, err)
				return
			}
			defer f.Close()
			in = f
		}
		lines := bufio.NewScanner(in)
		lines.Buffer(nil, 1<<20)
		for n := 1; lines.Scan(); n++ {
			fields := strings.Fields(lines.Text())
			if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
				continue
			}
			j, err := job(fields)
			if err != nil {
				err = fmt.Errorf("%s, line %d: %w", path, n, err)
			}
			if !yield(j, err) {
				return
			}
		}
		if err := lines.Err(); err != nil {
			yield(cluster.Job{}, fmt.Errorf("%s: %w", path, err))
		}
	}
}

func job(fields []string) (j cluster.Job, err error) {
	j.URL = fields[0]
	for _, f := range fields[1:] {
		key, value, _ := strings.Cut(f, "=")
		switch key {
		case "name":
			j.Name = value
		case "hash":
			j.Hash = cluster.Hash(value)
		case "size":
			j.Size, err = strconv.ParseInt(value, 10, 64)
		case "priority":
			j.Priority, err = strconv.Atoi(value)
		case "headers":
			j.HeaderSet = value
		case "backup":
			j.Backup = append(j.Backup, value)
		default:
			err = errors.New("it takes name=, hash=, size=, priority=, headers= and backup=")
		}
		if err != nil {
			return j, fmt.Errorf("%.100q: %w", f, err)
		}
	}
	return j, nil
}
