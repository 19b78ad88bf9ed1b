package faultserver

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
)

// Content is the bytes of one version of a file.
type Content interface {
	io.ReaderAt
	Size() int64
}

// period is prime, so that no chunk size is a multiple of it.
const period = 65521

// noise is what generated content repeats. It is never written again.
var noise = func() []byte {
	b := make([]byte, period)
	rand.NewChaCha8([32]byte{}).Read(b)
	return b
}()

const stampLen = 16

// generated is a file of any size made as it is read: the noise, begun at a point
// that depends on seed and version, with a stamp every period bytes, so that no two
// places, files or versions are alike.
type generated struct {
	id     uint64
	offset int64
	size   int64
}

// Generate returns size bytes that depend on name and version alone and cost no
// memory.
func Generate(name string, version int, size int64) Content {
	h := fnv.New64a()
	fmt.Fprintf(h, "%s\x00%d", name, version)
	id := h.Sum64()
	return &generated{id: id, offset: int64(id % period), size: size}
}

func (g *generated) Size() int64 { return g.size }

func (g *generated) ReadAt(b []byte, off int64) (int, error) {
	if off < 0 {
		return 0, fmt.Errorf("read at negative offset %d", off)
	}
	if off >= g.size {
		return 0, io.EOF
	}
	var err error
	if left := g.size - off; int64(len(b)) > left {
		b, err = b[:left], io.EOF
	}
	for done := 0; done < len(b); {
		done += move(b[done:], noise[(off+int64(done)+g.offset)%period:])
	}
	for k := off / period; k*period < off+int64(len(b)); k++ {
		g.stamp(b, off, k)
	}
	return len(b), err
}

// stamp writes the part of stamp k that falls into b, which begins at off.
func (g *generated) stamp(b []byte, off, k int64) {
	var s [stampLen]byte
	binary.BigEndian.PutUint64(s[:8], g.id)
	binary.BigEndian.PutUint64(s[8:], uint64(k))
	at := k*period - off
	if at >= 0 {
		copy(b[at:], s[:])
	} else if at > -stampLen {
		copy(b, s[-at:])
	}
}

// part is n bytes of c from off on, both cut to what c has.
func part(c Content, off, n int64) Content {
	off = max(0, min(off, c.Size()))
	return io.NewSectionReader(c, off, max(0, min(n, c.Size()-off)))
}

// zeros is a Content of n zero bytes.
type zeros int64

func (z zeros) Size() int64 { return int64(z) }

func (z zeros) ReadAt(b []byte, off int64) (int, error) {
	n := max(0, min(int64(len(b)), int64(z)-off))
	clear(b[:n])
	if n < int64(len(b)) {
		return int(n), io.EOF
	}
	return int(n), nil
}

// joined is its parts one behind the other.
type joined []Content

func (j joined) Size() (n int64) {
	for _, c := range j {
		n += c.Size()
	}
	return n
}

func (j joined) ReadAt(b []byte, off int64) (done int, err error) {
	for _, c := range j {
		if room := c.Size() - off; room > 0 && done < len(b) {
			n, err := c.ReadAt(b[done:][:min(room, int64(len(b)-done))], off)
			done += n
			if err != nil && err != io.EOF {
				return done, err
			}
		}
		off = max(0, off-c.Size())
	}
	if done < len(b) {
		return done, io.EOF
	}
	return done, nil
}

// Sum is the SHA-256 of c in hex.
func Sum(c Content) string {
	h := sha256.New()
	if _, err := io.Copy(h, io.NewSectionReader(c, 0, c.Size())); err != nil {
		panic(err) // a Content of this package does not fail
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Bytes is all of c in memory.
func Bytes(c Content) []byte {
	b := make([]byte, c.Size())
	if n, err := c.ReadAt(b, 0); n < len(b) {
		panic(err)
	}
	return b
}

// Compare tells where what r reads first differs from c; nil if it is the same.
// It is cheaper than Sum.
func Compare(r io.Reader, c Content) error {
	got, want := make([]byte, 256<<10), make([]byte, 256<<10)
	for off := int64(0); ; {
		n, err := io.ReadFull(r, got)
		m, _ := c.ReadAt(want[:n], off)
		if !bytes.Equal(got[:m], want[:m]) {
			i := 0
			for got[i] == want[i] {
				i++
			}
			return fmt.Errorf("byte %d of %d differs", off+int64(i), c.Size())
		}
		off += int64(n)
		switch {
		case m < n:
			return fmt.Errorf("more than the %d bytes expected", c.Size())
		case (err == io.EOF || err == io.ErrUnexpectedEOF) && off == c.Size():
			return nil
		case err == io.EOF || err == io.ErrUnexpectedEOF:
			return fmt.Errorf("%d bytes where %d are expected", off, c.Size())
		case err != nil:
			return err
		}
	}
}
