package littledl_test

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
	"github.com/littledl/littledl/internal/partfile"
)

// spoilingDisk changes what is copied to it, as if somebody wrote to the original just
// then, or made it longer.
type spoilingDisk struct {
	partfile.Disk
	grows bool
}

func (d spoilingDisk) Nameless() (partfile.File, error) {
	f, err := d.Disk.Nameless()
	return spoilingFile{f, d.grows}, err
}

func (d spoilingDisk) Link(f partfile.File, name, to string) error {
	return d.Disk.Link(f.(spoilingFile).File, name, to)
}

type spoilingFile struct {
	partfile.File
	grows bool
}

func (f spoilingFile) ReadFrom(r io.Reader) (int64, error) {
	n, err := f.File.ReadFrom(r)
	if err == nil && !f.grows {
		_, err = f.WriteAt([]byte("spoilt"), 10)
	} else if err == nil {
		_, err = f.WriteAt([]byte("more"), n)
		n += 4
	}
	return n, err
}

// TestCandidateChanges: a file at hand that somebody writes to while it is looked at is
// none; the server has the right one.
func TestCandidateChanges(t *testing.T) {
	for _, grows := range []bool{false, true} {
		inBubble(t, func(b *bed) {
			b.enhanced = true
			b.option(overDisk(func(d partfile.Disk) partfile.Disk { return spoilingDisk{d, grows} }))
			f := b.srv.File("a.bin", faultserver.Size(300*kib))
			at := filepath.Join(b.dir, "elsewhere")
			require.NoError(b, os.WriteFile(at, faultserver.Bytes(f.Content()), 0o600))
			id := b.add(f, littledl.WithHash("sha256", f.Sum()))
			require.NoError(b, b.downloader().Start(b.Context()))
			require.NoError(b, b.compare(b.task(id)))
			require.False(b, b.task(id).Reused)
			require.NotEmpty(b, b.srv.GETs())
		})
	}
}
