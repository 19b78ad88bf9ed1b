package littledl

import (
	"context"
	"time"

	"github.com/littledl/littledl/internal/batch"
	"github.com/littledl/littledl/internal/budget"
	"github.com/littledl/littledl/internal/disk"
	"github.com/littledl/littledl/internal/event"
	"github.com/littledl/littledl/internal/exchange"
	"github.com/littledl/littledl/internal/fetch"
	"github.com/littledl/littledl/internal/health"
	"github.com/littledl/littledl/internal/httprange"
	"github.com/littledl/littledl/internal/origin"
	"github.com/littledl/littledl/internal/pace"
	"github.com/littledl/littledl/internal/partfile"
	"github.com/littledl/littledl/internal/recovery"
	"github.com/littledl/littledl/internal/task"
	"github.com/littledl/littledl/internal/transfer"
)

// newRun wires a Start: what the caller has configured becomes what each part has to know.
func (d *BatchDownloader) newRun(ctx context.Context, stay bool) (r *batch.Run) {
	set, cfg := d.set, d.set.cfg
	limits := health.Limits{Base: cfg.Retry.BaseDelay, MaxDelay: cfg.Retry.MaxDelay, MaxElapsed: cfg.Retry.MaxElapsed}
	limiter := pace.New(cfg.MaxSpeed)
	var events event.Sink
	if set.events != nil {
		events = func(e event.Event) { r.Hear(e) }
	}
	decoders, _ := transfer.Decoders(cfg.Decoders) // they were checked
	c := batch.Config{
		Table: d.table, Slots: budget.New(set.slots()), Tell: listener{d}, Places: set.files, Connections: set.connections(), SmallFirst: set.smallFirst,
		Stay: stay, Interval: cfg.ProgressInterval, Cut: cut, Class: chunksFor, Op: opOf, Word: known, Logger: cfg.Logger,
	}
	o := origin.Config{
		Slots: c.Slots, Most: set.connections(), Adaptive: set.adaptive, Limits: limits, Served: &d.served,
		Streams: set.streams(),
	}
	if n := cfg.MaxConnectionsPerHost; n > 0 {
		o.Most = min(o.Most, n)
	}
	if set.enhanced {
		c.Share = batch.NewSharing(set.files, set.threads, set.adaptive && set.adaptiveSpeed)
		c.Cut, o.Share = set.cutBy(c.Share), c.Share.Pool()
	}
	client := set.newClient(limits, limiter, decoders, events)
	dirs := disk.NewDirs(partfile.WithRoom(set.openDir, client.MakeRoom))
	c.Engine = transfer.Engine{
		Table: d.table, Dirs: dirs, Index: d.index, Reuse: &d.reuse, Origins: origin.NewTable(o),
		Client: client, Limiter: limiter, Decoders: decoders, Plans: &set.plans, Disk: &set.onDisk,
		Limits:  recovery.NewLimits(limits, cfg.Retry.MaxRetries, set.perFile(), set.plans.Least),
		PerFile: set.perFile(), FirstAsk: set.firstAsk(), Small: smallSize, MaxFileSize: cfg.MaxFileSize, Stall: cfg.StallTimeout,
		Holding: 2*set.files + 16, Shared: set.enhanced, TrustModTime: cfg.TrustModTime, TrustMirrors: set.trusted,
		Events: events, Search: set.searches(), Logs: cfg.Logger != nil, Traces: set.traces,
	}
	r = batch.New(ctx, c)
	return r
}

// newClient is what makes the requests of a Start.
func (s *settings) newClient(limits health.Limits, limiter *pace.Limiter, decoders map[string]transfer.Decoder, events event.Sink) *exchange.Client {
	c := s.cfg
	return exchange.New(exchange.Config{
		Client: fetch.New(fetch.Config{
			HTTPClient: c.HTTPClient, Proxy: c.Proxy, TLSConfig: c.TLSConfig, DialContext: c.DialContext,
			ConnectTimeout: c.ConnectTimeout, HeaderTimeout: c.HeaderTimeout, DenyPrivate: c.DenyPrivateNetworks,
			Connections: s.connections(), Header: c.Header, OriginHeaders: c.OriginHeaders, UserAgent: c.UserAgent,
		}),
		Events: events, Limits: limits, Buffer: limiter.Burst(c.BufferSize), Encoded: httprange.Policy(c.ContentEncoding),
		Decodes: func(coding string) bool { return decoders[coding] != nil },
		Status: func(code int, retryAfter time.Duration) error {
			return &StatusError{Code: code, RetryAfter: retryAfter}
		},
	})
}

// listener tells the caller's callbacks.
type listener struct{ d *BatchDownloader }

// WantsFiles implements batch.Listener.
func (l listener) WantsFiles() bool {
	_, fn := l.d.callbacks()
	return fn != nil || l.d.ended != nil || l.d.set.cfg.ForgetEnded
}

// Ended implements batch.Listener.
func (l listener) Ended(t *task.Task) {
	d := l.d
	_, fn := d.callbacks()
	if d.table.Forgotten(t) { // it was removed
		return
	}
	if fn != nil || d.ended != nil {
		f := fileTask(d.table.Snapshot(t))
		if d.ended != nil {
			d.ended(t, f)
		}
		if fn != nil {
			fn(f)
		}
	}
	if d.set.cfg.ForgetEnded {
		d.table.Forget(t)
	}
}

// Event implements batch.Listener.
func (l listener) Event(e event.Event) { l.d.set.events(eventOf(e)) }

// Progress implements batch.Listener.
func (l listener) Progress() {
	p := l.d.GetProgress()
	if fn, _ := l.d.callbacks(); fn != nil {
		fn(p.CompletedFiles+p.FailedFiles+p.cancelled, p.TotalFiles, p.OverallSpeed, p.ETA)
	}
}
