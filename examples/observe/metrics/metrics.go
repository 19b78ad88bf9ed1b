// Package metrics is a Prometheus collector for a downloader: what its batch, its hosts and its
// requests do, as numbers that a dashboard or an alert can be made of.
//
// What a downloader knows by itself (GetStats, GetHosts) is asked for when it is scraped, so a
// scrape never disagrees with the program. What has happened is counted from events. Labels have
// few values: outcomes, states, classes of statuses, and as many hosts as told; no URL is one.
package metrics

import (
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/littledl/littledl"
)

// Batch is what is asked of a downloader; both kinds have it.
type Batch interface {
	GetStats() littledl.BatchStats
	GetHosts() []littledl.HostStats
}

// maxHosts is how many hosts have series of their own; the others share those of "other".
const maxHosts = 50

// Collector is a prometheus.Collector. Make it before the downloader, give its Hear to
// littledl.WithEvents, and the downloader to Watch.
type Collector struct {
	ended    *prometheus.CounterVec
	duration *prometheus.HistogramVec
	requests *prometheus.CounterVec
	wait     *prometheus.HistogramVec
	retries  *prometheus.CounterVec
	sources  prometheus.Counter
	again    prometheus.Counter
	counted  []prometheus.Collector // all of these

	mu    sync.Mutex
	batch Batch
	hosts map[string]bool // that have series of their own

	// Only Hear knows these: what is under way.
	files map[string]time.Time // by task, since when
	asked map[int64]request
}

type request struct {
	task, origin string
	at           time.Time
}

// New makes a Collector.
func New() *Collector {
	c := &Collector{
		ended: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "littledl_files_ended_total", Help: "Files that have ended, by outcome and by how they were fetched: single or multi (requests), or none.",
		}, []string{"outcome", "style"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "littledl_file_duration_seconds", Help: "Time from a file's turn to its end.",
			Buckets: prometheus.ExponentialBuckets(0.05, 4, 9), // to an hour
		}, []string{"outcome"}),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "littledl_requests_total", Help: "Requests whose answer's head has come, by class of status; error: none has come.",
		}, []string{"host", "status"}),
		wait: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "littledl_response_wait_seconds", Help: "Time from a request to the head of its answer.",
			Buckets: prometheus.ExponentialBuckets(0.005, 2.5, 10), // to 19 s
		}, []string{"host"}),
		retries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "littledl_retries_total", Help: "Requests that followed a failed attempt.",
		}, []string{"host"}),
		sources: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "littledl_sources_left_total", Help: "Sources of files that were given up for others.",
		}),
		again: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "littledl_refetched_bytes_total", Help: "Bytes that were there and had to be fetched again.",
		}),
		hosts: map[string]bool{}, files: map[string]time.Time{}, asked: map[int64]request{},
	}
	c.counted = []prometheus.Collector{c.ended, c.duration, c.requests, c.wait, c.retries, c.sources, c.again}
	return c
}

// Watch has the collector ask this downloader, before which it has counts alone.
func (c *Collector) Watch(b Batch) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.batch = b
}

// Hear takes the next event. It waits for nothing.
func (c *Collector) Hear(e littledl.Event) {
	switch e.Kind {
	case littledl.EventStarted:
		c.files[e.TaskID] = e.Time
	case littledl.EventRequest:
		c.asked[e.Request] = request{e.TaskID, e.Origin, e.Time}
	case littledl.EventResponse:
		c.answered(e)
	case littledl.EventRetry:
		c.retries.WithLabelValues(c.label(e.Origin)).Inc()
	case littledl.EventSource:
		c.sources.Inc()
	case littledl.EventRestart:
		c.again.Add(float64(e.Length))
	case littledl.EventCompleted, littledl.EventFailed, littledl.EventCancelled:
		c.end(e)
	}
}

func (c *Collector) answered(e littledl.Event) {
	r, ok := c.asked[e.Request]
	if !ok {
		return
	}
	delete(c.asked, e.Request)
	host := c.label(r.origin)
	status := "error"
	if e.Err == nil {
		status = fmt.Sprintf("%dxx", e.Status/100)
		c.wait.WithLabelValues(host).Observe(e.Time.Sub(r.at).Seconds())
	}
	c.requests.WithLabelValues(host, status).Inc()
}

func (c *Collector) end(e littledl.Event) {
	outcome := string(e.Kind)
	c.ended.WithLabelValues(outcome, style(e.Task)).Inc()
	if since, ok := c.files[e.TaskID]; ok { // else its turn had not come
		delete(c.files, e.TaskID)
		c.duration.WithLabelValues(outcome).Observe(e.Time.Sub(since).Seconds())
	}
	if e.Kind == littledl.EventCancelled { // it may have been removed, and is told of no answer any more
		maps.DeleteFunc(c.asked, func(_ int64, r request) bool { return r.task == e.TaskID })
	}
}

// style says over how many requests a file came, those apart that had to be made again.
func style(t littledl.FileTask) string {
	switch {
	case t.Reused || t.Chunks == 0:
		return "none"
	case t.Chunks-t.RetryCount <= 1:
		return "single"
	}
	return "multi"
}

// label is a host's own name, or "other" where too many have one.
func (c *Collector) label(origin string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.hosts[origin] {
		if len(c.hosts) >= maxHosts {
			return "other"
		}
		c.hosts[origin] = true
	}
	return origin
}
