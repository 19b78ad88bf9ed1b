package littledl

import (
	"cmp"
	"fmt"
	"time"

	"github.com/littledl/littledl/internal/batch"
	"github.com/littledl/littledl/internal/health"
	"github.com/littledl/littledl/internal/origin"
	"github.com/littledl/littledl/internal/transfer"
)

// Limits are how much there is at once. 0 means what it means where it is configured.
type Limits struct {
	MaxConcurrentFiles    int   // WithMaxConcurrentFiles; 0: 5
	MaxConnections        int   // DownloadConfig.MaxConnections; 0: concurrent files times chunks per file
	MaxConnectionsPerHost int   // DownloadConfig.MaxConnectionsPerHost; 0: no cap of its own
	MaxTotalThreads       int   // WithMaxTotalThreads, of the enhanced downloader; 0: 15
	MaxSpeed              int64 // DownloadConfig.MaxSpeed, in bytes per second; 0: unlimited
}

// Limits returns what was set, by options or by SetLimits.
func (d *BatchDownloader) Limits() Limits { return *d.set.limits.Load() }

// SetLimits has other limits hold: at once while Start runs, and for the next one. Where more is
// under way than is allowed nothing new begins until enough of it has ended by itself. What was
// learned of hosts stays: one that has refused requests is asked for no more than it bears. It
// does not wait, and may be called from callbacks. A negative value or one above 32,768 (of
// MaxSpeed: a negative one), and MaxTotalThreads for the plain downloader unless it is 0, are
// ErrInvalidOption; after Stop it is ErrStopped. Then nothing has changed.
func (d *BatchDownloader) SetLimits(l Limits) error {
	if err := l.check(d.set.enhanced); err != nil {
		return err
	}
	return d.control.Adjust(func() {
		d.set.limits.Store(&l)
		d.table.SetPlaces(d.set.bounds().Places)
	}, func(r *batch.Run) { r.SetLimits(d.set.bounds()) })
}

func (l Limits) check(enhanced bool) error {
	if l.MaxTotalThreads != 0 && !enhanced {
		return invalidOption("Limits.MaxTotalThreads is for EnhancedBatchDownloader; leave it 0")
	}
	return cmp.Or(
		inRange("Limits.", maxLimit, map[string]int{
			"MaxConcurrentFiles": l.MaxConcurrentFiles, "MaxConnections": l.MaxConnections,
			"MaxConnectionsPerHost": l.MaxConnectionsPerHost, "MaxTotalThreads": l.MaxTotalThreads,
		}),
		inRange("Limits.", 0, map[string]int64{"MaxSpeed": l.MaxSpeed}),
	)
}

// HostConfig is what is to hold for a host, or for one of its origins, with either downloader. The
// zero value, the default, changes nothing.
type HostConfig struct {
	// MaxConnections bounds the requests in flight, within all other limits. 0: as many as
	// MaxConnectionsPerHost allows, for each scheme and port.
	MaxConnections int
	// MaxSpeed bounds what comes from there, in bytes per second. 0: unlimited.
	MaxSpeed int64
	// Interval is the least time between the beginnings of two requests, of which HEADs, retries
	// and hops of redirects are some. No slot is held meanwhile. 0: none.
	Interval time.Duration
	// NoRange has files asked for whole, each in one request, and begun anew where that breaks
	// off: also where another host redirects there.
	NoRange bool
	// NoHead has nothing asked for by HEAD.
	NoHead bool
}

func checkHosts(hosts map[string]HostConfig) error {
	for key, h := range hosts {
		of := fmt.Sprintf("Hosts[%.100q].", key)
		err := cmp.Or(
			inRange(of, maxLimit, map[string]int{"MaxConnections": h.MaxConnections}),
			inRange(of, 0, map[string]int64{"MaxSpeed": h.MaxSpeed}),
			inRange(of, maxTime, map[string]time.Duration{"Interval": h.Interval}),
		)
		if err != nil {
			return err
		}
	}
	if _, err := rulesOf(hosts); err != nil {
		return invalidOption("Hosts: %w", err)
	}
	return nil
}

func rulesOf(hosts map[string]HostConfig) (origin.Rules, error) {
	given := make(map[string]origin.Rule, len(hosts))
	for key, h := range hosts {
		given[key] = origin.Rule{Most: h.MaxConnections, Speed: h.MaxSpeed, Interval: h.Interval, NoRange: h.NoRange, NoHead: h.NoHead}
	}
	return origin.NewRules(given)
}

// WithMaxSpeed bounds how fast the file comes, in bytes per second, over all of its requests:
// within the limits of its hosts and of the batch. 0: unlimited. A negative one is
// ErrInvalidOption. For both downloaders; the default is 0.
func WithMaxSpeed(bytesPerSecond int64) URLOption {
	return func(o *urlOptions) error {
		if bytesPerSecond < 0 {
			return invalidOption("WithMaxSpeed(%d); it must not be negative", bytesPerSecond)
		}
		o.Say().MaxSpeed = bytesPerSecond
		return nil
	}
}

// HostState is what the latest requests have shown of an origin.
type HostState string

const (
	HostUp      HostState = "up"      // it serves
	HostBusy    HostState = "busy"    // it answers, and refuses all that it is asked
	HostDown    HostState = "down"    // it cannot be reached, or answers nobody
	HostUnheard HostState = "unheard" // it has not served anything yet
)

// HostStats is what is known of an origin: a scheme, host and port that was asked for something.
type HostStats struct {
	Origin    string // as DownloadConfig.AcquireHost has it
	State     HostState
	Until     time.Time     // when it is asked again; zero: it may be now
	Allowed   int           // requests that it may have in flight now
	InFlight  int           // that it has
	Speed     float64       // bytes per second, smoothed; 0 while paused and when nothing runs
	Bytes     int64         // of files, since Start
	RoundTrip time.Duration // from a request to the head of its answer, smoothed; 0: not known
	Protocol  string        // of the latest answer: "HTTP/1.1", "HTTP/2.0"; "": there was none
}

// GetHosts returns what is known of the origins of the Start that runs, or else of the last one
// as it was at its end, in the order of their names. It is nil before the first.
func (d *BatchDownloader) GetHosts() []HostStats {
	states := [...]HostState{health.Unheard: HostUnheard, health.Up: HostUp, health.Busy: HostBusy, health.Down: HostDown}
	var all []HostStats
	for _, o := range d.control.Origins() {
		all = append(all, HostStats{
			Origin: o.Name, State: states[o.State], Until: o.Until, Allowed: o.Allowed, InFlight: o.InFlight,
			Speed: o.Speed, Bytes: o.Bytes, RoundTrip: o.RoundTrip, Protocol: o.Protocol,
		})
	}
	return all
}

// Segment is a stretch [Start, End) of a file, of which Done bytes are on the disk.
type Segment struct {
	Start, End int64  // End is -1 for the last one while the size is unknown
	Done       int64  // from Start on, where a request is under way
	Source     string // the URL that brings it, or has, as given; "": nobody yet, or an earlier process
}

// GetSegments returns the stretches of the file of a task in transfer, in order: those that requests
// are under way for, those that are there, and those that nobody has begun. Together they are the
// whole file, and their Done is what is on the disk. A task that is not in transfer, since it
// waits or has ended, has nil. An ID of no task is ErrUnknownTask.
func (d *BatchDownloader) GetSegments(taskID string) ([]Segment, error) {
	t, err := d.task(taskID)
	if err != nil {
		return nil, err
	}
	f, ok := d.table.Held(t).(*transfer.File)
	if !ok {
		return nil, nil
	}
	var all []Segment
	for _, s := range f.Segments() {
		all = append(all, Segment(s))
	}
	return all, nil
}
