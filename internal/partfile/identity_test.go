package partfile

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestPublished: what a part was when it was published is what a look at the name tells,
// however it came to its name, until somebody touches it.
func TestPublished(t *testing.T) {
	when := time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, make := range map[string]func(d *Dir) (*Part, error){
		"without a name": func(d *Dir) (*Part, error) { return d.Nameless("a", "k") },
		"with a name":    func(d *Dir) (*Part, error) { return d.Create("a", "k") },
	} {
		for _, replace := range []bool{false, true} {
			for _, durable := range []bool{false, true} {
				t.Run(name, func(t *testing.T) {
					path := t.TempDir()
					d, err := OpenDir(path, "")
					require.NoError(t, err)
					defer d.Close()
					if replace {
						require.NoError(t, os.WriteFile(filepath.Join(path, "a"), []byte("old"), 0o600))
					}
					p, err := make(d)
					require.NoError(t, err)
					_, err = p.WriteAt([]byte("text"), 0)
					require.NoError(t, err)
					_, err = p.Size()
					require.NoError(t, err)
					require.NoError(t, p.Seal(when, Mark{}, durable))
					require.NoError(t, p.Publish("a", replace))
					info, err := d.Stat("a")
					require.NoError(t, err)
					id, tells := IdentityOf(info)
					require.Equal(t, id, p.Published())
					if !tells {
						return
					}
					require.NoError(t, os.Chtimes(filepath.Join(path, "a"), when, when))
					info, err = d.Stat("a")
					require.NoError(t, err)
					touched, _ := IdentityOf(info)
					for deadline := time.Now().Add(time.Second); touched == id && time.Now().Before(deadline); touched, _ = IdentityOf(info) {
						require.NoError(t, os.Chtimes(filepath.Join(path, "a"), when, when)) // a coarse clock has not ticked yet
						info, err = d.Stat("a")
						require.NoError(t, err)
					}
					require.NotEqual(t, id, touched)
				})
			}
		}
	}
}

// told is what a system tells that knows nothing but this.
type told struct {
	fs.FileInfo
	size int64
	time time.Time
}

func (i told) Size() int64        { return i.size }
func (i told) ModTime() time.Time { return i.time }
func (i told) Sys() any           { return nil }

// TestIdentityOfLittle: where the system tells size and time alone, these are compared.
func TestIdentityOfLittle(t *testing.T) {
	now := time.Now()
	a, ok := IdentityOf(told{size: 1, time: now})
	require.False(t, ok)
	same, _ := IdentityOf(told{size: 1, time: now})
	require.Equal(t, a, same)
	longer, _ := IdentityOf(told{size: 2, time: now})
	require.NotEqual(t, a, longer)
	later, _ := IdentityOf(told{size: 1, time: now.Add(1)})
	require.NotEqual(t, a, later)
}
