// Package faultdisk is a disk for tests that fails as it is told. Disks fill up, lose
// power, are pulled out and lie about what they have written; none of that can be had
// from a real one at will. It stands between the library and the operating system's
// disk, where each operation can be let fail, do half of its work or only pretend.
package faultdisk

import (
	"errors"
	"io/fs"
	"strings"
	"sync"
	"time"

	"github.com/littledl/littledl/internal/partfile"
)

// What a Fault's Err may be besides an error of the system.
var (
	// ErrShort writes half of the bytes and says nothing.
	ErrShort = errors.New("half of it, and no word")
	// ErrPretend does nothing and says that all went well.
	ErrPretend = errors.New("nothing of it, and no word")
)

// The operations.
const (
	OpenDir     = "opendir"
	Create      = "create"
	Open        = "open"
	Nameless    = "nameless"
	Lstat       = "lstat"
	Names       = "names"
	Link        = "link"
	Rename      = "rename"
	RenameNew   = "renamenew"
	Remove      = "remove"
	SyncDir     = "syncdir"
	Read        = "read"
	Write       = "write"
	Stat        = "stat"
	Truncate    = "truncate"
	Sync        = "sync"
	Lock        = "lock"
	Preallocate = "preallocate"
	SetTime     = "settime"
	SetMode     = "setmode"
	SetOwner    = "setowner"
	SetMark     = "setmark"
	GetMark     = "getmark"
	Close       = "close"
)

// Everything is every operation.
var Everything = []string{
	OpenDir, Create, Open, Nameless, Lstat, Names, Link, Rename, RenameNew, Remove, SyncDir,
	Read, Write, Stat, Truncate, Sync, Lock, Preallocate, SetTime, SetMode, SetOwner, SetMark, GetMark, Close,
}

// Fault is a rule: some operations fail.
type Fault struct {
	Op    string
	Name  string // how the file's name ends; "": any file, "-": one without a name
	From  int64  // for reads and writes: those that go beyond this offset
	Skip  int    // so many succeed first
	Times int    // then so many fail; 0: all
	Err   error
	Then  func() // called with the first that fails
}

// Faults are the rules of all directories of a test. Safe for concurrent use.
type Faults struct {
	mu    sync.Mutex
	rules []*rule
	count map[string]int

	squashed bool
	theirs   func(name string) bool
	hold     func(time.Time) time.Time
}

type rule struct {
	Fault
	seen, failed int
}

// New makes a disk with these faults; the first that fits counts.
func New(faults ...Fault) *Faults {
	f := &Faults{count: map[string]int{}}
	for _, fault := range faults {
		f.Add(fault)
	}
	return f
}

// Add adds a fault behind those that are there.
func (f *Faults) Add(fault Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rules = append(f.rules, &rule{Fault: fault})
}

// Clear repairs the disk.
func (f *Faults) Clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rules = nil
}

// Failed is how often operations have failed; of all kinds without one named.
func (f *Faults) Failed(ops ...string) (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for op, failed := range f.count {
		if len(ops) == 0 || strings.Contains(" "+strings.Join(ops, " ")+" ", " "+op+" ") {
			n += failed
		}
	}
	return n
}

// OpenDir opens a directory that has these faults.
func (f *Faults) OpenDir(dir, sub string) (*partfile.Dir, error) {
	if err := f.judge(OpenDir, dir, 0); err != nil {
		return nil, err
	}
	under, err := partfile.OpenDisk(dir, sub)
	if err != nil {
		return nil, err
	}
	return partfile.NewDir(&disk{under, f}), nil
}

// judge is asked before every operation.
func (f *Faults) judge(op, name string, end int64) error {
	f.mu.Lock()
	fault := f.match(op, name, end)
	f.mu.Unlock()
	if fault == nil {
		return nil
	}
	if fault.Then != nil && fault.failed == 1 {
		fault.Then()
	}
	if fault.Err == nil || fault.Err == ErrShort || fault.Err == ErrPretend {
		return fault.Err
	}
	return &fs.PathError{Op: op, Path: name, Err: fault.Err}
}

func (f *Faults) match(op, name string, end int64) *rule {
	for _, r := range f.rules {
		if r.Op != op || end < r.From || r.Name == "-" && name != "" || r.Name != "-" && !strings.HasSuffix(name, r.Name) {
			continue
		}
		r.seen++
		if r.seen <= r.Skip || r.Times > 0 && r.failed >= r.Times {
			continue
		}
		r.failed++
		f.count[op]++
		return r
	}
	return nil
}
