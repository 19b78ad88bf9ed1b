//go:build unix

package littledl_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultdisk"
	. "github.com/littledl/littledl/internal/faultserver"
	"github.com/littledl/littledl/internal/partfile"
)

// Disks as they are: what systems refuse, to whom files belong there, and which dates they
// hold.

// refusals are what systems say of what they do not do, in many words.
var refusals = []syscall.Errno{
	syscall.EACCES, syscall.EPERM, syscall.EXDEV, syscall.EIO, syscall.ESTALE, syscall.ENOSYS, syscall.EBADF,
	syscall.EINVAL, syscall.EOPNOTSUPP, syscall.EROFS, syscall.EMLINK, syscall.ENOENT, syscall.ELOOP, syscall.ENOTTY,
}

// 160, 161: what a disk refuses has another way, or is not worth a file.
func TestRefusedByTheDisk(t *testing.T) {
	t.Parallel()
	all := []string{
		faultdisk.Nameless, faultdisk.Link, faultdisk.RenameNew, faultdisk.Lock, faultdisk.Preallocate, faultdisk.SetTime,
		faultdisk.SetMark, faultdisk.GetMark,
	}
	ways := map[string][]string{
		"160 link": {faultdisk.Link}, "160 link, rename": {faultdisk.Link, faultdisk.RenameNew}, "160 nameless": {faultdisk.Nameless},
		"161 lock": {faultdisk.Lock}, "161 reserve": {faultdisk.Preallocate}, "161 time": {faultdisk.SetTime}, "161 mark": {faultdisk.SetMark, faultdisk.GetMark},
		"160 all": all,
	}
	policies := []littledl.OverwritePolicy{littledl.OverwriteRename, littledl.OverwriteReplace, littledl.OverwriteError}
	for name, ops := range ways {
		for i, e := range refusals {
			if underRace && (i+len(name))%2 > 0 { // each word of some
				continue
			}
			t.Run(name+": "+e.Error(), func(t *testing.T) {
				inBubble(t, func(b *bed) {
					disk := b.onDisk()
					for _, op := range ops {
						disk.Add(faultdisk.Fault{Op: op, Err: e})
					}
					b.conf.Overwrite = policies[i%len(policies)]
					switch b.conf.Overwrite {
					case littledl.OverwriteRename:
						b.plant("small.bin", "theirs")
						b.plant("large.bin", "theirs")
					case littledl.OverwriteReplace:
						require.NoError(b, os.WriteFile(filepath.Join(b.dir, "small.bin"), []byte("old"), 0o600))
					}
					b.add(b.srv.File("large.bin", Size(6*mib)))
					b.add(b.srv.File("small.bin", Size(smallFile)))
					require.NoError(b, b.start())
					require.Positive(b, disk.Failed(ops...))
					require.Len(b, b.srv.GETs("small.bin"), 1, "no server is asked again for that")
				})
			})
		}
	}
}

// 160: a name that was given, though the word of it was lost, is not given twice.
func TestNameGivenWithoutAWord(t *testing.T) {
	for _, op := range []string{faultdisk.Link, faultdisk.Rename} {
		t.Run("160 "+op, func(t *testing.T) {
			inBubble(t, func(b *bed) {
				b.option(overDisk(func(d partfile.Disk) partfile.Disk { return &forgetful{d} }))
				if op == faultdisk.Rename {
					b.conf.Overwrite = littledl.OverwriteReplace
				}
				b.add(b.srv.File("large.bin", Size(6*mib)))
				b.add(b.srv.File("small.bin", Size(smallFile)))
				require.NoError(b, b.start())
				finals, _ := b.listing()
				require.ElementsMatch(b, []string{filepath.Join(b.dir, "large.bin"), filepath.Join(b.dir, "small.bin")}, finals)
			})
		})
	}
}

// forgetful is a disk that does what it is told, and says that it has not.
type forgetful struct{ partfile.Disk }

func (d *forgetful) Link(f partfile.File, name, to string) error {
	if err := d.Disk.Link(f, name, to); err != nil {
		return err
	}
	return &os.PathError{Op: "link", Path: to, Err: syscall.EIO}
}

func (d *forgetful) Rename(name, to string) error {
	if err := d.Disk.Rename(name, to); err != nil {
		return err
	}
	return &os.PathError{Op: "rename", Path: to, Err: syscall.EIO}
}

// 162: where files become another user's, parts are gone on from, and nothing is left.
func TestSquashedOwner(t *testing.T) {
	t.Parallel()
	for _, nameless := range []bool{false, true} {
		t.Run(fmt.Sprintf("162 nameless %v", nameless), func(t *testing.T) {
			inBoth(t, func(b *bed) {
				disk := b.onDisk()
				disk.Squash()
				if !nameless {
					disk.Add(faultdisk.Fault{Op: faultdisk.Nameless, Err: syscall.EOPNOTSUPP})
				}
				f := b.leave()
				b.read.Store(0)
				b.d, b.want = nil, map[string][]Content{}
				b.add(f)
				require.NoError(b, b.start())
				require.Less(b, b.read.Load(), int64(6*mib), "it was gone on from")
			})
		})
	}
}

// 162: parts of somebody else are neither used nor touched, however many there are, and what
// this one leaves beside them is found again.
func TestManyForeignParts(t *testing.T) {
	inBoth(t, func(b *bed) {
		theirs := map[string]bool{}
		b.onDisk().Give(func(name string) bool { return theirs[strings.TrimSuffix(name, filepath.Ext(name))] })
		f := b.srv.File("a.bin", Size(8*mib), Behave(Slow(mib)))
		for range 12 {
			b.d, b.want = nil, map[string][]Content{}
			b.add(f)
			time.AfterFunc(time.Second, func() { b.d.Cancel() })
			require.ErrorIs(b, b.start(), littledl.ErrCancelled)
			require.True(b, b.hasJournal())
			_, parts := b.listing()
			for _, p := range parts {
				theirs[strings.TrimSuffix(filepath.Base(p), partfile.Suffix)] = true
			}
		}
		require.Len(b, theirs, 12)
		b.d, b.want = nil, map[string][]Content{}
		b.add(f)
		time.AfterFunc(time.Second, func() { b.d.Cancel() })
		require.ErrorIs(b, b.start(), littledl.ErrCancelled)
		b.read.Store(0)
		b.anew(f)
		require.Less(b, b.read.Load(), int64(8*mib), "its own is gone on from")
		_, parts := b.listing()
		require.Len(b, parts, len(theirs))
	})
}

// 163: a date that the disk holds only nearly says as much as one that it holds.
func TestDatesNearlyHeld(t *testing.T) {
	steps := func(t time.Time) time.Time { return t.Add(time.Second).Truncate(2 * time.Second) }
	signed := func(t time.Time) time.Time {
		return time.Unix(min(max(t.Unix(), -1<<31), 1<<31-1), 0)
	}
	for name, hold := range map[string]func(time.Time) time.Time{
		"all": func(t time.Time) time.Time { return t }, "two seconds": steps, "32 bits": signed,
		"from 1980 on": func(t time.Time) time.Time {
			if t.Year() < 1980 {
				return time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)
			}
			return t
		},
		"none": func(time.Time) time.Time { return time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC) },
	} {
		for _, year := range []int{1601, 1902, 1969, 1970, 2001, 2038, 2106, 2263, 2447, 9999} {
			t.Run(fmt.Sprintf("163 %s, %d", name, year), func(t *testing.T) {
				inBubble(t, func(b *bed) {
					b.onDisk().Dates(hold)
					f := b.srv.File("a.bin", Size(20*kib), LastModified(time.Date(year, 12, 31, 23, 59, 59, 0, time.UTC)))
					require.Equal(b, 1, b.fetch(f))
					require.Zero(b, b.fetch(f), "its mark holds")
					require.NoError(b, b.unmark("a.bin"))
					old, err := os.ReadFile(filepath.Join(b.dir, "a.bin"))
					require.NoError(b, err)
					b.conf.TrustModTime = true
					require.Zero(b, b.fetch(f), "its time does")
					f.Set(Version(2), LastModified(time.Date(1990, 2, 3, 4, 5, 7, 0, time.UTC)))
					if name != "none" {
						b.theirs[filepath.Join(b.dir, "a.bin")] = string(old)
						require.Equal(b, 1, b.fetch(f), "and that of another version does not")
					}
				})
			})
		}
	}
}

// unmark takes the mark from a file of the directory.
func (b *bed) unmark(name string) error {
	d, err := partfile.OpenDir(b.dir, "")
	if err != nil {
		return err
	}
	d.Unmark(name)
	return d.Close()
}

// 164: what could not be removed costs no file, and is told.
func TestNothingIsRemoved(t *testing.T) {
	for _, e := range []syscall.Errno{syscall.EIO, syscall.EACCES, syscall.ENOSYS} {
		t.Run("164 "+e.Error(), func(t *testing.T) {
			inBubble(t, func(b *bed) {
				var log bytes.Buffer
				b.conf.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn}))
				disk := b.onDisk(faultdisk.Fault{Op: faultdisk.Remove, Err: e})
				id := b.add(b.srv.File("large.bin", Size(6*mib)))
				require.NoError(b, b.d.Start(b.Context()))
				require.NoError(b, b.compare(b.task(id)))
				left, err := os.ReadDir(b.dir)
				require.NoError(b, err)
				require.Len(b, left, 1+disk.Failed(faultdisk.Remove))
				for _, p := range left[1:] {
					require.Contains(b, log.String(), p.Name())
				}
				require.Equal(b, 1, strings.Count(log.String(), "level=WARN"))
			})
		})
	}
}
