package partfile

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// key is a key that is known.
type key string

func (k key) Key() string { return string(k) }

// Nameless is TryNameless, or else Create, as whoever wants a part of one answer does it.
func (d *Dir) Nameless(name, k string) (*Part, error) {
	if p, err := d.TryNameless(name, key(k)); p != nil || err != nil {
		return p, err
	}
	return d.Create(name, k)
}

// onNameless is onDisk, where there are nameless files.
func onNameless(t *testing.T, c *changed) (string, *Dir) {
	t.Helper()
	path := t.TempDir()
	d := onDisk(t, path, c)
	p, err := d.TryNameless("a", key("k"))
	require.NoError(t, err)
	if p == nil {
		t.Skip("every file has a name here")
	}
	p.Discard()
	return path, d
}

// TestNamelessIsLookedAtOnce: a file without a name takes one look, when it has got one: how long
// it is nobody else can change, and what its time is has been learned.
func TestNamelessIsLookedAtOnce(t *testing.T) {
	looks := 0
	path, d := onNameless(t, &changed{file: func(_ string, f *changedFile) { f.stat = func() { looks++ } }})
	old := time.Date(2001, 2, 3, 4, 5, 7, 0, time.UTC)
	for i := range 4 {
		looks = 0
		p, err := d.Nameless("a", "k")
		require.NoError(t, err)
		size, err := fill(t, p, "whole").Size()
		require.NoError(t, err)
		require.EqualValues(t, 5, size)
		require.NoError(t, p.Seal(old, testMark(1, 2), false))
		name := fmt.Sprint(i)
		require.NoError(t, p.Publish(name, false))
		require.True(t, looks == 1 || i == 0, looks)
		require.Equal(t, testMark(1, 2), d.MarkOf(name))
		info, err := os.Lstat(filepath.Join(path, name))
		require.NoError(t, err)
		id, _ := IdentityOf(info)
		require.Equal(t, id, p.Published())
	}
}

// TestMarksOfRoundedTimes: a mark goes with the time that the file system holds.
func TestMarksOfRoundedTimes(t *testing.T) {
	for _, step := range []time.Duration{time.Microsecond, 2 * time.Second} {
		path, d := onNameless(t, &changed{file: func(_ string, f *changedFile) {
			f.setTime = func(t time.Time) error { return f.File.SetTime(t.Truncate(step)) }
		}})
		for i, nsec := range []int{0, 0, 1234, 0, 0} {
			p, err := d.Nameless("a", "k")
			require.NoError(t, err)
			require.NoError(t, fill(t, p, "whole").Seal(time.Date(2001, 2, 3, 4, 5, i, nsec, time.UTC), testMark(1, 2), false))
			require.NoError(t, p.Publish(fmt.Sprint(i), false))
			require.Equal(t, testMark(1, 2), d.MarkOf(fmt.Sprint(i)), "%v, second %d", step, i)
		}
		list, err := os.ReadDir(path)
		require.NoError(t, err)
		require.Len(t, list, 5)
	}
}

// TestNamelessThatIsShort: a disk that has lost what it said it had written is found out.
func TestNamelessThatIsShort(t *testing.T) {
	path, d := onNameless(t, &changed{file: func(_ string, f *changedFile) {
		f.write = func(b []byte, off int64) (int, error) {
			_, err := f.File.WriteAt(b[:len(b)/2], off)
			return len(b), err
		}
	}})
	p, err := d.Nameless("a", "k")
	require.NoError(t, err)
	require.NoError(t, fill(t, p, "whole").Seal(time.Time{}, Mark{}, false))
	require.ErrorIs(t, p.Publish("a", false), ErrUnsynced)
	holds(t, path, map[string]string{})
}

// TestNamelessAfterItsEnd: what comes too late is written to no file, whatever has the descriptor.
func TestNamelessAfterItsEnd(t *testing.T) {
	path, d := onNameless(t, &changed{})
	for _, seldom := range []bool{false, true} {
		p, err := d.Nameless("a", "k")
		require.NoError(t, err)
		if fill(t, p, "whole"); seldom {
			require.NoError(t, p.Truncate(3))
		}
		p.Discard()
		others, err := os.Create(filepath.Join(path, "others"))
		require.NoError(t, err)
		defer others.Close()
		_, err = p.WriteAt([]byte("late"), 0)
		require.Error(t, err)
		_, err = p.f.Stat()
		require.Error(t, err)
		require.Error(t, p.f.Sync())
		require.Error(t, p.f.Close())
		info, err := others.Stat()
		require.NoError(t, err, "it is open as before")
		require.Zero(t, info.Size())
	}
}
