package partfile

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// kinds are the two ways to make a part; every promise holds for both.
var kinds = map[string]func(*Dir, string, string) (*Part, error){
	"named":    (*Dir).Create,
	"nameless": (*Dir).Nameless,
}

func each(t *testing.T, f func(t *testing.T, path string, d *Dir, make func(name, key string) *Part)) {
	for kind, create := range kinds {
		t.Run(kind, func(t *testing.T) {
			path, d := open(t)
			f(t, path, d, func(name, key string) *Part {
				t.Helper()
				p, err := create(d, name, key)
				require.NoError(t, err)
				return p
			})
		})
	}
}

func open(t *testing.T) (string, *Dir) {
	t.Helper()
	path := t.TempDir()
	d, err := OpenDir(path, "")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, d.Close()) })
	return path, d
}

func fill(t *testing.T, p *Part, text string) *Part {
	t.Helper()
	_, err := p.WriteAt([]byte(text), 0)
	require.NoError(t, err)
	return p
}

// holds checks that a directory has these files and no other.
func holds(t *testing.T, path string, want map[string]string) {
	t.Helper()
	got := map[string]string{}
	entries, err := os.ReadDir(path)
	require.NoError(t, err)
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(path, e.Name()))
		require.NoError(t, err)
		got[e.Name()] = string(text)
	}
	require.Equal(t, want, got)
}

func TestPublish(t *testing.T) {
	each(t, func(t *testing.T, path string, _ *Dir, create func(name, key string) *Part) {
		require.NoError(t, fill(t, create("a.bin", "k"), "whole").Publish("a.bin", false))
		holds(t, path, map[string]string{"a.bin": "whole"})
	})
}

func TestPublishReplacesNothing(t *testing.T) {
	each(t, func(t *testing.T, path string, _ *Dir, create func(name, key string) *Part) {
		require.NoError(t, os.WriteFile(filepath.Join(path, "a.bin"), []byte("theirs"), 0o600))
		p := fill(t, create("a.bin", "k"), "ours")
		require.ErrorIs(t, p.Publish("a.bin", false), fs.ErrExist)
		require.NoError(t, p.Publish("a (1).bin", false), "another name may be tried")
		holds(t, path, map[string]string{"a.bin": "theirs", "a (1).bin": "ours"})
	})
}

func TestPublishReplaces(t *testing.T) {
	each(t, func(t *testing.T, path string, d *Dir, create func(name, key string) *Part) {
		require.NoError(t, os.WriteFile(filepath.Join(path, "a.bin"), []byte("before"), 0o600))
		before, err := d.Open("a.bin")
		require.NoError(t, err)
		defer before.Close()
		require.NoError(t, fill(t, create("a.bin", "k"), "after").Publish("a.bin", true))
		holds(t, path, map[string]string{"a.bin": "after"})
		text := make([]byte, 6)
		_, err = before.ReadAt(text, 0)
		require.NoError(t, err)
		require.Equal(t, "before", string(text), "who reads the old file goes on reading it")
		require.NoError(t, fill(t, create("b.bin", "k"), "new").Publish("b.bin", true), "with nothing there")
	})
}

// TestReplaceOnlyFiles: a directory of the name is an error, after which another
// name may be tried, and the part can be discarded.
func TestReplaceOnlyFiles(t *testing.T) {
	each(t, func(t *testing.T, path string, _ *Dir, create func(name, key string) *Part) {
		require.NoError(t, os.Mkdir(filepath.Join(path, "a.bin"), 0o700))
		p := fill(t, create("a.bin", "k"), "ours")
		require.ErrorContains(t, p.Publish("a.bin", true), "not a regular file")
		require.NoError(t, p.Publish("b.bin", true))
		p = fill(t, create("a.bin", "k"), "ours")
		require.Error(t, p.Publish("a.bin", true))
		p.Discard()
		require.NoError(t, os.Remove(filepath.Join(path, "a.bin")))
		holds(t, path, map[string]string{"b.bin": "ours"})
	})
}

// TestPublishRace: of many who want one name without replacing, exactly one gets it,
// and every file is somewhere, whole.
func TestPublishRace(t *testing.T) {
	each(t, func(t *testing.T, path string, _ *Dir, create func(name, key string) *Part) {
		const n = 8
		want := map[string]string{}
		var won atomic.Int32
		var mu sync.Mutex
		race(n, func(i int) {
			text := strings.Repeat(fmt.Sprint(i), 1000)
			p := fill(t, create("a.bin", fmt.Sprint(i)), text)
			name := "a.bin"
			if err := p.Publish(name, false); err == nil {
				won.Add(1)
			} else {
				require.ErrorIs(t, err, fs.ErrExist)
				name = fmt.Sprintf("a (%d).bin", i)
				require.NoError(t, p.Publish(name, false))
			}
			mu.Lock()
			want[name] = text
			mu.Unlock()
		})
		require.EqualValues(t, 1, won.Load())
		require.Len(t, want, n)
		holds(t, path, want)
	})
}

// TestReplaceRace: of many who replace one name, somebody is last; who looks in
// between sees one file or the other, never a mixture or nothing.
func TestReplaceRace(t *testing.T) {
	each(t, func(t *testing.T, path string, d *Dir, create func(name, key string) *Part) {
		const n = 8
		require.NoError(t, os.WriteFile(filepath.Join(path, "a.bin"), []byte(strings.Repeat("x", 1000)), 0o600))
		race(n, func(i int) {
			p := fill(t, create("a.bin", fmt.Sprint(i)), strings.Repeat(fmt.Sprint(i), 1000))
			require.NoError(t, p.Publish("a.bin", true))
			text, err := os.ReadFile(filepath.Join(path, "a.bin"))
			require.NoError(t, err)
			require.Equal(t, strings.Repeat(string(text[:1]), 1000), string(text))
		})
		entries, err := os.ReadDir(path)
		require.NoError(t, err)
		require.Len(t, entries, 1)
	})
}

// race runs f n times at once.
func race(n int, f func(i int)) {
	var wg sync.WaitGroup
	begin := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-begin
			f(i)
		})
	}
	close(begin)
	wg.Wait()
}

func TestDiscard(t *testing.T) {
	each(t, func(t *testing.T, path string, _ *Dir, create func(name, key string) *Part) {
		fill(t, create("a.bin", "k"), "part").Discard()
		holds(t, path, map[string]string{})
	})
}

// TestPartsShowWhatTheyAre: an incomplete file is never under its final name, and
// one without a name leaves nothing behind, whatever happens.
func TestPartsShowWhatTheyAre(t *testing.T) {
	path, d := open(t)
	p, err := d.Create("a.bin", "k")
	require.NoError(t, err)
	fill(t, p, "half")
	holds(t, path, map[string]string{"a.bin.k.ldpart": "half"})
	p.Discard()
	p, err = d.Nameless("a.bin", "k")
	require.NoError(t, err)
	fill(t, p, "half")
	if d.nameless.Load() {
		holds(t, path, map[string]string{})
	}
	p.Discard()
}

// TestNamelessElsewhere: where there are no nameless files they are named ones.
func TestNamelessElsewhere(t *testing.T) {
	path, d := open(t)
	d.nameless.Store(false)
	p, err := d.Nameless("a.bin", "k")
	require.NoError(t, err)
	fill(t, p, "half")
	holds(t, path, map[string]string{"a.bin.k.ldpart": "half"})
	require.NoError(t, p.Publish("a.bin", false))
	holds(t, path, map[string]string{"a.bin": "half"})
}

// TestBeyond4GiB: offsets that do not fit 32 bits are written, published and read again.
func TestBeyond4GiB(t *testing.T) {
	each(t, func(t *testing.T, path string, d *Dir, create func(name, key string) *Part) {
		const at = 5 << 30
		p := create("a.bin", "k")
		_, err := p.WriteAt([]byte("end"), at)
		require.NoError(t, err)
		require.NoError(t, p.Publish("a.bin", false))
		require.NoError(t, d.SyncFile("a.bin"))
		f, err := d.Open("a.bin")
		require.NoError(t, err)
		defer f.Close()
		info, err := f.Stat()
		require.NoError(t, err)
		require.Equal(t, int64(at+3), info.Size())
		b := make([]byte, 3)
		_, err = f.ReadAt(b, at)
		require.NoError(t, err)
		require.Equal(t, "end", string(b))
	})
}
