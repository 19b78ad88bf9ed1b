package littledl

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

// EnhancedBatchDownloader is a BatchDownloader with other policies plugged into the
// same loop: a StrategySelector says how each file is fetched, one global budget
// of requests in flight is shared out by a DynamicStyleAllocator, a file may have
// backup URLs, and content that is at hand already is not fetched again.
// NewEnhancedBatchDownloader makes one; the zero value is of no use.
type EnhancedBatchDownloader struct {
	*BatchDownloader
}

// NewEnhancedBatchDownloader makes a downloader; errors as NewBatchDownloader.
func NewEnhancedBatchDownloader(opts ...Option) (*EnhancedBatchDownloader, error) {
	set, err := newSettings(append([]Option{enhancedDefaults}, opts...))
	if err != nil {
		return nil, err
	}
	if set.selector == nil {
		if set.selector, err = NewStrategySelector(); err != nil {
			return nil, err
		}
	}
	return &EnhancedBatchDownloader{newDownloader(set)}, nil
}

func enhancedDefaults(s *settings) error {
	s.enhanced, s.threads, s.threshold = true, 15, mib
	s.multiSource, s.adaptiveSpeed = true, true
	return nil
}

// enhancedOption is an Option that the plain downloader refuses.
func enhancedOption(name string, set func(*settings) error) Option {
	return func(s *settings) error {
		if !s.enhanced {
			s.enhancedOnly = name
		}
		return set(s)
	}
}

// WithMaxTotalThreads bounds the requests in flight over all files: 15. A
// DownloadConfig.MaxConnections that is given bounds them, too.
func WithMaxTotalThreads(n int) Option {
	return enhancedOption("WithMaxTotalThreads", func(s *settings) error {
		s.threads = n
		return atLeastOne("WithMaxTotalThreads", n)
	})
}

// WithSmallFileThreshold sets the size in bytes below which files go first, in one
// request each: 1 MiB. 0: there are no such files.
func WithSmallFileThreshold(bytes int64) Option {
	return enhancedOption("WithSmallFileThreshold", func(s *settings) error {
		if bytes < 0 {
			return invalidOption("WithSmallFileThreshold(%d); it must not be negative", bytes)
		}
		s.threshold = bytes
		return nil
	})
}

// WithExistingFileReuse keeps or copies files that provably have the content asked
// for: true. Off, everything is fetched.
func WithExistingFileReuse(on bool) Option {
	return enhancedOption("WithExistingFileReuse", func(s *settings) error { s.noReuse = !on; return nil })
}

// WithMultiSource uses backup URLs: true. Off, only the first URL of a file is asked.
func WithMultiSource(on bool) Option {
	return enhancedOption("WithMultiSource", func(s *settings) error { s.multiSource = on; return nil })
}

// WithTrustedMirrors uses a file's sources at once even where no digest is known,
// after comparing size, validators and 64 KiB each of the beginning, the middle and the
// end: false. That is a weaker promise: a mirror that differs elsewhere is not found
// out. Of one request at a time (WithMaxTotalThreads(1)) no second source has a part.
func WithTrustedMirrors(on bool) Option {
	return enhancedOption("WithTrustedMirrors", func(s *settings) error { s.trusted = on; return nil })
}

// WithAdaptiveSpeed moves the global budget between 1 and WithMaxTotalThreads, by what
// the hosts in use are seen to bear: true. Off, it stays.
func WithAdaptiveSpeed(on bool) Option {
	return enhancedOption("WithAdaptiveSpeed", func(s *settings) error { s.adaptiveSpeed = on; return nil })
}

// WithSelector decides how files are fetched; nil: the default selector.
func WithSelector(sel *StrategySelector) Option {
	return enhancedOption("WithSelector", func(s *settings) error { s.selector = sel; return nil })
}

// WithBackupURLs names further sources of the same file, in order of preference. It
// is for the enhanced downloader; the plain one refuses it with ErrInvalidOption. One that
// is no http or https URL is ErrInvalidURL. Headers given with WithHeader are not sent
// there; DownloadConfig.OriginHeaders are, to their own origin.
func WithBackupURLs(urls ...string) URLOption {
	return func(o *urlOptions) error {
		for _, u := range urls {
			if err := checkURL(u); err != nil {
				return fmt.Errorf("backup URL: %w", err)
			}
		}
		o.backups = append([]string(nil), urls...)
		return nil
	}
}

// FileReuseStats says what looking for content at hand has brought.
type FileReuseStats struct {
	Checks              int    // files looked at for a task, each once
	Hits, Misses        int    // of those: had the content, and had not
	BytesSaved          int64  // of verified hits only
	BytesSavedFormatted string // such as "12 MiB"
}

// GetFileReuseStats returns the counts since the downloader was made.
func (d *EnhancedBatchDownloader) GetFileReuseStats() FileReuseStats {
	c := &d.reuse
	s := FileReuseStats{Checks: int(c.checks.Load()), Hits: int(c.hits.Load()), BytesSaved: c.saved.Load()}
	s.Misses = s.Checks - s.Hits
	s.BytesSavedFormatted = formatBytes(s.BytesSaved)
	return s
}

type reuseCounts struct {
	checks, hits atomic.Int64
	saved        atomic.Int64
}

func (c *reuseCounts) hit(size int64) {
	c.hits.Add(1)
	c.saved.Add(size)
}

// formatBytes words a size in binary units.
func formatBytes(n int64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"}
	v, i := float64(n), 0
	for v >= 1024 && i < len(units)-1 {
		v /= 1024
		i++
	}
	if i == 0 || v >= 100 {
		return fmt.Sprintf("%.0f %s", v, units[i])
	}
	return fmt.Sprintf("%.3g %s", v, units[i])
}

// sharing is the enhanced downloader's side of a run: the global budget, and what
// the selector says of each file.
type sharing struct {
	r     *run
	alloc *DynamicStyleAllocator
}

// hintsID is who HEADs take their slots for.
const hintsID = "hints"

func newSharing(r *run) (*sharing, error) {
	set := r.d.set
	alloc, err := NewDynamicStyleAllocator(set.selector, set.files+1, set.threads)
	if err != nil {
		return nil, err
	}
	s := &sharing{r: r, alloc: alloc}
	// There is room, so it does not wait; a context that has ended already ends the tasks.
	_, err = alloc.AddFile(context.WithoutCancel(r.ctx), FileRequest{FileID: hintsID, Size: -1, Priority: 1 << 30})
	r.pool.share = s
	return s, err
}

// acquire takes a slot of the global budget for a file; nil: for a hint.
func (s *sharing) acquire(ctx context.Context, f *file) (func(), error) {
	if f == nil {
		return s.alloc.Acquire(ctx, hintsID)
	}
	return s.alloc.Acquire(ctx, f.id)
}

// try is acquire where a slot is free at once.
func (s *sharing) try(f *file) (func(), bool) { return s.alloc.tryAcquire(f.id) }

// files is how many are in transfer.
func (s *sharing) files() int { return max(s.alloc.GetStats().Files-1, 1) } // hints are no file

// enter and leave frame a file's transfer.
func (s *sharing) enter(f *file) error {
	_, err := s.alloc.AddFile(s.r.ctx, FileRequest{FileID: f.id, URL: f.t.url, Size: -1, SupportsRange: true, Priority: int(f.priority)})
	return err
}

func (s *sharing) leave(f *file) { s.alloc.RemoveFile(f.id) }

// decide says how a file is fetched once its headers are in: how many segments it is
// cut into, how many workers begin, and how many there may be.
func (s *sharing) decide(f *file, size int64) (segments, begin, limit int) {
	if size < s.r.d.set.threshold {
		return 1, 1, 1
	}
	p := s.r.d.set.selector.AnalyzeFile(f.t.url, size, true)
	d := s.alloc.decide(f.id, p, f.sources[f.current].host.profile())
	n := max(d.RecommendedChunks, 1)
	switch d.Style {
	case StyleSingle:
		return 1, 1, 1
	case StyleMulti:
		return n, min(n, f.limit), min(n, f.limit)
	}
	f.thrifty = true
	// As many at once as have paid for a file of this host before, while they are idle;
	// where many files share the budget, no more pieces than a file will have slots for.
	files := s.files()
	n = max(n, min(f.sources[f.current].host.worth(), n+f.r.idleSlots()/files, s.r.d.set.selector.max))
	n = min(n, max(chunksFor(size), (s.r.d.set.threads+files-1)/files))
	begin = min(n, f.limit)
	return n - n%begin, begin, f.limit // as many for each
}

// tick lets shares follow the time that files have left, and the budget what the
// hosts bear.
func (s *sharing) tick(files []*file) {
	for _, f := range files {
		if remaining, speed, ok := f.outlook(); ok {
			_ = s.alloc.UpdateFile(f.id, remaining, speed) // it may just have left
		}
	}
	set := s.r.d.set
	if set.adaptive && set.adaptiveSpeed {
		_ = s.alloc.Resize(max(1, min(set.threads, s.r.pool.allowed())))
	}
}

// outlook is what a file has left and how fast it goes.
func (f *file) outlook() (remaining int64, speed float64, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.pin == nil || f.pin.Size < 0 {
		return 0, 0, false
	}
	for _, s := range f.running {
		speed += s.rate
	}
	return f.pin.Size - f.done.Len(), speed, true
}

// profile is what has been measured of a host by its large files.
func (h *host) profile() NetworkProfile {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.network
}

// learn remembers a large file's transfer.
func (h *host) learn(n NetworkProfile) {
	h.mu.Lock()
	n.RTT = h.setup
	h.network = n
	h.mu.Unlock()
}

// observeLocked notes what the file's connections show of the network: the speed of
// all of them while they flow steadily, and of the fastest alone.
func (f *file) observeLocked(now time.Time) {
	if f.parallel { // of several hosts, which tells nothing of any
		return
	}
	flowing, total := 0, 0.0
	for _, s := range f.running {
		if s.firstByte.IsZero() || now.Sub(s.firstByte) < 3*tickTime {
			continue
		}
		flowing++
		total += s.rate
		f.network.MaxSpeed = max(f.network.MaxSpeed, s.rate)
	}
	if flowing > 0 && flowing == len(f.running) {
		f.network.Connections, f.network.TotalSpeed = flowing, total
	}
}

// learned tells the host what a file's transfer has shown of it.
func (f *file) learned() {
	f.mu.Lock()
	n, src := f.network, f.sources[f.current]
	f.mu.Unlock()
	if n.Connections > 0 {
		n.Stability = 1
		src.host.learn(n)
	}
}
