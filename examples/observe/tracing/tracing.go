// Package tracing makes OpenTelemetry spans of the events of a batch: a span for a file, from its
// turn to its end, and within it a client span for each request.
//
// A file that took a minute says nothing of why. Its span does: which hosts were asked, for which
// bytes, how each answered, and what was waited for in between. The names of attributes are those
// of the semantic conventions, so that any backend knows them.
//
// An event tells of the head of an answer and not of the end of its body, so a request's span ends
// with the head, which the conventions allow. What breaks a body off is an event of the file's.
package tracing

import (
	"context"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/littledl/littledl"
)

// What the conventions have no name for.
const (
	TaskKey       = attribute.Key("littledl.task.id")
	OutcomeKey    = attribute.Key("littledl.outcome") // completed, failed or cancelled
	ReusedKey     = attribute.Key("littledl.reused")  // the content was at hand
	RetriesKey    = attribute.Key("littledl.retries")
	OffsetKey     = attribute.Key("littledl.range.offset") // bytes
	LengthKey     = attribute.Key("littledl.range.length") // bytes; absent: to the end
	WaitKey       = attribute.Key("littledl.wait")         // seconds
	RestartKey    = attribute.Key("littledl.restart.bytes")
	AnsweredByKey = attribute.Key("littledl.answered_by") // the origin, where redirects led elsewhere
)

// Tracer makes spans. Give its Hear to littledl.WithEvents; it is for one downloader and, as that
// calls it, for one goroutine at a time.
type Tracer struct {
	ctx    context.Context
	tracer trace.Tracer
	files  map[string]*file // by task, that have begun and not ended
}

// file is a span that is open.
type file struct {
	ctx      context.Context
	span     trace.Span
	requests map[int64]request
	resent   int  // requests so far that followed a failed one
	again    bool // the next one does
}

type request struct {
	span   trace.Span
	origin string
}

// New makes a Tracer whose spans are children of the span in ctx, if there is one.
func New(ctx context.Context, provider trace.TracerProvider) *Tracer {
	return &Tracer{
		ctx: ctx, files: map[string]*file{},
		tracer: provider.Tracer("github.com/littledl/littledl", trace.WithSchemaURL(semconv.SchemaURL)),
	}
}

// Hear takes the next event.
func (t *Tracer) Hear(e littledl.Event) {
	switch e.Kind {
	case littledl.EventStarted:
		t.begin(e)
		return
	case littledl.EventCompleted, littledl.EventFailed, littledl.EventCancelled:
		t.end(e)
		return
	}
	f := t.files[e.TaskID]
	if f == nil { // a host's, or of a task that is no more
		return
	}
	switch e.Kind {
	case littledl.EventRequest:
		f.request(t.tracer, e)
	case littledl.EventResponse:
		f.response(e)
	case littledl.EventRetry:
		f.again = true
		f.note(e, WaitKey.Float64(e.Wait.Seconds()))
	case littledl.EventRestart:
		f.note(e, RestartKey.Int64(e.Length))
	case littledl.EventSource, littledl.EventReused, littledl.EventPaused:
		f.note(e)
	}
}

// Close ends what is still open: call it once Start has returned.
func (t *Tracer) Close() {
	for id, f := range t.files {
		delete(t.files, id)
		f.end(time.Now())
	}
}

func (t *Tracer) begin(e littledl.Event) {
	f := &file{requests: map[int64]request{}}
	f.ctx, f.span = t.tracer.Start(t.ctx, "download", trace.WithTimestamp(e.Time),
		trace.WithAttributes(TaskKey.String(e.TaskID), semconv.URLFull(redacted(e.Source))))
	t.files[e.TaskID] = f
}

func (t *Tracer) end(e littledl.Event) {
	f := t.files[e.TaskID]
	if f == nil { // it was cancelled before its turn came
		return
	}
	delete(t.files, e.TaskID)
	f.span.SetAttributes(OutcomeKey.String(string(e.Kind)), RetriesKey.Int(e.Task.RetryCount))
	if e.Task.Filename != "" {
		f.span.SetAttributes(semconv.FileName(e.Task.Filename))
	}
	if e.Task.FileSize >= 0 {
		f.span.SetAttributes(semconv.FileSizeKey.Int64(e.Task.FileSize))
	}
	if e.Task.Reused {
		f.span.SetAttributes(ReusedKey.Bool(true))
	}
	if e.Err != nil {
		f.span.SetAttributes(errorType(e.Err))
		f.span.SetStatus(codes.Error, e.Err.Error())
	}
	f.end(e.Time)
}

// end also ends the requests that no answer was told of, as where a task is removed.
func (f *file) end(at time.Time) {
	for _, r := range f.requests {
		r.span.End(trace.WithTimestamp(at))
	}
	f.span.End(trace.WithTimestamp(at))
}

// note puts on the file's span what happens to it between two requests.
func (f *file) note(e littledl.Event, attributes ...attribute.KeyValue) {
	if e.Source != "" {
		attributes = append(attributes, semconv.URLFull(redacted(e.Source)))
	}
	if e.Err != nil {
		attributes = append(attributes, errorType(e.Err), semconv.ExceptionMessage(e.Err.Error()))
	}
	f.span.AddEvent(string(e.Kind), trace.WithTimestamp(e.Time), trace.WithAttributes(attributes...))
}

func (f *file) request(tracer trace.Tracer, e littledl.Event) {
	method, asked := "GET", []attribute.KeyValue{semconv.URLFull(redacted(e.Source))}
	switch {
	case e.Length == 0:
		method = "HEAD"
	case e.Length > 0:
		asked = append(asked, OffsetKey.Int64(e.Offset), LengthKey.Int64(e.Length))
	default:
		asked = append(asked, OffsetKey.Int64(e.Offset))
	}
	if f.again {
		f.again = false
		f.resent++
		asked = append(asked, semconv.HTTPRequestResendCount(f.resent))
	}
	asked = append(asked, semconv.HTTPRequestMethodKey.String(method))
	asked = append(asked, server(e.Origin)...)
	_, span := tracer.Start(f.ctx, method, trace.WithSpanKind(trace.SpanKindClient),
		trace.WithTimestamp(e.Time), trace.WithAttributes(asked...))
	f.requests[e.Request] = request{span, e.Origin}
}

func (f *file) response(e littledl.Event) {
	r, ok := f.requests[e.Request]
	if !ok {
		return
	}
	delete(f.requests, e.Request)
	if e.Err != nil {
		r.span.SetAttributes(errorType(e.Err))
		r.span.SetStatus(codes.Error, e.Err.Error())
	} else {
		r.span.SetAttributes(semconv.HTTPResponseStatusCode(e.Status))
		if name, version, ok := strings.Cut(e.Protocol, "/"); ok {
			r.span.SetAttributes(semconv.NetworkProtocolName(strings.ToLower(name)), semconv.NetworkProtocolVersion(strings.TrimSuffix(version, ".0")))
		}
		if e.Origin != r.origin {
			r.span.SetAttributes(AnsweredByKey.String(e.Origin))
		}
		if e.Status >= 400 {
			r.span.SetAttributes(statusType(e.Status))
			r.span.SetStatus(codes.Error, "")
		}
	}
	r.span.End(trace.WithTimestamp(e.Time))
}
