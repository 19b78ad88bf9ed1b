package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/examples/internal/command"
)

const (
	partPlain    = "__plain"
	partEnhanced = "__enhanced"
)

func plainLibrary(self string, t task) []string    { return []string{self, partPlain, t.json()} }
func enhancedLibrary(self string, t task) []string { return []string{self, partEnhanced, t.json()} }

// isLibrary tells whether this process is to be the library.
func isLibrary(args []string) bool {
	return len(args) == 3 && (args[1] == partPlain || args[1] == partEnhanced)
}

// libraryMain downloads with this library and prints where the file is.
func libraryMain(ctx context.Context, args []string) int {
	path, err := download(ctx, os.Args[1] == partEnhanced, args[0])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return command.Failed
	}
	fmt.Println(path)
	return command.Done
}

// downloader is what both have.
type downloader interface {
	AddURL(url string, opts ...littledl.URLOption) (string, error)
	Start(ctx context.Context) error
	GetTask(id string) (littledl.FileTask, bool)
}

func download(ctx context.Context, enhanced bool, told string) (path string, err error) {
	var t task
	if err := json.Unmarshal([]byte(told), &t); err != nil {
		return "", err
	}
	config, err := t.config()
	if err != nil {
		return "", err
	}
	d, err := newDownloader(enhanced, config)
	if err != nil {
		return "", err
	}
	id, err := d.AddURL(t.URL, t.options()...)
	if err != nil {
		return "", err
	}
	if err := d.Start(ctx); err != nil {
		return "", err
	}
	done, _ := d.GetTask(id)
	return done.Path(), nil
}

func newDownloader(enhanced bool, config littledl.DownloadConfig) (downloader, error) {
	opts := []littledl.Option{littledl.WithConfig(config), littledl.WithMaxConcurrentChunksPerFile(connections)}
	if enhanced {
		return littledl.NewEnhancedBatchDownloader(append(opts, littledl.WithMaxTotalThreads(connections))...)
	}
	return littledl.NewBatchDownloader(opts...)
}

func (t task) config() (littledl.DownloadConfig, error) {
	c := littledl.DownloadConfig{
		Proxy:          func(*http.Request) (*url.URL, error) { return nil, nil },
		ConnectTimeout: patience * time.Second,
		HeaderTimeout:  patience * time.Second,
		StallTimeout:   patience * time.Second,
		Retry:          littledl.RetryConfig{MaxRetries: tries - 1, BaseDelay: 200 * time.Millisecond, MaxElapsed: 5 * time.Second},
	}
	if t.CA == "" {
		return c, nil
	}
	pem, err := os.ReadFile(t.CA)
	if err != nil {
		return c, err
	}
	c.TLSConfig = &tls.Config{RootCAs: x509.NewCertPool()}
	if !c.TLSConfig.RootCAs.AppendCertsFromPEM(pem) {
		return c, fmt.Errorf("%s holds no certificate", t.CA)
	}
	return c, nil
}

func (t task) options() []littledl.URLOption {
	opts := []littledl.URLOption{littledl.WithSavePath(t.Dir)}
	if t.SHA256 != "" {
		opts = append(opts, littledl.WithHash("sha256", t.SHA256))
	}
	if name, value, ok := strings.Cut(t.Header, ": "); ok {
		opts = append(opts, littledl.WithHeader(http.Header{name: {value}}))
	}
	return opts
}
