// Package share shares one budget of slots among files that want more of them than
// there are.
//
// Whoever asks first must not get everything: a large file would keep small ones from
// beginning, and equals would end one after the other instead of together. Nor may
// what is urgent keep the rest from ever getting anything. So a slot that is free goes
// to a file chosen at that moment, by what each holds, has left and is worth; and since
// no slot is taken away, shares move only as slots are released.
package share

import (
	"errors"
	"sync"
)

var (
	// ErrUnknownFile is for an id that is not in.
	ErrUnknownFile = errors.New("unknown file")
	// ErrDuplicateFile is for an id that is in, or waits to be.
	ErrDuplicateFile = errors.New("file added twice")
)

// Pool is the budget, and the files that share it. Its methods are safe for concurrent
// use; only Enter and Acquire block.
type Pool struct {
	places int // files that may be in

	mu         sync.Mutex // held across nothing but memory
	files      map[string]*file
	in         int     // of files: those not waiting in Enter
	arriving   []*file // waiting in Enter, the next one first
	size       int     // slots
	used       int     // above size only in debt, after a Resize
	contending []*file // files somebody waits for, in no order
	waiting    int     // callers of Acquire, over all of them
	arrivals   uint64  // callers of Acquire that have had to wait
}

// file is a file's part of the budget.
type file struct {
	id       string
	priority int
	note     any
	in       bool
	entered  chan struct{} // closed once it is in
	held     int           // slots, also after it has left
	perSlot  float64       // bytes/s, smoothed; 0: not measured yet
	work     float64       // what is left, in seconds of one slot
	passed   int           // slots others got while it waited without any, since its last
	waiters  []*waiter     // first come, first served
}

// Usage is a reading of a pool.
type Usage struct {
	Files   int // in
	Size    int // slots in all
	Used    int // above Size only after a Resize, until enough are released
	Waiting int // callers of Acquire
}

// New makes a pool for so many files at a time and so many slots over all of them, both
// at least 1.
func New(files, slots int) *Pool {
	return &Pool{places: files, size: slots, files: map[string]*file{}}
}

// Note returns what Enter was given for a file; false: its id is not in.
func (p *Pool) Note(id string) (note any, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f, err := p.fileLocked(id)
	if err != nil {
		return nil, false
	}
	return f.note, true
}

// Report tells how many bytes of a file are left, and the bytes/s at which they come
// over all the slots it holds. Shares follow from the next slot on. A negative
// remaining, or a speed below 1 or not finite, is unknown: then the file weighs like
// the mean of the others. An id that is not in is ErrUnknownFile.
func (p *Pool) Report(id string, remaining int64, speed float64) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	f, err := p.fileLocked(id)
	if err != nil {
		return err
	}
	f.report(remaining, speed)
	return nil
}

// SetPriority changes how urgent a file is that is in.
func (p *Pool) SetPriority(id string, priority int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if f, err := p.fileLocked(id); err == nil {
		f.priority = priority
	}
}

// Resize changes the number of slots, at least 1. Growing wakes as many as fit.
// Shrinking takes nothing away: releases hand nothing on until the slots in use fit.
func (p *Pool) Resize(slots int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.size = slots
	p.grantLocked()
}

// Usage returns a reading of one moment.
func (p *Pool) Usage() Usage {
	p.mu.Lock()
	defer p.mu.Unlock()
	return Usage{Files: p.in, Size: p.size, Used: p.used, Waiting: p.waiting}
}

func (p *Pool) fileLocked(id string) (*file, error) {
	f := p.files[id]
	if f == nil || !f.in {
		return nil, ErrUnknownFile
	}
	return f, nil
}
