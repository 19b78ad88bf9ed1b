//go:build unix

package littledl_test

import (
	"fmt"
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

// 101: another program has the file open, as virus scanners do on Windows.
func TestNameBusy(t *testing.T) {
	for _, policy := range []littledl.OverwritePolicy{littledl.OverwriteRename, littledl.OverwriteReplace} {
		busy := []faultdisk.Fault{
			{Op: faultdisk.Link, Name: ".bin", Err: partfile.ErrBusy}, {Op: faultdisk.Rename, Name: ".bin", Err: partfile.ErrBusy},
		}
		t.Run(fmt.Sprint("101 for a moment, ", policy), func(t *testing.T) {
			inBubble(t, func(b *bed) {
				for i := range busy {
					busy[i].Times = 6
				}
				b.conf.Overwrite = policy
				b.onDisk(busy...)
				b.add(b.srv.File("large.bin", Size(largeFile)))
				require.NoError(b, b.start())
				require.Less(b, b.took, 3*time.Second)
			})
		})
		t.Run(fmt.Sprint("101 for ever, ", policy), func(t *testing.T) {
			inBubble(t, func(b *bed) {
				for i := range busy {
					busy[i].Times = 0
				}
				b.conf.Overwrite = policy
				disk := b.onDisk(busy...)
				b.add(b.srv.File("large.bin", Size(largeFile)))
				b.add(b.srv.File("small.bin", Size(smallFile)))
				require.ErrorIs(b, b.start(), partfile.ErrBusy)
				require.Greater(b, b.took, 2*time.Second)
				require.Less(b, b.took, 5*time.Second)
				require.LessOrEqual(b, disk.Failed(), 40)
				require.Len(b, b.srv.GETs("small.bin"), 1)
				require.True(b, b.hasJournal())
				disk.Clear()
				b.read.Store(0)
				require.NoError(b, b.start())
				require.Less(b, b.read.Load(), int64(mib), "the large file was complete")
			})
		})
	}
	t.Run("101 cancelled", func(t *testing.T) {
		inBubble(t, func(b *bed) {
			b.onDisk(faultdisk.Fault{Op: faultdisk.Link, Name: ".bin", Err: partfile.ErrBusy})
			id := b.add(b.srv.File("small.bin", Size(smallFile)))
			time.AfterFunc(time.Second, func() { b.d.Cancel() })
			require.ErrorIs(b, b.start(), littledl.ErrCancelled)
			require.Less(b, b.took, 1100*time.Millisecond)
			require.Equal(b, littledl.StatusCancelled, b.task(id).Status)
		})
	})
}

// 101: whatever a file system cannot do, files get their names, and replace nothing that
// they must not.
func TestPoorFileSystems(t *testing.T) {
	t.Parallel()
	lacks := func(ops ...string) (faults []faultdisk.Fault) {
		for _, op := range ops {
			faults = append(faults, faultdisk.Fault{Op: op, Err: syscall.EOPNOTSUPP})
		}
		return faults
	}
	for name, faults := range map[string][]faultdisk.Fault{
		"nameless files":       lacks(faultdisk.Nameless),
		"hard links":           lacks(faultdisk.Nameless, faultdisk.Link),
		"a rename like that":   lacks(faultdisk.Nameless, faultdisk.Link, faultdisk.RenameNew),
		"locks":                {{Op: faultdisk.Lock, Err: faultdisk.ErrPretend}},
		"times":                lacks(faultdisk.SetTime),
		"syncs":                lacks(faultdisk.Sync, faultdisk.SyncDir),
		"anything of the kind": lacks(faultdisk.Nameless, faultdisk.Link, faultdisk.RenameNew, faultdisk.SetTime, faultdisk.Sync, faultdisk.SyncDir),
	} {
		for _, policy := range []littledl.OverwritePolicy{littledl.OverwriteRename, littledl.OverwriteReplace} {
			t.Run(fmt.Sprint("101 without ", name, ", ", policy), func(t *testing.T) {
				batchBubble(t, func(b *batch) {
					b.onDisk(faults...)
					b.conf.Durable, b.conf.Overwrite = true, policy
					b.plant("small.bin", "theirs")
					b.file("large.bin", 8<<20)
					b.file("small.bin", 50<<10)
					require.NoError(b, b.get().Start(b.Context()))
					small := b.task("task-2")
					b.same(small.Path(), b.srv.Content("small.bin"))
					b.same(filepath.Join(b.dir, "large.bin"), b.srv.Content("large.bin"))
					if policy == littledl.OverwriteRename {
						require.Equal(b, "small (1).bin", small.Filename)
						require.Equal(b, "theirs", b.text("small.bin"))
						require.Len(b, b.list(), 3)
					} else {
						require.Len(b, b.list(), 2)
					}
				})
			})
		}
	}
}

// 95: two processes download the same file to the same place, and the file system's
// locks lie. The second one goes on from the first one's part, or, where nothing says
// that it may, throws it away; the first one stops. Nobody's bytes are mixed.
func TestLocksLie(t *testing.T) {
	t.Parallel()
	for name, does := range map[string][]Behaviour{"95 gone on": nil, "95 begun anew": always(NoValidators())} {
		t.Run(name, func(t *testing.T) {
			batchBubble(t, func(b *batch) {
				b.net.Shape(Same(line(mib)))
				b.onDisk(faultdisk.Fault{Op: faultdisk.Lock, Err: faultdisk.ErrPretend})
				f := b.srv.File("a.bin", Size(32*mib), Behave(does...))
				b.add(f)
				first, done := b.get(), make(chan error, 1)
				go func() { done <- first.Start(b.Context()) }()
				time.Sleep(3 * time.Second)
				b.process()
				b.read.Store(0)
				id := b.add(f)
				began := time.Now()
				second := b.background(b.Context())
				err := <-done
				require.ErrorIs(b, err, littledl.ErrLocked)
				if does == nil {
					require.Less(b, time.Since(began), 3*time.Second, "at the next note")
				}
				require.NoError(b, <-second)
				require.Equal(b, []string{"a.bin"}, b.list())
				b.same(b.task(id).Path(), f.Content())
				require.NoError(b, first.Stop())
				require.Equal(b, []string{"a.bin"}, b.list())
			})
		})
	}
}
