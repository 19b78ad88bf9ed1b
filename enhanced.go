package littledl

import (
	"fmt"

	"github.com/littledl/littledl/internal/batch"
	"github.com/littledl/littledl/internal/meter"
	"github.com/littledl/littledl/internal/segment"
	"github.com/littledl/littledl/internal/strategy"
	"github.com/littledl/littledl/internal/transfer"
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
	s.enhanced, s.threads, s.threshold = true, defaultThreads, mib
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

// WithMaxTotalThreads bounds the requests in flight over all files. A
// DownloadConfig.MaxConnections that is given bounds them, too. For the enhanced downloader; the
// default is 15.
func WithMaxTotalThreads(n int) Option {
	return enhancedOption("WithMaxTotalThreads", func(s *settings) error {
		s.threads = n
		return atLeastOne("WithMaxTotalThreads", n)
	})
}

// WithSmallFileThreshold sets the size in bytes below which files go first, in one
// request each. 0: there are no such files. For the enhanced downloader; the default is 1 MiB.
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
// for. What is below the save directory is found by the digest of WithHash alone, and
// never what is hidden there. Off, everything is fetched. For the enhanced downloader; the default
// is true.
func WithExistingFileReuse(on bool) Option {
	return enhancedOption("WithExistingFileReuse", func(s *settings) error { s.noReuse = !on; return nil })
}

// WithMultiSource uses backup URLs. Off, only the first URL of a file is asked. For the enhanced
// downloader; the default is true.
func WithMultiSource(on bool) Option {
	return enhancedOption("WithMultiSource", func(s *settings) error { s.multiSource = on; return nil })
}

// WithTrustedMirrors uses a file's sources at once even where no digest is known,
// after comparing size, validators and 64 KiB each of the beginning, the middle and the
// end. That is a weaker promise: a mirror that differs elsewhere is not found
// out. Of one request at a time (WithMaxTotalThreads(1)) no second source has a part. For the
// enhanced downloader; the default is false.
func WithTrustedMirrors(on bool) Option {
	return enhancedOption("WithTrustedMirrors", func(s *settings) error { s.trusted = on; return nil })
}

// WithAdaptiveSpeed moves the global budget between 1 and WithMaxTotalThreads, by what
// the hosts in use are seen to bear. Off, it stays. For the enhanced downloader; the default is
// true.
func WithAdaptiveSpeed(on bool) Option {
	return enhancedOption("WithAdaptiveSpeed", func(s *settings) error { s.adaptiveSpeed = on; return nil })
}

// WithSelector decides how files are fetched. For the enhanced downloader; the default is nil: that
// of NewStrategySelector().
func WithSelector(sel *StrategySelector) Option {
	return enhancedOption("WithSelector", func(s *settings) error { s.selector = sel; return nil })
}

// WithBackupURLs names further sources of the same file, in order of preference. It
// is for the enhanced downloader; the plain one refuses it with ErrInvalidOption. One that
// is no http or https URL is ErrInvalidURL. Headers given with WithHeader are not sent
// there; DownloadConfig.OriginHeaders are, to their own origin. The default is none.
func WithBackupURLs(urls ...string) URLOption {
	return func(o *urlOptions) error {
		for _, u := range urls {
			if err := checkURL(u); err != nil {
				return fmt.Errorf("backup URL: %w", err)
			}
		}
		o.Backups = append([]string(nil), urls...)
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
	s := FileReuseStats{Checks: int(c.Checks.Load()), Hits: int(c.Hits.Load()), BytesSaved: c.Saved.Load()}
	s.Misses = s.Checks - s.Hits
	s.BytesSavedFormatted = meter.Bytes(s.BytesSaved)
	return s
}

// cutBy returns what says how a file that shares a budget is fetched once its headers are
// in, and how many workers there may be.
func (s *settings) cutBy(shared *batch.Sharing) func(transfer.Cut) (segment.Layout, int) {
	return func(c transfer.Cut) (segment.Layout, int) {
		if c.Size < s.threshold {
			return strategy.Whole(), 1
		}
		b := strategy.Budget{Files: shared.Files(), Requests: s.bounds().Connections}
		return s.selector.allows.Shared(c.Size, c.Origin.Measured(), c.Limit, b)
	}
}
