//go:build linux

package e2e

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"time"
)

const mib = 1 << 20

// seed makes the content the same in every run.
const seed = 20

// content is a folder of files and what is known about them.
type content struct {
	root  string
	files []file
	total int64 // bytes
}

type file struct {
	name     string
	size     int64
	sum      [sha256.Size]byte
	modified time.Time
	hashed   bool // the downloader is told the digest
}

// url is where the file is below base.
func (f file) url(base string) string { return base + "/" + url.PathEscape(f.name) }

// awkward are names that have to be escaped in a URL, or tempt a server to tell
// more about the file than its bytes.
var awkward = []string{
	"with some spaces.txt", "100% sure.bin", "25%20percent.bin", "grüße-世界-🚀.dat", "a+b&c=d,e;f.txt",
	"hash#tag.txt", "[brackets] (1).txt", "it's~here@home!$.txt", "archive.tar.gz", "page.html", "no-extension",
}

// newContent fills dir with a few hundred small files, some medium ones and two
// large ones.
func newContent(dir string) (*content, error) {
	c := &content{root: dir}
	r := rand.New(rand.NewPCG(seed, 0))
	for i := range 240 {
		c.plan(fmt.Sprintf("small-%03d.bin", i), r.Int64N(int64(1)<<r.IntN(17)+1))
	}
	for _, name := range awkward {
		c.plan(name, 1+r.Int64N(20_000))
	}
	// The edges of pages, of read buffers, and of what is fetched in one request.
	for _, n := range []int64{0, 1, 4095, 4096, 4097, 1<<15 - 1, 1 << 15, 1<<15 + 1, mib - 1, mib, 5*mib - 1, 5 * mib, 5*mib + 1} {
		c.plan(fmt.Sprintf("edge-%d.bin", n), n)
	}
	c.plan("another-empty", 0)
	c.plan("medium-1.bin", 2*mib+12345)
	c.plan("medium-2.bin", 7*mib+1)
	c.plan("large-1.bin", 20*mib)
	c.plan("large-2.bin", 120*mib+4321)
	for i := range c.files {
		f := &c.files[i]
		f.hashed = f.name == "large-1.bin"
		f.modified = time.Date(2019, 2, 28, 23, 59, 59, 0, time.UTC).Add(time.Duration(i) * 7919 * time.Second)
	}
	return c, c.create()
}

// create writes the files that were planned.
func (c *content) create() error {
	for i := range c.files {
		if err := c.files[i].write(c.root, uint64(i)); err != nil {
			return err
		}
	}
	return nil
}

func (c *content) plan(name string, size int64) {
	c.files = append(c.files, file{name: name, size: size})
	c.total += size
}

// write fills the file with bytes that differ from those of every other file and
// of every other place in it.
func (f *file) write(dir string, nth uint64) error {
	path := filepath.Join(dir, f.name)
	out, err := os.Create(path)
	if err != nil {
		return err
	}
	defer out.Close()
	key := [32]byte{seed, byte(nth), byte(nth >> 8)}
	digest, buffered := sha256.New(), bufio.NewWriterSize(out, mib)
	if _, err := io.CopyN(io.MultiWriter(buffered, digest), rand.NewChaCha8(key), f.size); err != nil {
		return err
	}
	if err := buffered.Flush(); err != nil {
		return err
	}
	digest.Sum(f.sum[:0])
	return os.Chtimes(path, f.modified, f.modified)
}
