package littledl_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/crashfs"
	"github.com/littledl/littledl/internal/faultserver"
	"github.com/littledl/littledl/internal/journal"
	"github.com/littledl/littledl/internal/partfile"
	"github.com/littledl/littledl/internal/span"
)

// all is set by make crash: everything is tried, not a tenth of it.
var all = os.Getenv("LITTLEDL_CRASH") == "all"

// crashBed is an origin with three files, each fetched in several requests, and what
// happens on the disks that downloaders have one after the other.
type crashBed struct {
	*testing.T
	net     *faultserver.Net
	srv     *faultserver.Server
	files   []*faultserver.File
	durable bool // else the files are known by their digests
}

const crashSize = 6 * mib // of a file

func crashBubble(t *testing.T, durable bool, test func(*crashBed)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := &crashBed{T: t, net: faultserver.NewNet(), durable: durable}
		b.srv = faultserver.Start(t, faultserver.On(b.net, "files.test:80"))
		b.net.Shape(faultserver.Same(line(8 * mib)))
		for _, name := range []string{"a.bin", "b.bin", "c.bin"} {
			b.files = append(b.files, b.srv.File(name, faultserver.Size(crashSize)))
		}
		test(b)
	})
}

// process is a downloader from its beginning to its end on a disk. It returns the tasks.
func (b *crashBed) process(ctx context.Context, disk *crashfs.FS, hook crashfs.Hook) ([]littledl.FileTask, error) {
	b.Helper()
	d, err := littledl.NewBatchDownloader(
		littledl.WithConfig(littledl.DownloadConfig{
			DialContext: b.net.DialContext, Proxy: noProxy, MinChunkSize: 128 * kib, Durable: b.durable,
		}),
		littledl.WithOpenDir(func(string, string) (*partfile.Dir, error) {
			return partfile.NewDir(crashfs.Tap(disk.Disk(), hook)), nil
		}),
	)
	require.NoError(b, err)
	for _, f := range b.files {
		opts := []littledl.URLOption{littledl.WithSavePath("memory")}
		if !b.durable {
			opts = append(opts, enhHash(f.Content()))
		}
		_, err := d.AddURL(f.URL(), opts...)
		require.NoError(b, err)
	}
	err = d.Start(ctx)
	return d.GetAllTasks(), err
}

func nothing(crashfs.Op) error { return nil }

// crash is a process that dies before the nth operation on its disk; it tells which
// that was, nil if there were not so many.
func (b *crashBed) crash(disk *crashfs.FS, nth int64) *crashfs.Op {
	b.Helper()
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	var n atomic.Int64
	var last atomic.Pointer[crashfs.Op]
	_, err := b.process(ctx, disk, func(op crashfs.Op) error {
		if n.Add(1) == nth {
			last.Store(&op)
			disk.Die()
			cancel()
		}
		return nil
	})
	if last.Load() != nil {
		require.Error(b, err)
	}
	return last.Load()
}

// operations is how many there are when nothing happens.
func (b *crashBed) operations() (n int64) {
	var count atomic.Int64
	_, err := b.process(b.Context(), crashfs.New(crashfs.Traits{}), func(crashfs.Op) error {
		count.Add(1)
		return nil
	})
	require.NoError(b, err)
	return count.Load()
}

// names checks what a crash has left under final names: a complete file or nothing.
func (b *crashBed) names(disk *crashfs.FS, power bool) {
	b.Helper()
	for _, name := range disk.List() {
		if partfile.IsOurs(name) || power && !b.durable {
			continue
		}
		require.NoError(b, faultserver.Compare(disk.Reader(name), b.srv.Content(name)), name)
	}
}

// provable is how much of a file is there and can be proven.
func (b *crashBed) provable(disk *crashfs.FS, file string) (most int64) {
	b.Helper()
	for _, name := range disk.List() {
		part := strings.TrimSuffix(name, partfile.JournalSuffix) + partfile.Suffix
		switch {
		case !strings.HasPrefix(name, file):
		case !partfile.IsOurs(name) && faultserver.Compare(disk.Reader(name), b.srv.Content(file)) == nil:
			most = crashSize
		case filepath.Ext(name) == partfile.JournalSuffix && disk.Has(part):
			log, _ := journal.Decode(disk.Content(name))
			bytes := disk.Content(part)
			var there span.Set
			for _, e := range log.Extents {
				if end := e.Off + e.Len; end <= int64(len(bytes)) && journal.Checksum(0, bytes[e.Off:end]) == e.CRC {
					there.Add(e.Off, end)
				}
			}
			most = max(most, there.Len())
		}
	}
	return most
}

// recover lets another process go on and checks that everything is right then, and that
// nothing was fetched that was there.
func (b *crashBed) recover(disk *crashfs.FS) {
	b.Helper()
	missing := int64(0)
	for _, f := range b.files {
		missing += crashSize - b.provable(disk, f.Name())
	}
	before := b.srv.BytesSent()
	tasks, err := b.process(b.Context(), disk, nothing)
	require.NoError(b, err)
	for i, task := range tasks {
		name := filepath.Base(task.Path())
		require.NoError(b, faultserver.Compare(disk.Reader(name), b.files[i].Content()), name)
	}
	for _, name := range disk.List() {
		require.False(b, partfile.IsOurs(name), "%s is left behind", name)
	}
	require.Zero(b, disk.OpenFiles())
	// What is cut off a connection that was given up, and the last byte of a file that
	// was complete, are sent again.
	require.LessOrEqual(b, b.srv.BytesSent()-before, missing+2*mib, "of %d that were missing", missing)
	if b.durable {
		cut := disk.Cut()
		for _, f := range b.files {
			require.NoError(b, faultserver.Compare(cut.Reader(f.Name()), f.Content()), "it was complete, and durable")
		}
	}
}

// TestCrashAnywhere is 88, 89 and 32 of the catalogue for the whole downloader: a batch
// dies before every mth operation on its disk, in every way, and another process
// completes it; or dies as well, and a third one does.
func TestCrashAnywhere(t *testing.T) {
	t.Parallel()
	r := seeded(t)
	cases, points := 0, int64(4)
	if underRace {
		points = 1
	}
	if all {
		points = 80
	}
	began := time.Now()
	for _, durable := range []bool{true, false} {
		t.Run(map[bool]string{true: "durable", false: "digest"}[durable], func(t *testing.T) {
			var total int64
			crashBubble(t, durable, func(b *crashBed) { total = b.operations() })
			every := max(total/points, 1)
			for nth := 1 + r.Int64N(every); nth < total; nth += every {
				crashBubble(t, durable, func(b *crashBed) {
					disk := crashfs.New(crashfs.Traits{NoNameless: nth%2 == 0})
					op := b.crash(disk, nth)
					if op == nil {
						return
					}
					defer func() {
						if b.Failed() {
							b.Logf("before operation %d of %d, %s %s", nth, total, op.Kind, op.Name)
						}
					}()
					again := disk.Killed()
					b.crash(again, 1+r.Int64N(nth))
					for i, after := range []*crashfs.FS{disk.Killed(), disk.Cut(), disk.CutAt(r), again.Killed(), again.CutAt(r)} {
						b.names(after, i != 0 && i != 3)
						b.recover(after)
						cases++
					}
				})
			}
			t.Logf("%d operations", total)
		})
	}
	took := time.Since(began)
	t.Logf("%d crashes in %v, %.1f a second", cases, took.Round(time.Millisecond), float64(cases)/took.Seconds())
}

// TestCrashBeforeTheNameIsSafe: what another process finds complete under its name, and
// counts as complete, is durable then, even if the first one died before it was.
func TestCrashBeforeTheNameIsSafe(t *testing.T) {
	crashBubble(t, true, func(b *crashBed) {
		b.files = b.files[:1] // or another one's sync, under way already, makes it durable
		disk := crashfs.New(crashfs.Traits{})
		var done atomic.Bool
		_, err := b.process(b.Context(), disk, func(op crashfs.Op) error {
			if op.Kind == crashfs.SyncNames && disk.Has("a.bin") && !done.Swap(true) {
				disk.Die()
			}
			return nil
		})
		require.Error(b, err)
		require.True(b, done.Load())
		require.False(b, disk.Cut().Has("a.bin"))
		b.recover(disk.Killed())
	})
}

// TestFailedSyncFailsTheFile is 87 of the catalogue: nothing of a file that the disk
// has refused once is used, though the disk takes it the next time.
func TestFailedSyncFailsTheFile(t *testing.T) {
	crashBubble(t, true, func(b *crashBed) {
		b.files = b.files[:1]
		disk := crashfs.New(crashfs.Traits{})
		disk.FailSync(syscall.EIO)
		tasks, err := b.process(b.Context(), disk, nothing)
		require.ErrorIs(b, err, syscall.EIO)
		require.True(b, tasks[0].IsFailed())
		require.Empty(b, disk.List())
		require.Zero(b, disk.OpenFiles())
		b.recover(disk)
	})
}
