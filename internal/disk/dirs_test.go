package disk

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/partfile"
)

// countedDisk counts the directories that are open.
type countedDisk struct {
	partfile.Disk
	open *atomic.Int32
}

func (d countedDisk) Close() error {
	d.open.Add(-1)
	return d.Disk.Close()
}

type opened struct {
	*Dirs
	path        string
	opens, open atomic.Int32
	fail        atomic.Bool
}

func newOpened(t *testing.T) *opened {
	o := &opened{path: t.TempDir()}
	o.Dirs = NewDirs(func(dir, sub string) (*partfile.Dir, error) {
		if o.fail.Load() {
			return nil, errors.New("no")
		}
		o.opens.Add(1)
		disk, err := partfile.OpenDisk(dir, sub)
		if err != nil {
			return nil, err
		}
		o.open.Add(1)
		return partfile.NewDir(countedDisk{disk, &o.open}), nil
	})
	t.Cleanup(func() {
		o.CloseAll()
		require.Zero(t, o.open.Load())
	})
	return o
}

// TestDirsShared: all who want a directory share one, which stays open a while.
func TestDirsShared(t *testing.T) {
	o := newOpened(t)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			d, err := o.Open(o.path, "")
			if err == nil {
				_, err = d.Stat(".")
				o.Close(d)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 1, o.opens.Load())
	o.Close(nil)
}

// TestDirsBounded: however many there are, few stay open that nobody uses.
func TestDirsBounded(t *testing.T) {
	o := newOpened(t)
	first, err := o.Open(o.path, "first")
	require.NoError(t, err)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 20 {
				d, err := o.Open(o.path, fmt.Sprint((i+j)%20))
				if err != nil {
					t.Error(err)
					return
				}
				o.Close(d)
			}
		})
	}
	wg.Wait()
	require.LessOrEqual(t, o.open.Load(), int32(maxIdleDirs+1))
	_, err = first.Stat(".")
	require.NoError(t, err, "it is in use")
	o.Close(first)
}

// TestDirsTriesAnew: who comes after a failure is not told of it.
func TestDirsTriesAnew(t *testing.T) {
	o := newOpened(t)
	o.fail.Store(true)
	_, err := o.Open(o.path, "")
	require.Error(t, err)
	o.fail.Store(false)
	d, err := o.Open(o.path, "")
	require.NoError(t, err)
	o.Close(d)
}
