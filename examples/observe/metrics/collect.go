package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/littledl/littledl"
)

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("littledl_"+name, help, labels, nil)
}

// Of GetStats.
var (
	files      = desc("files", "Files in the batch, by where they stand.", "state")
	reused     = desc("reused_files", "Files that completed with content that was at hand.")
	saved      = desc("reused_bytes", "Size of the files that completed with content that was at hand.")
	expected   = desc("expected_bytes", "Size of all files; unknown ones are estimated.")
	downloaded = desc("downloaded_bytes", "Bytes of files on the disk.")
	received   = desc("received_bytes_total", "Bytes of bodies off the network, also what came twice or was thrown away.")
	progress   = desc("progress_ratio", "How far the batch is, from 0 to 1.")
	speed      = desc("speed_bytes_per_second", "How fast bytes come, smoothed.")
	allowed    = desc("requests_allowed", "Requests that may be in flight now.")
	paused     = desc("paused", "1 while the batch is paused.")
)

// Of GetHosts.
var (
	hostState    = desc("host_state", "1 for the state that the host is in: up, busy, down or unheard.", "host", "state")
	hostAllowed  = desc("host_requests_allowed", "Requests that the host may have in flight now.", "host")
	hostInFlight = desc("host_requests_in_flight", "Requests that the host has in flight.", "host")
	hostSpeed    = desc("host_speed_bytes_per_second", "How fast bytes come from the host, smoothed.", "host")
	hostBytes    = desc("host_received_bytes_total", "Bytes of files that the host has brought since Start.", "host")
	hostTrip     = desc("host_round_trip_seconds", "From a request to the head of its answer, smoothed.", "host")
)

var asked = []*prometheus.Desc{
	files, reused, saved, expected, downloaded, received, progress, speed, allowed, paused,
	hostState, hostAllowed, hostInFlight, hostSpeed, hostBytes, hostTrip,
}

// Describe implements prometheus.Collector.
func (c *Collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range asked {
		ch <- d
	}
	for _, m := range c.counted {
		m.Describe(ch)
	}
}

// Collect implements prometheus.Collector.
func (c *Collector) Collect(ch chan<- prometheus.Metric) {
	for _, m := range c.counted {
		m.Collect(ch)
	}
	c.mu.Lock()
	b := c.batch
	c.mu.Unlock()
	if b != nil {
		sendStats(ch, b.GetStats())
		c.sendHosts(ch, b.GetHosts())
	}
}

func gauge(ch chan<- prometheus.Metric, d *prometheus.Desc, v float64, labels ...string) {
	ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
}

func counter(ch chan<- prometheus.Metric, d *prometheus.Desc, v float64, labels ...string) {
	ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, labels...)
}

func sendStats(ch chan<- prometheus.Metric, s littledl.BatchStats) {
	gauge(ch, files, float64(s.CompletedFiles), "completed")
	gauge(ch, files, float64(s.FailedFiles), "failed")
	gauge(ch, files, float64(s.ActiveFiles), "active")
	gauge(ch, files, float64(s.PendingFiles), "pending")
	gauge(ch, files, float64(s.TotalFiles-s.CompletedFiles-s.FailedFiles-s.ActiveFiles-s.PendingFiles), "cancelled")
	gauge(ch, reused, float64(s.ReusedFiles))
	gauge(ch, saved, float64(s.BytesSaved))
	gauge(ch, expected, float64(s.TotalBytes))
	gauge(ch, downloaded, float64(s.DownloadedBytes))
	counter(ch, received, float64(s.ReceivedBytes))
	gauge(ch, progress, s.ProgressPercent/100)
	gauge(ch, speed, s.OverallSpeed)
	gauge(ch, allowed, float64(s.CurrentConcurrency))
	gauge(ch, paused, number(s.Paused))
}

func (c *Collector) sendHosts(ch chan<- prometheus.Metric, all []littledl.HostStats) {
	var rest littledl.HostStats
	others := false
	for _, h := range all {
		if c.label(h.Origin) == "other" {
			others = true
			rest.Allowed += h.Allowed
			rest.InFlight += h.InFlight
			rest.Speed += h.Speed
			rest.Bytes += h.Bytes
			continue
		}
		for _, state := range []littledl.HostState{littledl.HostUp, littledl.HostBusy, littledl.HostDown, littledl.HostUnheard} {
			gauge(ch, hostState, number(h.State == state), h.Origin, string(state))
		}
		if h.RoundTrip > 0 {
			gauge(ch, hostTrip, h.RoundTrip.Seconds(), h.Origin)
		}
		sendHost(ch, h)
	}
	if rest.Origin = "other"; others {
		sendHost(ch, rest)
	}
}

// sendHost sends what can be summed over hosts.
func sendHost(ch chan<- prometheus.Metric, h littledl.HostStats) {
	gauge(ch, hostAllowed, float64(h.Allowed), h.Origin)
	gauge(ch, hostInFlight, float64(h.InFlight), h.Origin)
	gauge(ch, hostSpeed, h.Speed, h.Origin)
	counter(ch, hostBytes, float64(h.Bytes), h.Origin)
}

func number(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
