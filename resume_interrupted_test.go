package littledl_test

import (
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
	"github.com/littledl/littledl/internal/partfile"
)

// A part that takes long to be looked at.

// slowDisk is a disk that takes its time to read.
type slowDisk struct {
	partfile.Disk
	each  time.Duration
	reads *atomic.Int64
}

func (d slowDisk) Open(name string, flag int, perm os.FileMode) (partfile.File, error) {
	f, err := d.Disk.Open(name, flag, perm)
	if err != nil || filepath.Ext(name) != partfile.Suffix {
		return f, err
	}
	return slowFile{f, d}, nil
}

func (d slowDisk) Link(f partfile.File, name, to string) error {
	if s, ok := f.(slowFile); ok {
		f = s.File
	}
	return d.Disk.Link(f, name, to)
}

type slowFile struct {
	partfile.File
	d slowDisk
}

func (f slowFile) ReadAt(b []byte, off int64) (int, error) {
	time.Sleep(f.d.each)
	f.d.reads.Add(1)
	return f.File.ReadAt(b, off)
}

// TestResumeIsInterrupted: a pause, an urgent file, a cancel or another Start while the
// part is still being read back changes nothing, even if some of it has been spoilt.
func TestResumeIsInterrupted(t *testing.T) {
	t.Parallel()
	const urgent = "urgent.bin"
	for name, interrupt := range map[string]func(b *batch, done <-chan error) <-chan error{
		"paused": func(b *batch, done <-chan error) <-chan error {
			for range 5 {
				require.NoError(b, b.get().Pause())
				time.Sleep(300 * time.Millisecond)
				require.NoError(b, b.get().Resume())
				time.Sleep(300 * time.Millisecond)
			}
			return done
		},
		"yielding": func(b *batch, done <-chan error) <-chan error {
			b.add(b.srv.File(urgent, faultserver.Size(30*mib)))
			return done
		},
		"cancelled": func(b *batch, done <-chan error) <-chan error {
			require.NoError(b, b.get().Cancel())
			require.ErrorIs(b, <-done, littledl.ErrCancelled)
			return b.background(b.Context())
		},
		"another process": func(b *batch, done <-chan error) <-chan error {
			require.NoError(b, b.get().Cancel())
			require.ErrorIs(b, <-done, littledl.ErrCancelled)
			b.process()
			b.add(b.srv.Lookup("a.bin"), littledl.WithPriority(1))
			return b.background(b.Context())
		},
	} {
		for _, spoilt := range []bool{false, true} {
			t.Run(name+map[bool]string{true: ", spoilt"}[spoilt], func(t *testing.T) {
				batchBubble(t, func(b *batch) {
					f := b.srv.File("a.bin", faultserver.Size(leftSize))
					b.interrupted(f, 700*time.Millisecond)
					if part, _ := b.leftBehind(); spoilt {
						flipBit(t, part, 1<<20)
					}
					var reads atomic.Int64
					b.option(littledl.WithMaxConcurrentFiles(1), overDisk(func(d partfile.Disk) partfile.Disk {
						return slowDisk{d, 20 * time.Millisecond, &reads}
					}))
					b.read.Store(0)
					b.add(f, littledl.WithPriority(1))
					done := b.background(b.Context())
					time.Sleep(200 * time.Millisecond)
					require.Positive(b, reads.Load())
					done = interrupt(b, done)
					require.NoError(b, <-done)
					b.check()
					most := leftSize - b.had() + 5*mib // a pause costs what is under way
					if spoilt {
						most += 3 * mib
					}
					if name == "yielding" {
						most += 30 * mib
					}
					require.Less(b, b.read.Load(), most)
				})
			})
		}
	}
}
