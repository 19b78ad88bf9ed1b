package littledl

import (
	"context"
	"fmt"
	"sync"

	"github.com/littledl/littledl/internal/redact"
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
// Make it with NewDynamicStyleAllocator; the zero value is of no use. All methods are safe for concurrent use,
// and only AddFile and Acquire block. It needs no Close.
type DynamicStyleAllocator struct {
	selector *StrategySelector
	maxFiles int

	mu       sync.Mutex // held across nothing but memory
	files    map[string]*allotment
	in       int          // of files: those not waiting in AddFile
	arriving []*allotment // waiting in AddFile, the next one first
	size     int          // slots
	used     int          // above size only in debt, after a Resize
	hungry   []*allotment // files somebody waits for, in no order
	waiting  int          // callers of Acquire, over all of them
	arrivals uint64       // callers of Acquire that have had to wait
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
	return &DynamicStyleAllocator{
		selector: sel, maxFiles: maxConcurrentFiles, size: maxTotalChunks, files: map[string]*allotment{},
	}, nil
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
	if ctx.Err() != nil {
		return StyleDecision{}, context.Cause(ctx)
	}
	decision := a.selector.SelectStyle(a.selector.AnalyzeFile(f.URL, f.Size, f.SupportsRange))
	file := newAllotment(f.FileID, f.Priority, decision)
	if err := a.arrive(file); err != nil {
		return StyleDecision{}, err
	}
	select {
	case <-file.entered:
		return decision, nil
	case <-ctx.Done():
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.files[f.FileID] == file { // it may have entered at the same moment, and been removed
		a.dropLocked(file)
	}
	return StyleDecision{}, context.Cause(ctx)
}

// UpdateFile tells how many bytes of a file are left, and the bytes/s at which they
// come over all the slots it holds. Shares follow from the next slot on. A negative
// remaining, or a speed below 1 or not finite, is unknown: then the file weighs like
// the mean of the others. An id that is not in is ErrUnknownFile.
func (a *DynamicStyleAllocator) UpdateFile(fileID string, remaining int64, speed float64) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	f, err := a.fileLocked(fileID)
	if err != nil {
		return err
	}
	f.report(remaining, speed)
	return nil
}

// RemoveFile ends a file's part in the sharing and lets the next one enter. Who waits
// in Acquire for it gets ErrUnknownFile; slots that are out go back to the others when
// they are released. An id that is not in is ignored; to take back an AddFile that
// still waits, end its context.
func (a *DynamicStyleAllocator) RemoveFile(fileID string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if f, err := a.fileLocked(fileID); err == nil {
		a.dropLocked(f)
	}
}

// Acquire waits for a chunk slot of a file. When ctx ends first it returns the
// context's cause and holds nothing; an id that is not in, or is removed meanwhile, is
// ErrUnknownFile. release gives the slot back; it may be called by anybody, and
// calling it again does nothing.
func (a *DynamicStyleAllocator) Acquire(ctx context.Context, fileID string) (release func(), err error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	a.mu.Lock()
	f, err := a.fileLocked(fileID)
	if err != nil {
		a.mu.Unlock()
		return nil, err
	}
	if a.used < a.size { // then nobody waits
		a.takeLocked(f)
		a.mu.Unlock()
		return a.releaser(f), nil
	}
	w := a.queueLocked(f)
	a.mu.Unlock()

	select {
	case <-w.ready:
	case <-ctx.Done():
		a.giveUp(f, w)
		return nil, context.Cause(ctx)
	}
	if w.err != nil {
		return nil, w.err
	}
	return a.releaser(f), nil
}

// tryAcquire is Acquire where a slot is free at once; it never blocks.
func (a *DynamicStyleAllocator) tryAcquire(fileID string) (release func(), ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	f, err := a.fileLocked(fileID)
	if err != nil || a.used >= a.size {
		return nil, false
	}
	a.takeLocked(f)
	return a.releaser(f), true
}

// Resize changes the number of slots, at least 1. Growing wakes as many as fit.
// Shrinking takes nothing away: releases hand nothing on until the slots in use fit.
func (a *DynamicStyleAllocator) Resize(maxTotalChunks int) error {
	if maxTotalChunks < 1 {
		return invalidOption("Resize(%d); it must be at least 1", maxTotalChunks)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.size = maxTotalChunks
	a.grantLocked()
	return nil
}

// GetAllocation returns how to fetch a file; false when its id is not in.
func (a *DynamicStyleAllocator) GetAllocation(fileID string) (StyleDecision, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	f, err := a.fileLocked(fileID)
	if err != nil {
		return StyleDecision{}, false
	}
	return f.decision, true
}

// GetStats returns a reading of one moment.
func (a *DynamicStyleAllocator) GetStats() AllocatorStats {
	a.mu.Lock()
	defer a.mu.Unlock()
	return AllocatorStats{Files: a.in, MaxChunks: a.size, ChunksInUse: a.used, Waiting: a.waiting}
}

// decide decides again for a file of which more is known by now, and remembers it
// while the file is in.
func (a *DynamicStyleAllocator) decide(fileID string, p FileProfile, n NetworkProfile) StyleDecision {
	decision := a.selector.selectFor(p, n, shortestKept)
	a.mu.Lock()
	defer a.mu.Unlock()
	if f, err := a.fileLocked(fileID); err == nil {
		f.decision = decision
	}
	return decision
}

func (a *DynamicStyleAllocator) fileLocked(fileID string) (*allotment, error) {
	f := a.files[fileID]
	if f == nil || !f.in {
		return nil, unknownFile(fileID)
	}
	return f, nil
}

// An id may be a URL: nothing of it that may be secret is told.
func unknownFile(fileID string) error {
	return fmt.Errorf("%w %q: it was not added, or is removed; call AddFile first", ErrUnknownFile, redact.URL(fileID))
}
