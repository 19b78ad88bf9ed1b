package littledl

import (
	"cmp"
	"maps"
	"net/http"
	"sync/atomic"

	"github.com/littledl/littledl/internal/batch"
	"github.com/littledl/littledl/internal/disk"
	"github.com/littledl/littledl/internal/partfile"
	"github.com/littledl/littledl/internal/recovery"
	"github.com/littledl/littledl/internal/segment"
	"github.com/littledl/littledl/internal/strategy"
)

// Option sets up a downloader. A value out of range is ErrInvalidOption when the
// downloader is made, never silently corrected.
type Option func(*settings) error

// settings is what the options add up to; after New only the limits change.
type settings struct {
	cfg          DownloadConfig
	limits       atomic.Pointer[Limits] // as they were set last
	files        int                    // as the options say
	chunks       int
	chunksGiven  bool
	adaptive     bool
	smallFirst   bool
	progress     ProgressFunc
	fileComplete FileCompleteFunc
	events       func(Event)
	// Of the enhanced downloader.
	enhanced      bool
	threads       int   // requests in flight over all files, as the options say
	threshold     int64 // bytes; smaller files go first, in one request each
	selector      *StrategySelector
	noReuse       bool
	multiSource   bool
	trusted       bool
	adaptiveSpeed bool
	enhancedOnly  string // an option given that only the enhanced downloader has

	plans   segment.Config
	onDisk  disk.Policy
	openDir func(dir, sub string) (*partfile.Dir, error) // tests bring disks of their own
	traces  func(*recovery.Trace)                        // and play again what was decided
}

func newSettings(opts []Option) (*settings, error) {
	s := &settings{files: defaultFiles, chunks: 4, adaptive: true, smallFirst: true, openDir: partfile.OpenDir}
	for _, o := range opts {
		if o == nil {
			return nil, invalidOption("nil Option")
		}
		if err := o(s); err != nil {
			return nil, err
		}
	}
	if err := s.cfg.check(); err != nil {
		return nil, err
	}
	s.limits.Store(&Limits{
		MaxConcurrentFiles: s.files, MaxConnections: s.cfg.MaxConnections, MaxConnectionsPerHost: s.cfg.MaxConnectionsPerHost,
		MaxTotalThreads: s.threads, MaxSpeed: s.cfg.MaxSpeed,
	})
	s.cfg = s.cfg.withDefaults()
	s.plans, s.onDisk = s.segments(), s.targets()
	return s, nil
}

// searches reports whether content is looked for among all files at hand.
func (s *settings) searches() bool { return s.enhanced && !s.noReuse }

// segments is what the plans of all files have in common.
func (s *settings) segments() segment.Config {
	c := segment.Config{
		Least: cmp.Or(s.cfg.MinChunkSize, mib), Part: cmp.Or(s.cfg.MinChunkSize, 64<<10), Whole: s.firstAsk(),
		Stall: s.cfg.StallTimeout, Opening: s.cfg.ConnectTimeout + s.cfg.HeaderTimeout, Stalled: ErrStalled,
	}
	if s.cfg.HTTPClient != nil { // that may know no such limits
		c.Opening = c.Stall
	}
	return c
}

// targets is what the targets of all files have in common.
func (s *settings) targets() disk.Policy {
	overwrite := [...]disk.Overwrite{
		OverwriteRename: disk.Rename, OverwriteReplace: disk.Replace, OverwriteSkip: disk.Skip, OverwriteError: disk.Refuse,
		OverwriteChanged: disk.Changed,
	}
	return disk.Policy{
		Overwrite: overwrite[s.cfg.Overwrite], Durable: s.cfg.Durable, Resume: !s.cfg.DisableResume, Reuse: !s.noReuse,
		Encoded: s.cfg.ContentEncoding == EncodingStore, OwnTime: s.cfg.IgnoreServerTime,
		Wait: s.cfg.WaitForLock,
	}
}

const (
	defaultFiles   = 5
	defaultThreads = 15
)

// bounds are what the limits come to.
func (s *settings) bounds() batch.Limits {
	l := *s.limits.Load()
	w := batch.Wanted{
		Places: cmp.Or(l.MaxConcurrentFiles, defaultFiles), Connections: l.MaxConnections, PerHost: l.MaxConnectionsPerHost,
		PerFile: s.chunks, Given: s.chunksGiven, Most: s.cfg.MaxChunks, Speed: l.MaxSpeed,
	}
	if s.enhanced {
		w.Shared = cmp.Or(l.MaxTotalThreads, defaultThreads)
	}
	return w.Limits()
}

// streams is how many requests may ride on one connection.
func (s *settings) streams() int {
	if n := s.cfg.StreamsPerConnection; n > 0 || !s.enhanced {
		return max(n, 1)
	}
	return 4
}

// firstAsk is how many bytes the first request of a file asks for.
func (s *settings) firstAsk() int64 { return max(strategy.Small, s.threshold) }

// WithConfig sets everything that DownloadConfig holds. Given twice, the later
// one counts. Maps are copied. For both downloaders; the default is its zero value.
func WithConfig(c DownloadConfig) Option {
	return func(s *settings) error {
		c.Header, c.Decoders, c.Hosts = c.Header.Clone(), maps.Clone(c.Decoders), maps.Clone(c.Hosts)
		origins := c.OriginHeaders
		c.OriginHeaders = make(map[string]http.Header, len(origins))
		for origin, h := range origins {
			c.OriginHeaders[origin] = h.Clone()
		}
		s.cfg = c
		return nil
	}
}

// WithMaxConcurrentFiles bounds how many files are in transfer at once. For both downloaders; the
// default is 5.
func WithMaxConcurrentFiles(n int) Option {
	return func(s *settings) error {
		s.files = n
		return atLeastOne("WithMaxConcurrentFiles", n)
	}
}

// WithMaxConcurrentChunksPerFile bounds how many requests of one file are in flight at
// once. A large file has as many where nobody waits for them and each has a MiB to fetch.
// A DownloadConfig.MaxChunks that is given bounds them, too. For both downloaders; the default is
// 4, and for the enhanced one its budget.
func WithMaxConcurrentChunksPerFile(n int) Option {
	return func(s *settings) error {
		s.chunks, s.chunksGiven = n, true
		return atLeastOne("WithMaxConcurrentChunksPerFile", n)
	}
}

// maxLimit is more than any of the limits can be of use for; products of two of them
// are still numbers on every machine.
const maxLimit = 1 << 15

func atLeastOne(name string, n int) error {
	if n < 1 || n > maxLimit {
		return invalidOption("%s(%d); it must be from 1 to %d", name, n, maxLimit)
	}
	return nil
}

// WithAdaptiveConcurrency lets a host that refuses requests lower its number of
// requests in flight. Off, the limits given stay as they are. For both downloaders; the default is
// true.
func WithAdaptiveConcurrency(on bool) Option {
	return func(s *settings) error { s.adaptive = on; return nil }
}

// WithSmallFilePriority lets small files go first among those of equal priority.
// Off, files go in the order they were added. For both downloaders; the default is true.
func WithSmallFilePriority(on bool) Option {
	return func(s *settings) error { s.smallFirst = on; return nil }
}

// WithProgressCallback is SetProgressCallback as an option. For both downloaders; the default is
// nil: nobody listens.
func WithProgressCallback(fn ProgressFunc) Option {
	return func(s *settings) error { s.progress = fn; return nil }
}

// WithFileCompleteCallback is SetFileCompleteCallback as an option. For both downloaders; the
// default is nil: nobody listens.
func WithFileCompleteCallback(fn FileCompleteFunc) Option {
	return func(s *settings) error { s.fileComplete = fn; return nil }
}
