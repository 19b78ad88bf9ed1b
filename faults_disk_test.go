//go:build unix

package littledl_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultdisk"
	. "github.com/littledl/littledl/internal/faultserver"
	"github.com/littledl/littledl/internal/partfile"
)

// diskFault is one row of the catalogue's disks: what fails, and what must come of it.
// Beside the file that suffers, another is downloaded, and completes.
type diskFault struct {
	name  string // its number in the catalogue, and which form of it
	fault faultdisk.Fault
	small bool // the small file suffers, which has no name until it is complete; else the large one
	conf  func(*bed)
	left  int   // what stays of the file; see below
	spare int64 // bytes of the file that the next Start does not fetch again, at least
}

// What a failure leaves.
const (
	leavesNothing = iota
	leavesPart    // for a later Start of the same downloader only
	leavesBoth    // a part and its journal
	leavesPerhaps // both, unless it struck before the first byte
)

const largeFile, smallFile = 8 * mib, 300 * kib

// fullErrors are what systems say of full disks, diskErrors of any that fail.
var (
	fullErrors = []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG}
	diskErrors = append([]syscall.Errno{syscall.EROFS, syscall.EACCES, syscall.EIO}, fullErrors...)
)

// numberOf is an error's place in the catalogue.
func numberOf(e error) string {
	if e == syscall.ENOSPC {
		return "85 "
	}
	return "86 "
}

// with makes a row of each error.
func (f diskFault) with(errs ...syscall.Errno) (rows []diskFault) {
	for _, e := range errs {
		row := f
		row.fault.Err = e
		row.name = numberOf(e) + f.name + ": " + e.Error()
		rows = append(rows, row)
	}
	return rows
}

func testDiskFaults(t *testing.T, groups ...[]diskFault) {
	for _, rows := range groups {
		for n, f := range rows {
			t.Run(f.name, func(t *testing.T) {
				for i, another := range []bool{false, true} {
					if len(rows) < 6 && !underRace || n%2 == i { // of many errors each has its turn
						inBubble(t, func(b *bed) { f.run(b, another) })
					}
				}
			})
		}
	}
}

// run lets the fault strike, then has the disk repaired and the file downloaded, by the
// same downloader or, as by another process, by a new one.
func (f diskFault) run(b *bed, another bool) {
	disk := b.onDisk(f.fault)
	if f.conf != nil {
		f.conf(b)
	}
	large, small := b.srv.File("large.bin", Size(largeFile)), b.srv.File("small.bin", Size(smallFile))
	ids := map[bool]string{false: b.add(large), true: b.add(small)}
	f.judge(b, disk, b.start(), ids)

	disk.Clear()
	b.restarts = 1 // what the disk has lost comes a second time
	b.read.Store(0)
	if another {
		b.d = nil
		b.add(large)
		b.add(small)
	}
	require.NoError(b, b.start(), "with the disk repaired")
	finals, parts := b.listing()
	require.Len(b, finals, 2)
	require.Empty(b, parts)
	if f.left == leavesBoth || f.left == leavesPart && !another {
		require.LessOrEqual(b, b.read.Load(), largeFile-f.spare+mib/2)
	}
	if f.left == leavesNothing {
		require.GreaterOrEqual(b, b.read.Load(), map[bool]int64{false: largeFile, true: smallFile}[f.small], "nothing is believed")
	}
}

func (f diskFault) judge(b *bed, disk *faultdisk.Faults, err error, ids map[bool]string) {
	b.Helper()
	require.ErrorIs(b, err, f.fault.Err)
	victim := b.task(ids[f.small])
	require.ErrorIs(b, victim.Err, f.fault.Err)
	require.Equal(b, partfile.IsFull(f.fault.Err), isNoSpace(victim.Err))
	require.Equal(b, "write", opOf(victim.Err))
	require.True(b, b.task(ids[!f.small]).IsCompleted(), "the other file goes on")
	require.Less(b, b.took, 4*time.Second, "at once, or when it is complete")
	require.LessOrEqual(b, disk.Failed(), 8, "no disk gets better by being asked again")
	if f.small {
		require.Len(b, b.srv.GETs("small.bin"), 1)
	}
	require.LessOrEqual(b, len(b.srv.GETs("large.bin")), 8)
	finals, parts := b.listing()
	require.Len(b, finals, 1)
	if f.left == leavesPerhaps {
		require.LessOrEqual(b, len(parts), 1)
		require.Equal(b, len(parts) > 0, b.hasJournal())
		return
	}
	require.Len(b, parts, min(f.left, 1))
	require.Equal(b, f.left == leavesBoth, b.hasJournal())
}

func isNoSpace(err error) bool { return errors.Is(err, littledl.ErrNoSpace) }

// 85, 86: a disk that is full, or fails, wherever that shows.
func TestDiskFaults(t *testing.T) {
	t.Parallel()
	part, journal := partfile.Suffix, partfile.JournalSuffix
	durable := func(b *bed) { b.conf.Durable = true }
	replace := func(b *bed) { b.conf.Overwrite = littledl.OverwriteReplace }
	testDiskFaults(t,
		diskFault{name: "create", fault: faultdisk.Fault{Op: faultdisk.Create, Name: part}}.with(diskErrors...),
		diskFault{name: "create, small", fault: faultdisk.Fault{Op: faultdisk.Nameless}, small: true}.with(syscall.ENOSPC),
		diskFault{name: "reserve", fault: faultdisk.Fault{Op: faultdisk.Preallocate}, left: leavesPerhaps}.with(fullErrors...),
		diskFault{name: "first write", fault: faultdisk.Fault{Op: faultdisk.Write, Name: part}}.with(syscall.ENOSPC, syscall.EIO),
		diskFault{name: "later writes", fault: faultdisk.Fault{Op: faultdisk.Write, Name: part, Skip: 100}, left: leavesBoth, spare: 3 * mib}.with(diskErrors...),
		diskFault{name: "one write", fault: faultdisk.Fault{Op: faultdisk.Write, Name: part, Skip: 100, Times: 1}, left: leavesBoth, spare: 3 * mib}.with(syscall.ENOSPC, syscall.EIO),
		diskFault{name: "first write, small", fault: faultdisk.Fault{Op: faultdisk.Write, Name: "-"}, small: true}.with(syscall.ENOSPC, syscall.EIO),
		diskFault{name: "last write, small", fault: faultdisk.Fault{Op: faultdisk.Write, Name: "-", From: smallFile}, small: true}.with(syscall.ENOSPC, syscall.EIO),
		diskFault{name: "create the journal", fault: faultdisk.Fault{Op: faultdisk.Create, Name: journal}}.with(syscall.ENOSPC),
		diskFault{name: "begin the journal", fault: faultdisk.Fault{Op: faultdisk.Write, Name: journal}}.with(syscall.ENOSPC),
		diskFault{name: "note", fault: faultdisk.Fault{Op: faultdisk.Write, Name: journal, Skip: 3}, left: leavesBoth, spare: mib}.with(syscall.ENOSPC, syscall.EIO),
		diskFault{name: "look at the journal", fault: faultdisk.Fault{Op: faultdisk.Read, Name: journal, Skip: 3}, left: leavesBoth, spare: mib}.with(syscall.EIO),
		diskFault{name: "link", fault: faultdisk.Fault{Op: faultdisk.Link, Name: "large.bin"}, left: leavesBoth, spare: 7 * mib}.with(fullErrors...),
		diskFault{name: "link, small", fault: faultdisk.Fault{Op: faultdisk.Link, Name: "small.bin"}, small: true}.with(syscall.ENOSPC),
		diskFault{name: "link, replacing", fault: faultdisk.Fault{Op: faultdisk.Rename, Name: "large.bin"}, conf: replace, left: leavesBoth, spare: 7 * mib}.with(syscall.ENOSPC, syscall.EIO),
		diskFault{name: "rename, small, replacing", fault: faultdisk.Fault{Op: faultdisk.Rename, Name: "small.bin"}, conf: replace, small: true}.with(syscall.ENOSPC, syscall.EIO),
		diskFault{name: "sync", fault: faultdisk.Fault{Op: faultdisk.Sync, Name: part, Times: 1}, conf: durable}.with(syscall.EIO, syscall.ENOSPC, syscall.EDQUOT),
		diskFault{name: "sync, small", fault: faultdisk.Fault{Op: faultdisk.Sync, Name: "-", Times: 1}, conf: durable, small: true}.with(syscall.ENOSPC, syscall.EIO),
		diskFault{name: "close", fault: faultdisk.Fault{Op: faultdisk.Close, Name: part, Times: 1}}.with(syscall.EIO, syscall.ENOSPC, syscall.EDQUOT),
		diskFault{name: "close, small", fault: faultdisk.Fault{Op: faultdisk.Close, Name: "-", Times: 1}, small: true}.with(syscall.ENOSPC, syscall.EIO),
	)
}

// 87: half of what was to be written, without a word.
func TestShortWrites(t *testing.T) {
	for name, c := range map[string]struct {
		file string
		left int
	}{"large": {partfile.Suffix, leavesBoth}, "small": {"-", leavesNothing}, "journal": {partfile.JournalSuffix, leavesBoth}} {
		t.Run("87 "+name, func(t *testing.T) {
			inBubble(t, func(b *bed) {
				disk := b.onDisk(faultdisk.Fault{Op: faultdisk.Write, Name: c.file, Skip: 3, Err: faultdisk.ErrShort})
				b.net.Shape(Same(line(2 * mib)))
				b.add(b.srv.File("large.bin", Size(largeFile)))
				b.add(b.srv.File("small.bin", Size(4*mib)))
				require.ErrorIs(b, b.start(), io.ErrShortWrite)
				require.Len(b, func() []string { finals, _ := b.listing(); return finals }(), 1)
				require.Equal(b, c.left == leavesBoth, b.hasJournal())
				disk.Clear()
				require.NoError(b, b.start())
			})
		})
	}
}

// hasJournal reports whether a journal is in the directory.
func (b *bed) hasJournal() bool {
	entries, err := os.ReadDir(b.dir)
	require.NoError(b, err)
	for _, e := range entries {
		if filepath.Ext(e.Name()) == partfile.JournalSuffix {
			return true
		}
	}
	return false
}
