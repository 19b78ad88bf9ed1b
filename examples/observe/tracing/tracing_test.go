package tracing_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/examples/observe/tracing"
)

// recorder is a tracer whose spans stay in memory, all below one of the caller's.
type recorder struct {
	*tracing.Tracer
	provider *sdk.TracerProvider
	spans    *tracetest.InMemoryExporter
	root     trace.Span
}

func newRecorder(t *testing.T) *recorder {
	r := &recorder{spans: tracetest.NewInMemoryExporter()}
	r.provider = sdk.NewTracerProvider(sdk.WithSyncer(r.spans))
	ctx, root := r.provider.Tracer("test").Start(t.Context(), "root")
	r.Tracer, r.root = tracing.New(ctx, r.provider), root
	return r
}

// download fetches URLs into a directory of the test's.
func (r *recorder) download(t *testing.T, urls ...string) {
	t.Helper()
	d, err := littledl.NewBatchDownloader(littledl.WithEvents(r.Hear), littledl.WithSmallFilePriority(false),
		littledl.WithConfig(littledl.DownloadConfig{Retry: littledl.RetryConfig{BaseDelay: time.Millisecond}}))
	require.NoError(t, err)
	_, err = d.AddURLs(urls, t.TempDir())
	require.NoError(t, err)
	_ = d.Start(t.Context()) // what fails is looked at in the spans
	r.Close()
	r.root.End()
}

// below are the spans that are children of one, in the order of their beginnings.
func (r *recorder) below(id trace.SpanID) (all []tracetest.SpanStub) {
	for _, s := range r.spans.GetSpans() {
		if s.Parent.SpanID() == id {
			all = append(all, s)
		}
	}
	slices.SortFunc(all, func(x, y tracetest.SpanStub) int { return x.StartTime.Compare(y.StartTime) })
	return all
}

func attributes(s tracetest.SpanStub) map[string]any {
	all := map[string]any{}
	for _, a := range s.Attributes {
		all[string(a.Key)] = a.Value.AsInterface()
	}
	return all
}

func TestFilesAndRequests(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.URL.Path, "/gone"):
			http.NotFound(w, r)
		case asked.Add(1) == 1:
			http.Error(w, "not now", http.StatusInternalServerError)
		default:
			http.ServeContent(w, r, "", time.Now().Add(-time.Hour), strings.NewReader("hello"))
		}
	}))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	address, port, _ := strings.Cut(host, ":")
	r := newRecorder(t)
	r.download(t, strings.Replace(server.URL, "://", "://user:password@", 1)+"/hello.txt?token=secret", server.URL+"/gone.txt")

	files := r.below(r.root.SpanContext().SpanID())
	require.Len(t, files, 2)
	hello, gone := files[0], files[1]
	if attributes(hello)["file.name"] == nil {
		hello, gone = gone, hello
	}
	require.Equal(t, "download", hello.Name)
	require.Equal(t, codes.Unset, hello.Status.Code)
	got := attributes(hello)
	require.Equal(t, server.URL+"/hello.txt", got["url.full"], "without its secrets")
	require.Equal(t, "hello.txt", got["file.name"])
	require.Equal(t, int64(5), got["file.size"])
	require.Equal(t, "completed", got["littledl.outcome"])
	require.Equal(t, int64(1), got["littledl.retries"])
	require.Len(t, hello.Events, 1)
	require.Equal(t, "retry", hello.Events[0].Name)
	require.Contains(t, hello.Events[0].Attributes, attribute.String("error.type", "500"))

	requests := r.below(hello.SpanContext.SpanID())
	require.Len(t, requests, 2)
	for i, s := range requests {
		require.Equal(t, "GET", s.Name)
		require.Equal(t, trace.SpanKindClient, s.SpanKind)
		require.False(t, s.StartTime.Before(hello.StartTime))
		require.False(t, s.EndTime.After(hello.EndTime))
		got := attributes(s)
		require.Equal(t, "GET", got["http.request.method"])
		require.Equal(t, server.URL+"/hello.txt", got["url.full"])
		require.Equal(t, address, got["server.address"])
		require.Equal(t, port, fmt.Sprint(got["server.port"]))
		require.Equal(t, "http", got["network.protocol.name"])
		require.Equal(t, "1.1", got["network.protocol.version"])
		require.Equal(t, []any{nil, int64(1)}[i], got["http.request.resend_count"])
		require.Equal(t, []any{int64(500), int64(206)}[i], got["http.response.status_code"])
		require.Equal(t, []any{"500", nil}[i], got["error.type"])
		require.Equal(t, []codes.Code{codes.Error, codes.Unset}[i], s.Status.Code)
	}

	require.Equal(t, "failed", attributes(gone)["littledl.outcome"])
	require.Equal(t, "404", attributes(gone)["error.type"])
	require.Equal(t, codes.Error, gone.Status.Code)
	require.Len(t, r.below(gone.SpanContext.SpanID()), 1)
}

func TestNoAnswer(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	defer server.Close()
	r := newRecorder(t)
	r.download(t, server.URL+"/x")
	files := r.below(r.root.SpanContext().SpanID())
	require.Len(t, files, 1)
	requests := r.below(files[0].SpanContext.SpanID())
	require.NotEmpty(t, requests)
	for _, s := range requests {
		require.Equal(t, codes.Error, s.Status.Code)
		require.Equal(t, "connection_closed", attributes(s)["error.type"])
		require.NotContains(t, attributes(s), "http.response.status_code")
	}
}

func TestRedirect(t *testing.T) {
	t.Parallel()
	there := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("hello")) }))
	defer there.Close()
	here := httptest.NewServer(http.RedirectHandler(there.URL+"/hello?signature=secret", http.StatusFound))
	defer here.Close()
	r := newRecorder(t)
	r.download(t, here.URL+"/x")
	files := r.below(r.root.SpanContext().SpanID())
	require.Len(t, files, 1)
	requests := r.below(files[0].SpanContext.SpanID())
	require.Len(t, requests, 1)
	require.Equal(t, there.URL, attributes(requests[0])["littledl.answered_by"])
	require.Equal(t, here.URL+"/x", attributes(requests[0])["url.full"])
}

// TestEveryKindOfEvent: no span stays open and none ends twice, whatever is told.
func TestEveryKindOfEvent(t *testing.T) {
	t.Parallel()
	r := newRecorder(t)
	now := time.Now()
	hear := func(task string, kind littledl.EventKind, change func(*littledl.Event)) {
		now = now.Add(time.Second)
		e := littledl.Event{Kind: kind, Time: now, TaskID: task, Source: "http://a.test/x", Origin: "http://a.test:80"}
		if change != nil {
			change(&e)
		}
		r.Hear(e)
	}
	request := func(n, length int64) func(*littledl.Event) {
		return func(e *littledl.Event) { e.Request, e.Length = n, length }
	}
	why := errors.New("why not")
	hear("never", littledl.EventCancelled, func(e *littledl.Event) { e.Err = littledl.ErrCancelled })
	hear("a", littledl.EventStarted, nil)
	hear("a", littledl.EventRequest, request(1, 0))
	hear("a", littledl.EventRequest, request(2, -1))
	hear("a", littledl.EventPaused, nil)
	hear("a", littledl.EventRestart, func(e *littledl.Event) { e.Length, e.Err = 7, why })
	hear("a", littledl.EventSource, func(e *littledl.Event) { e.Err = why })
	hear("a", littledl.EventReused, nil)
	hear("", littledl.EventHostDown, func(e *littledl.Event) { e.Err = why })
	hear("a", littledl.EventCancelled, func(e *littledl.Event) { e.Err = littledl.ErrCancelled })
	hear("a", littledl.EventResponse, request(1, -1))
	hear("b", littledl.EventStarted, nil)
	hear("b", littledl.EventRequest, request(3, 10))
	r.Close()
	r.Close()

	files := r.below(r.root.SpanContext().SpanID())
	require.Len(t, files, 2)
	names := []string{}
	for _, e := range files[0].Events {
		names = append(names, e.Name)
	}
	require.Equal(t, []string{"paused", "restart", "source", "reused"}, names)
	require.Equal(t, "cancelled", attributes(files[0])["error.type"])
	requests := r.below(files[0].SpanContext.SpanID())
	require.Len(t, requests, 2)
	require.Equal(t, "HEAD", requests[0].Name)
	require.Equal(t, "GET", requests[1].Name)
	require.NotContains(t, attributes(requests[1]), "littledl.range.length")
	require.Len(t, r.below(files[1].SpanContext.SpanID()), 1)
}
