package disk

import (
	"context"
	"time"
)

// How much a power cut may cost, and how often that is seen to.
const (
	syncBytes = 64 << 20
	syncTime  = 5 * time.Second
)

// WantsSync reports whether a file of a size is worth SyncPeriodically.
func (t *Target) WantsSync(size int64) bool { return size > syncBytes && t.part.Resumable() }

// SyncPeriodically brings a part to the disk now and then, until ctx ends. An error is the
// disk's.
func (t *Target) SyncPeriodically(ctx context.Context) error {
	t.mustBe("SyncPeriodically", Open)
	ticker := time.NewTicker(syncTime)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		}
		if err := t.part.SyncAfter(syncBytes); err != nil {
			return localErr(err)
		}
	}
}
