package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync"
)

// poolMain downloads with what one writes first: workers and an http.Client. No
// ranges, no retries, no temporary names; what it shows is the price of those.
func poolMain(ctx context.Context, args []string) int {
	return innerMain(args, func(in inner) error {
		transport := &http.Transport{MaxIdleConnsPerHost: in.conns, DisableCompression: true, ReadBufferSize: 64 << 10}
		client := &http.Client{Transport: transport}
		urls := make(chan string)
		failed := make(chan error, len(in.urls))
		var workers sync.WaitGroup
		for range in.conns {
			workers.Go(func() {
				buffer := make([]byte, 256<<10)
				for u := range urls {
					if err := get(ctx, client, u, filepath.Join(in.dir, base(u)), buffer); err != nil {
						failed <- err
					}
				}
			})
		}
		for _, u := range in.urls {
			urls <- u
		}
		close(urls)
		workers.Wait()
		close(failed)
		var all []error
		for err := range failed {
			all = append(all, err)
		}
		return errors.Join(all...)
	})
}

func get(ctx context.Context, client *http.Client, url, path string, buffer []byte) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	res, err := client.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		io.Copy(io.Discard, res.Body)
		return fmt.Errorf("%s: %s", url, res.Status)
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = io.CopyBuffer(struct{ io.Writer }{f}, res.Body, buffer) // hides ReadFrom, which has no use for buffer
	return errors.Join(err, f.Close())
}
