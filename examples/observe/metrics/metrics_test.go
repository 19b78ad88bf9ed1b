package metrics_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/examples/internal/origin"
	"github.com/littledl/littledl/examples/observe/metrics"
)

// gather are the values of all series by name and labels; of histograms, how much they have seen.
func gather(t *testing.T, c prometheus.Collector) map[string]float64 {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	require.NoError(t, registry.Register(c))
	families, err := registry.Gather()
	require.NoError(t, err)
	all := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, l.GetName()+"="+l.GetValue())
			}
			v := m.GetGauge().GetValue() + m.GetCounter().GetValue() + float64(m.GetHistogram().GetSampleCount())
			all[strings.TrimSuffix(f.GetName()+" "+strings.Join(labels, " "), " ")] = v
		}
	}
	return all
}

func TestValuesAreThoseOfTheBatch(t *testing.T) {
	t.Parallel()
	server, err := origin.Start(origin.Config{})
	require.NoError(t, err)
	defer server.Close()
	tries := 0
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if tries++; tries == 1 {
			http.Error(w, "not now", http.StatusInternalServerError)
			return
		}
		_, _ = w.Write([]byte("hello"))
	}))
	defer other.Close()
	c := metrics.New()
	d, err := littledl.NewEnhancedBatchDownloader(littledl.WithEvents(c.Hear),
		littledl.WithConfig(littledl.DownloadConfig{Retry: littledl.RetryConfig{BaseDelay: time.Millisecond}}))
	require.NoError(t, err)
	c.Watch(d)
	dir := t.TempDir()
	_, err = d.AddURLs([]string{
		server.URL("a", 1000), server.URL("b", 2000), server.URL("large", 12<<20), other.URL + "/hello",
		strings.Replace(server.URL("gone", 1), "/1/", "/no/", 1),
	}, dir)
	require.NoError(t, err)
	require.Error(t, d.Start(t.Context()))

	s, got := d.GetStats(), gather(t, c)
	require.Equal(t, 4, s.CompletedFiles)
	for name, want := range map[string]float64{
		"files state=completed":           float64(s.CompletedFiles),
		"files state=failed":              float64(s.FailedFiles),
		"files state=active":              float64(s.ActiveFiles),
		"files state=pending":             float64(s.PendingFiles),
		"files state=cancelled":           0,
		"downloaded_bytes":                float64(s.DownloadedBytes),
		"expected_bytes":                  float64(s.TotalBytes),
		"received_bytes_total":            float64(s.ReceivedBytes),
		"reused_files":                    float64(s.ReusedFiles),
		"reused_bytes":                    float64(s.BytesSaved),
		"progress_ratio":                  s.ProgressPercent / 100,
		"speed_bytes_per_second":          s.OverallSpeed,
		"requests_allowed":                float64(s.CurrentConcurrency),
		"paused":                          0,
		"retries_total host=" + other.URL: 1,
		"requests_total host=" + other.URL + " status=5xx": 1,
		"requests_total host=" + other.URL + " status=2xx": 1,
		"response_wait_seconds host=" + other.URL:          2,
		"files_ended_total outcome=failed style=single":    1,
		"files_ended_total outcome=completed style=multi":  1,
		"file_duration_seconds outcome=completed":          4,
		"host_state host=" + other.URL + " state=up":       1,
		"host_state host=" + other.URL + " state=down":     0,
	} {
		require.Contains(t, got, "littledl_"+name)
		require.InDelta(t, want, got["littledl_"+name], 1e-9, name)
	}
	saw := server.Stats()
	host := strings.TrimSuffix(server.URL("", 0), "/0/")
	require.Equal(t, saw.Requests, int64(got["littledl_requests_total host="+host+" status=2xx"]+got["littledl_requests_total host="+host+" status=4xx"]),
		"each request that the server has seen")
	hosts := d.GetHosts()
	require.Len(t, hosts, 2)
	for _, h := range hosts {
		require.Equal(t, float64(h.Bytes), got["littledl_host_received_bytes_total host="+h.Origin])
		require.Equal(t, float64(h.Allowed), got["littledl_host_requests_allowed host="+h.Origin])
		require.Equal(t, h.RoundTrip.Seconds(), got["littledl_host_round_trip_seconds host="+h.Origin])
	}
	for name := range got {
		require.NotContains(t, name, "/hello", "no URL is a label")
	}
}

func TestConventions(t *testing.T) {
	t.Parallel()
	c := metrics.New()
	c.Watch(many(3))
	hear(c, "http://a.test:80", 1)
	registry := prometheus.NewRegistry()
	require.NoError(t, registry.Register(c))
	problems, err := testutil.GatherAndLint(registry)
	require.NoError(t, err)
	require.Empty(t, problems)
}

// hear has a request fail that is tried again, and its file end.
func hear(c *metrics.Collector, origin string, n int64) {
	task := fmt.Sprint(n)
	for _, e := range []littledl.Event{
		{Kind: littledl.EventStarted, TaskID: task},
		{Kind: littledl.EventRequest, TaskID: task, Origin: origin, Request: n},
		{Kind: littledl.EventResponse, TaskID: task, Origin: origin, Request: n, Status: 503},
		{Kind: littledl.EventRetry, TaskID: task, Origin: origin},
		{Kind: littledl.EventRequest, TaskID: task, Origin: origin, Request: n + 1},
		{Kind: littledl.EventSource, TaskID: task, Origin: origin},
		{Kind: littledl.EventRestart, TaskID: task, Length: 5},
		{Kind: littledl.EventCancelled, TaskID: task},
	} {
		c.Hear(e)
	}
}

// many is a batch with so many hosts.
type many int

func (m many) GetStats() littledl.BatchStats { return littledl.BatchStats{} }

func (m many) GetHosts() (all []littledl.HostStats) {
	for i := range int(m) {
		all = append(all, littledl.HostStats{Origin: fmt.Sprintf("http://%d.test:80", i), State: littledl.HostUp, Bytes: 1, RoundTrip: time.Second})
	}
	return all
}

// TestManyHosts: a crawl of a thousand hosts is not ten thousand series, and no byte is lost.
func TestManyHosts(t *testing.T) {
	t.Parallel()
	c := metrics.New()
	c.Watch(many(1000))
	for i := range int64(1000) {
		hear(c, fmt.Sprintf("http://%d.test:80", i), 2*i+1)
	}
	got := gather(t, c)
	require.Less(t, len(got), 700)
	bytes, retries := 0.0, 0.0
	for name, v := range got {
		if strings.HasPrefix(name, "littledl_host_received_bytes_total ") {
			bytes += v
		}
		if strings.HasPrefix(name, "littledl_retries_total ") {
			retries += v
		}
	}
	require.Equal(t, 1000.0, bytes)
	require.Equal(t, 1000.0, retries)
	require.Equal(t, 950.0, got["littledl_host_received_bytes_total host=other"])
}

// TestScrapedMeanwhile is for the race detector.
func TestScrapedMeanwhile(t *testing.T) {
	t.Parallel()
	c := metrics.New()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range int64(200) {
			hear(c, fmt.Sprintf("http://%d.test:80", i), 2*i+1)
		}
	}()
	for range 20 {
		c.Watch(many(60))
		gather(t, c)
	}
	<-done
}
