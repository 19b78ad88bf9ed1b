package disk_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/crashfs"
	"github.com/littledl/littledl/internal/disk"
	"github.com/littledl/littledl/internal/fail"
	"github.com/littledl/littledl/internal/faultdisk"
	"github.com/littledl/littledl/internal/partfile"
)

// TestPublishOverSomebody: what has got the name while the file was fetched is kept where it
// has the same bytes, replaced only where the policy says so, and else left alone.
func TestPublishOverSomebody(t *testing.T) {
	for _, c := range []struct {
		policy disk.Overwrite
		came   string
		name   string // "" for ErrFileExists
	}{
		{disk.Rename, "the bytes", wanted},
		{disk.Rename, "other one", "a (2).bin"}, // the first is another file's of the batch
		{disk.Replace, "other one", wanted},
		{disk.Skip, "other one", "a (2).bin"},
		{disk.Refuse, "the bytes", wanted},
		{disk.Refuse, "other one", ""},
	} {
		for _, single := range []bool{true, false} {
			t.Run(fmt.Sprintf("%+v %v", c, single), func(t *testing.T) {
				b := newBed(t, crashfs.New(crashfs.Traits{}))
				b.policy.Overwrite = c.policy
				b.owners.of["a (1).bin"] = 2
				f := b.whole(single, "the bytes")
				b.fs.Put(wanted, []byte(c.came))
				err := publish(f)
				after := map[string]string{wanted: c.came}
				if c.name == "" {
					require.ErrorIs(t, err, fail.ErrFileExists)
					f.Discard()
				} else {
					require.NoError(t, err)
					require.Equal(t, c.name, f.Name())
					require.Equal(t, map[string]int{"a (1).bin": 2, c.name: 1}, b.owners.of)
					dir, err := f.Dir()
					require.NoError(t, err)
					require.Equal(t, label().Mark, dir.MarkOf(c.name), "the next time it is known")
					after[c.name] = "the bytes"
				}
				f.Close()
				b.shows(after)
			})
		}
	}
}

// TestPublishNotAnothers: a file of the batch's that has the same bytes is not this one.
func TestPublishNotAnothers(t *testing.T) {
	b := newBed(t, crashfs.New(crashfs.Traits{}))
	f := b.whole(true, "the bytes")
	b.owners.of[wanted] = 2 // it was never ours
	b.fs.Put(wanted, []byte("the bytes"))
	require.NoError(t, publish(f))
	f.Close()
	b.shows(map[string]string{wanted: "the bytes", "a (1).bin": "the bytes"})
}

// TestPublishBusy: a program that looks at every new file is waited for, not for ever, and
// no longer than anybody wants the file.
func TestPublishBusy(t *testing.T) {
	gone := errors.New("gone")
	for what, c := range map[string]struct {
		times int
		end   time.Duration
		err   error
		takes time.Duration
	}{
		"a moment":   {5, 0, nil, 310 * time.Millisecond},
		"for ever":   {0, 0, partfile.ErrBusy, 2550 * time.Millisecond},
		"until then": {0, time.Second, gone, time.Second},
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				faults := faultdisk.New()
				b := newBed(t, crashfs.New(crashfs.Traits{}))
				b.dirs = disk.NewDirs(faults.OpenDir)
				defer b.dirs.CloseAll()
				f := disk.NewTarget(b.dirs, &b.policy, disk.Want{Dir: t.TempDir(), Name: wanted, URL: origin}, b.names())
				_, err := f.Settle(b.answer(9))
				require.NoError(t, err)
				require.NoError(t, f.Create(true))
				b.write(f, "the bytes")
				for _, op := range []string{faultdisk.Link, faultdisk.RenameNew} {
					faults.Add(faultdisk.Fault{Op: op, Times: c.times, Err: partfile.ErrBusy})
				}
				ctx, cancel := context.WithCancelCause(t.Context())
				if c.end > 0 {
					time.AfterFunc(c.end, func() { cancel(gone) })
				}
				began := time.Now()
				err = f.Publish(ctx, label())
				require.ErrorIs(t, err, c.err)
				require.Equal(t, c.takes, time.Since(began))
				if err == nil {
					require.Equal(t, disk.Published, f.State())
				} else {
					require.Equal(t, err != gone, fail.Of(err, fail.Facts{}).Class == fail.Local, "an end is no failure of the disk")
					f.Discard()
				}
				cancel(nil)
				f.Close()
			})
		})
	}
}

// TestPublishUnsynced: what the disk did not take is not published, nor kept.
func TestPublishUnsynced(t *testing.T) {
	b := newBed(t, crashfs.New(crashfs.Traits{}))
	b.policy.Durable = true
	f := b.whole(false, "the bytes")
	b.fs.FailSync(errors.New("no"))
	err := publish(f)
	require.ErrorIs(t, err, partfile.ErrUnsynced)
	require.Equal(t, fail.Local, fail.Of(err, fail.Facts{}).Class)
	require.True(t, f.Keep().IsZero())
	f.Close()
	b.shows(map[string]string{})
}

// TestPublishOverChanging: a file that somebody writes to while it is compared is not kept.
func TestPublishOverChanging(t *testing.T) {
	text := strings.Repeat("the bytes", 20_000)
	for _, changes := range []bool{true, false} {
		b, dir := newBed(t, crashfs.New(crashfs.Traits{})), t.TempDir()
		theirs := filepath.Join(dir, wanted)
		faults := faultdisk.New()
		b.dirs = disk.NewDirs(faults.OpenDir)
		f := disk.NewTarget(b.dirs, &b.policy, disk.Want{Dir: dir, Name: wanted, URL: origin}, b.names())
		_, err := f.Settle(b.answer(int64(len(text))))
		require.NoError(t, err)
		require.NoError(t, f.Create(true))
		b.write(f, text)
		require.NoError(t, os.WriteFile(theirs, []byte(text), 0o600))
		require.NoError(t, os.Chtimes(theirs, day, day))
		if changes { // what was compared already
			faults.Add(faultdisk.Fault{Op: faultdisk.Read, Name: wanted, Skip: 1, Then: func() {
				require.NoError(t, os.WriteFile(theirs, []byte("X"+text[1:]), 0o600))
			}})
		}
		require.NoError(t, publish(f))
		require.Equal(t, changes, f.Name() != wanted)
		f.Close()
		b.dirs.CloseAll()
	}
}

// TestPublishTogether: files of one name that are fetched at once, by this batch and by
// another, each get a name, and none is lost.
func TestPublishTogether(t *testing.T) {
	dir, policy := t.TempDir(), disk.Policy{Reuse: true}
	var wg sync.WaitGroup
	texts := map[string]bool{}
	for range 2 { // batches
		dirs, of := disk.NewDirs(partfile.OpenDir), &owners{of: map[string]int{}}
		defer dirs.CloseAll()
		for i := range 12 {
			text := fmt.Sprint("text ", i%6) // the same in both, and twice in each
			texts[text] = true
			wg.Go(func() {
				f := disk.NewTarget(dirs, &policy, disk.Want{Dir: dir, Name: wanted, URL: link(fmt.Sprint("http://a.test/", i))}, &names{of, i + 1, false})
				defer f.Close()
				_, err := f.Settle(disk.Answer{Name: wanted, Size: int64(len(text)), Proof: proves("")})
				if err == nil {
					err = f.Create(true)
				}
				if err == nil {
					_, err = f.WriteAt([]byte(text), 0)
				}
				if err == nil {
					err = f.Publish(context.Background(), disk.Label{})
				}
				if err != nil {
					f.Discard()
					t.Error(err)
					return
				}
				if got, err := os.ReadFile(filepath.Join(dir, f.Name())); err != nil || string(got) != text {
					t.Errorf("%s has %q, not %q: %v", f.Name(), got, text, err)
				}
			})
		}
	}
	wg.Wait()
	list, err := os.ReadDir(dir)
	require.NoError(t, err)
	have := map[string]bool{}
	for _, e := range list {
		got, err := os.ReadFile(filepath.Join(dir, e.Name()))
		require.NoError(t, err)
		have[string(got)] = true
	}
	require.Equal(t, texts, have)
	require.GreaterOrEqual(t, len(list), 12, "of a batch each has its own")
}
