package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/examples/internal/command"
)

// inner is what the clients in this binary are told: LIST DIR CONNS PERFILE STREAMS.
type inner struct {
	urls                    []string
	dir                     string
	conns, perFile, streams int
}

func parseInner(args []string) (in inner, err error) {
	if len(args) != 5 {
		return in, fmt.Errorf("want LIST DIR CONNS PERFILE STREAMS, got %d arguments", len(args))
	}
	list, err := os.ReadFile(args[0])
	if err != nil {
		return in, err
	}
	in.urls, in.dir = strings.Fields(string(list)), args[1]
	for i, n := range []*int{&in.conns, &in.perFile, &in.streams} {
		if *n, err = strconv.Atoi(args[2+i]); err != nil {
			return in, err
		}
	}
	return in, nil
}

// innerMain wraps a client in this binary as a process.
func innerMain(args []string, download func(inner) error) int {
	in, err := parseInner(args)
	if err == nil {
		err = download(in)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return command.Failed
	}
	return command.Done
}

// libraryMain downloads with this library, told nothing but the connections.
func libraryMain(ctx context.Context, args []string) int {
	return innerMain(args, func(in inner) error {
		_, err := littledl.BatchDownload(ctx, in.urls, in.dir,
			littledl.WithMaxConcurrentFiles(in.conns*in.streams),
			littledl.WithMaxConcurrentChunksPerFile(in.perFile),
			littledl.WithConfig(littledl.DownloadConfig{MaxConnections: in.conns, StreamsPerConnection: in.streams}))
		return err
	})
}
