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
	"github.com/littledl/littledl/internal/segment"
	"github.com/littledl/littledl/internal/sink"
	"github.com/littledl/littledl/internal/strategy"
	"github.com/littledl/littledl/internal/task"
	"github.com/littledl/littledl/internal/transfer"
)

// newRun wires a Start: what the caller has configured becomes what each part has to know.
func (d *BatchDownloader) newRun(ctx context.Context, stay bool) (r *batch.Run) {
	set, cfg, now := d.set, d.set.cfg, d.set.bounds()
	limits := health.Limits{Base: cfg.Retry.BaseDelay, MaxDelay: cfg.Retry.MaxDelay, MaxElapsed: cfg.Retry.MaxElapsed}
	var events event.Sink
	if set.events != nil {
		events = func(e event.Event) { r.Hear(e) }
	}
	decoders, _ := transfer.Decoders(cfg.Decoders) // they were checked
	c := batch.Config{
		Table: d.table, Slots: budget.New(now.Slots), Tell: listener{d}, Limits: now, SmallFirst: set.smallFirst,
		Stay: stay, Interval: cfg.ProgressInterval, Cut: cut, Class: strategy.Pieces, Locked: cfg.WaitForLock > 0, Logger: cfg.Logger,
	}
	rules, _ := rulesOf(cfg.Hosts) // they were checked, too
	o := origin.Config{
		Slots: c.Slots, Most: now.PerHost, InAll: now.Connections, Adaptive: set.adaptive, Limits: limits, Served: &d.served,
		Events: events, Streams: set.streams(), Rules: rules, Enter: cfg.AcquireHost,
	}
	if set.enhanced {
		c.Share = batch.NewSharing(now.Connections, set.adaptive && set.adaptiveSpeed)
		c.Cut, o.Share = set.cutBy(c.Share), c.Share.Pool()
	}
	client := set.newClient(limits, rules, decoders, events)
	dirs := disk.NewDirs(partfile.WithRoom(set.openDir, client.MakeRoom))
	c.Engine = transfer.Engine{
		Table: d.table, Dirs: dirs, Index: d.index, Reuse: &d.reuse, Origins: origin.NewTable(o),
		Client: client, Limiter: pace.New(now.Speed), Decoders: decoders, Plans: &set.plans, Disk: &set.onDisk, Reorder: sink.NewBudget(cfg.MaxReorder),
		Limits:   recovery.NewLimits(limits, cfg.Retry.MaxRetries, now.PerFile, set.plans.Least),
		FirstAsk: set.firstAsk(), Small: strategy.Small, MaxFileSize: cfg.MaxFileSize, Stall: cfg.StallTimeout,
		Slowest: transfer.Slowest{Speed: cfg.MinSpeed, Time: cfg.MinSpeedTime}, Shared: set.enhanced, TrustModTime: cfg.TrustModTime, TrustMirrors: set.trusted,
		Events: events, Search: set.searches(), Logs: cfg.Logger != nil, Traces: set.traces,
	}
	r = batch.New(ctx, c)
	return r
}

// cut says how a file is fetched, and over how many connections at most.
func cut(c transfer.Cut) (segment.Layout, int) { return strategy.Plain(c.Size, c.Limit), c.Limit }

// newClient is what makes the requests of a Start.
func (s *settings) newClient(limits health.Limits, rules origin.Rules, decoders map[string]transfer.Decoder, events event.Sink) *exchange.Client {
	c := s.cfg.client()
	c.Connections, c.Forbids = s.bounds().Connections, rules.Forbids()
	return exchange.New(exchange.Config{
		Client: fetch.New(c), Events: events, Limits: limits, Buffer: s.cfg.BufferSize, Encoded: httprange.Policy(s.cfg.ContentEncoding),
		Decodes: func(coding string) bool { return decoders[coding] != nil },
		Status: func(code int, retryAfter time.Duration) error {
			return &StatusError{Code: code, RetryAfter: retryAfter}
		},
	})
}

// client is what is to hold for every request.
func (c DownloadConfig) client() fetch.Config {
	return fetch.Config{
		HTTPClient: c.HTTPClient, Jar: c.Jar, Proxy: c.Proxy, TLSConfig: c.TLSConfig, DialContext: c.DialContext,
		ConnectTimeout: c.ConnectTimeout, HeaderTimeout: c.HeaderTimeout, DenyPrivate: c.DenyPrivateNetworks,
		Header: c.Header, OriginHeaders: c.OriginHeaders, UserAgent: c.UserAgent,
	}
}

// listener tells the caller's callbacks.
type listener struct{ d *BatchDownloader }

// WantsFiles implements batch.Listener.
func (l listener) WantsFiles() bool {
	_, fn := l.d.callbacks()
	return fn != nil || l.d.ended != nil || l.d.set.cfg.ForgetEnded
}

// Ended implements batch.Listener.
func (l listener) Ended(s task.Snapshot) {
	d, t := l.d, s.Task
	_, fn := d.callbacks()
	if d.table.Forgotten(t) { // it was removed
		return
	}
	if fn != nil || d.ended != nil {
		f := fileTask(s)
		if d.ended != nil {
			d.ended(t, f)
		}
		if fn != nil {
			fn(f)
		}
	}
	if d.set.cfg.ForgetEnded {
		d.table.Forget(s)
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
