package partfile

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// largeFile lets a file have more than 2 GiB on systems of 32 bits, where os.Root does not ask
// for that by itself.
const largeFile = unix.O_LARGEFILE

// namelessPossible: linking a nameless file to a name goes through /proc.
func namelessPossible() bool {
	_, err := os.Stat("/proc/self/fd")
	return err == nil
}

func procPath(fd int) string { return "/proc/self/fd/" + strconv.Itoa(fd) }

// linkOpen gives an open file a name. Linking by descriptor is allowed to everybody
// since Linux 6.10; before, it takes a walk through /proc.
func linkOpen(f File, dir *os.File, name string) error {
	fd := f.(interface{ descriptor() int }).descriptor()
	err := unix.Linkat(fd, "", int(dir.Fd()), name, unix.AT_EMPTY_PATH)
	if err != nil && !errors.Is(err, unix.EEXIST) && !IsFull(err) {
		err = unix.Linkat(unix.AT_FDCWD, procPath(fd), int(dir.Fd()), name, unix.AT_SYMLINK_FOLLOW)
	}
	if err != nil {
		return &fs.PathError{Op: "link", Path: name, Err: err}
	}
	return nil
}

// renameNew replaces nothing.
func renameNew(dir *os.File, name, to string) error {
	err := unix.Renameat2(int(dir.Fd()), name, int(dir.Fd()), to, unix.RENAME_NOREPLACE)
	if err != nil {
		return &fs.PathError{Op: "rename", Path: to, Err: err}
	}
	return nil
}

// absent reports, at the cost of one system call, that nothing has the name.
func absent(dir *os.File, name string) bool {
	return errors.Is(unix.Faccessat(int(dir.Fd()), name, unix.F_OK, unix.AT_SYMLINK_NOFOLLOW), unix.ENOENT)
}

func setTime(f *os.File, t time.Time) error { return setTimeOf(int(f.Fd()), t) }

func setTimeOf(fd int, t time.Time) error {
	ts, err := unix.TimeToTimespec(t)
	if err != nil { // 32 bits: as file systems do it, the last date, or the first, that there is
		ts, err = unix.TimeToTimespec(time.Unix(min(max(t.Unix(), math.MinInt32), math.MaxInt32), 0))
		if err != nil {
			return err
		}
	}
	times := []unix.Timespec{ts, ts}
	err = unix.UtimesNanoAt(fd, "", times, unix.AT_EMPTY_PATH) // since Linux 5.8
	if err != nil {
		err = unix.UtimesNanoAt(unix.AT_FDCWD, procPath(fd), times, 0)
	}
	return err
}

// preallocate asks for what is plainly not there in vain only: a reservation that fails
// halfway takes the last block from everybody else.
func preallocate(f *os.File, from, upto, size int64) error {
	room := hasRoom(f, size)
	if !room {
		upto = from + 1 // do reservations work here at all?
	}
	err := unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_KEEP_SIZE, from, upto-from)
	if err == nil && !room {
		err = unix.ENOSPC
	}
	if errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) || errors.Is(err, unix.EFBIG) {
		return &fs.PathError{Op: "preallocate", Path: f.Name(), Err: err}
	}
	return nil
}

func punch(f *os.File, lo, hi int64) error {
	return unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, lo, hi-lo)
}

// hasRoom reports whether a file could have so many bytes, as far as the system tells.
func hasRoom(f *os.File, size int64) bool {
	var disk unix.Statfs_t
	var file unix.Stat_t
	if unix.Fstatfs(int(f.Fd()), &disk) != nil || unix.Fstat(int(f.Fd()), &file) != nil {
		return true
	}
	missing, unit, free := size-file.Blocks*512, int64(disk.Frsize), disk.Bavail
	if unit == 0 {
		unit = int64(disk.Bsize)
	}
	if os.Geteuid() == 0 {
		free = disk.Bfree
	}
	return missing <= 0 || unit <= 0 || disk.Blocks == 0 || uint64(missing/unit) <= free
}
