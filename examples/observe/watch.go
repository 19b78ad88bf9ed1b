package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel/exporters/stdout/stdouttrace"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/examples/observe/metrics"
	"github.com/littledl/littledl/examples/observe/page"
	"github.com/littledl/littledl/examples/observe/tracing"
)

// watched downloads what add queues, while whoever wants to looks on.
func watched(ctx context.Context, o options, stdout io.Writer, config littledl.DownloadConfig, add func(*littledl.EnhancedBatchDownloader) error) (err error) {
	spans, flush, err := traceTo(o.trace)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, flush()) }()

	numbers, shown, traced := metrics.New(), page.New(), tracing.New(ctx, spans)
	defer traced.Close()
	d, err := littledl.NewEnhancedBatchDownloader(littledl.WithConfig(config),
		littledl.WithMaxConcurrentFiles(12), littledl.WithMaxTotalThreads(20), littledl.WithSmallFilePriority(false),
		littledl.WithEvents(func(e littledl.Event) {
			numbers.Hear(e)
			traced.Hear(e)
			shown.Hear(e)
		}))
	if err != nil {
		return err
	}
	if err := add(d); err != nil {
		return err
	}
	numbers.Watch(d)
	shown.Watch(d)

	url, stop, err := serve(ctx, o.addr, numbers, shown)
	if err != nil {
		return err
	}
	defer stop()
	fmt.Fprintf(stdout, "%d files; watch them at %s\n", d.GetStats().TotalFiles, url)
	begun := time.Now()
	err = d.Start(ctx)
	s := d.GetStats()
	fmt.Fprintf(stdout, "%d of %d files are complete, after %.1f s\n", s.CompletedFiles, s.TotalFiles, time.Since(begun).Seconds())
	if !o.exit && ctx.Err() == nil {
		fmt.Fprintln(stdout, "the page stays until Ctrl-C")
		<-ctx.Done()
	}
	return err
}

// serve shows the page and the metrics until stop is called, which returns when nobody looks any
// more.
func serve(ctx context.Context, addr string, numbers prometheus.Collector, shown http.Handler) (url string, stop func(), err error) {
	registry := prometheus.NewRegistry()
	if err := registry.Register(numbers); err != nil {
		return "", nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/", shown)
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return "", nil, fmt.Errorf("the page cannot be shown: %w; -addr takes another address", err)
	}
	looking, end := context.WithCancel(ctx)
	server := &http.Server{
		Handler: mux, ReadHeaderTimeout: 10 * time.Second,
		BaseContext: func(net.Listener) context.Context { return looking },
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener)
	}()
	return "http://" + listener.Addr().String() + "/", func() {
		end() // pages hang on to it
		patience, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		if server.Shutdown(patience) != nil {
			server.Close()
		}
		<-done
	}, nil
}

// traceTo has spans written to a file; "": they go nowhere. flush writes the last of them.
func traceTo(path string) (provider trace.TracerProvider, flush func() error, err error) {
	if path == "" {
		return noop.NewTracerProvider(), func() error { return nil }, nil
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, nil, fmt.Errorf("no trace can be written: %w", err)
	}
	exporter, err := stdouttrace.New(stdouttrace.WithWriter(f))
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	written := sdk.NewTracerProvider(sdk.WithBatcher(exporter, sdk.WithBlocking()))
	return written, func() error {
		return errors.Join(written.Shutdown(context.Background()), f.Close())
	}, nil
}
