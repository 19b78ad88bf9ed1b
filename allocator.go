package littledl

import (
	"context"
	"fmt"

	"github.com/littledl/littledl/internal/redact"
	"github.com/littledl/littledl/internal/share"
)

// DynamicStyleAllocator shares one budget of chunk slots among the files in
// transfer: who sends a request for a file holds one of its slots meanwhile.
//
// Whenever a slot is free and somebody waits, it is handed over at once: first to
// files that hold none, so that every file progresses, the most urgent and then the
// longest waiting before the others; then to the file with the fewest slots for its
// weight. More urgent files weigh more; among equals weight follows the time that
// is left, so that files tend to end together and a large one gets what small ones
// leave. No slot is taken away: shares move as slots are released.
//
// Make it with NewDynamicStyleAllocator; the zero value is of no use. All methods are
// safe for concurrent use, and only AddFile and Acquire block. It needs no Close.
type DynamicStyleAllocator struct {
	selector *StrategySelector
	pool     *share.Pool // with each file's decision as its note
}

// FileRequest is a file that wants to be in transfer.
type FileRequest struct {
	FileID        string // any text but "", one file each
	URL           string
	Size          int64 // bytes; negative: unknown
	SupportsRange bool  // RFC 9110, section 14
	Priority      int   // 0 goes first, then 1, 2, …
}

// AllocatorStats is a reading of a DynamicStyleAllocator.
type AllocatorStats struct {
	Files       int // in transfer: added and not removed
	MaxChunks   int // slots in all
	ChunksInUse int // above MaxChunks only after a Resize, until enough are released
	Waiting     int // callers of Acquire
}

// NewDynamicStyleAllocator makes an allocator for so many files in transfer and so
// many chunk slots over all of them, both at least 1. A nil selector is the default
// one.
func NewDynamicStyleAllocator(sel *StrategySelector, maxConcurrentFiles, maxTotalChunks int) (*DynamicStyleAllocator, error) {
	if maxConcurrentFiles < 1 {
		return nil, invalidOption("maxConcurrentFiles is %d; it must be at least 1", maxConcurrentFiles)
	}
	if maxTotalChunks < 1 {
		return nil, invalidOption("maxTotalChunks is %d; it must be at least 1", maxTotalChunks)
	}
	if sel == nil {
		var err error
		if sel, err = NewStrategySelector(); err != nil {
			return nil, err
		}
	}
	return &DynamicStyleAllocator{selector: sel, pool: share.New(maxConcurrentFiles, maxTotalChunks)}, nil
}

// AddFile brings a file into transfer and returns how to fetch it. It blocks while
// as many files as allowed are in; the most urgent and then the first to come enters
// next. When ctx ends first its cause is returned, and the file is not in. An id that
// is in or waits to be is ErrDuplicateFile, an empty one or a negative priority
// ErrInvalidOption.
func (a *DynamicStyleAllocator) AddFile(ctx context.Context, f FileRequest) (StyleDecision, error) {
	if f.FileID == "" {
		return StyleDecision{}, invalidOption("FileRequest.FileID is empty; give each file an id of its own")
	}
	if f.Priority < 0 {
		return StyleDecision{}, invalidOption("FileRequest.Priority is %d; 0 goes first, then 1, 2, …", f.Priority)
	}
	decision := a.selector.SelectStyle(a.selector.AnalyzeFile(f.URL, f.Size, f.SupportsRange))
	if err := a.pool.Enter(ctx, f.FileID, f.Priority, decision); err != nil {
		return StyleDecision{}, ofFile(f.FileID, err)
	}
	return decision, nil
}

// UpdateFile tells how many bytes of a file are left, and the bytes/s at which they
// come over all the slots it holds. Shares follow from the next slot on. A negative
// remaining, or a speed below 1 or not finite, is unknown: then the file weighs like
// the mean of the others. An id that is not in is ErrUnknownFile.
func (a *DynamicStyleAllocator) UpdateFile(fileID string, remaining int64, speed float64) error {
	return ofFile(fileID, a.pool.Report(fileID, remaining, speed))
}

// RemoveFile ends a file's part in the sharing and lets the next one enter. Who waits
// in Acquire for it gets ErrUnknownFile; slots that are out go back to the others when
// they are released. An id that is not in is ignored; to take back an AddFile that
// still waits, end its context.
func (a *DynamicStyleAllocator) RemoveFile(fileID string) { a.pool.Leave(fileID) }

// Acquire waits for a chunk slot of a file. When ctx ends first it returns the
// context's cause and holds nothing; an id that is not in, or is removed meanwhile, is
// ErrUnknownFile. release gives the slot back; it may be called by anybody, and
// calling it again does nothing.
func (a *DynamicStyleAllocator) Acquire(ctx context.Context, fileID string) (release func(), err error) {
	release, err = a.pool.Acquire(ctx, fileID)
	return release, ofFile(fileID, err)
}

// Resize changes the number of slots, at least 1. Growing wakes as many as fit.
// Shrinking takes nothing away: releases hand nothing on until the slots in use fit.
func (a *DynamicStyleAllocator) Resize(maxTotalChunks int) error {
	if maxTotalChunks < 1 {
		return invalidOption("Resize(%d); it must be at least 1", maxTotalChunks)
	}
	a.pool.Resize(maxTotalChunks)
	return nil
}

// GetAllocation returns how to fetch a file; false when its id is not in.
func (a *DynamicStyleAllocator) GetAllocation(fileID string) (StyleDecision, bool) {
	decision, ok := a.pool.Note(fileID)
	if !ok {
		return StyleDecision{}, false
	}
	return decision.(StyleDecision), true
}

// GetStats returns a reading of one moment.
func (a *DynamicStyleAllocator) GetStats() AllocatorStats {
	u := a.pool.Usage()
	return AllocatorStats{Files: u.Files, MaxChunks: u.Size, ChunksInUse: u.Used, Waiting: u.Waiting}
}

// ofFile says which file an error of the pool is about, and what to do. An id may be a
// URL: nothing of it that may be secret is told.
func ofFile(fileID string, err error) error {
	switch err {
	case share.ErrUnknownFile:
		return fmt.Errorf("%w %q: it was not added, or is removed; call AddFile first", err, redact.Text(redact.URL(fileID)))
	case share.ErrDuplicateFile:
		return fmt.Errorf("%w: %q; call RemoveFile first, or use another id", err, redact.Text(redact.URL(fileID)))
	}
	return err // a context's cause
}
