package origin

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"os"
	"sync"
)

// period is no multiple of any segment size, so bytes written to a wrong place
// are wrong bytes.
const period = 1<<20 + 7

// noise is one period of bytes, twice, so that a piece of up to a period can be
// copied out from anywhere in the first. It is made once and only read.
var noise = sync.OnceValue(func() []byte {
	b := make([]byte, 2*period)
	rand.NewChaCha8([32]byte{}).Read(b[:period])
	copy(b[period:], b[:period])
	return b
})

// content is a file that nobody stores: a byte follows from the name and the offset.
type content struct {
	phase, offset, size int64
	piece               int               // bytes a Read at most
	pace                func(n int) error // told of n bytes before they are sent; waits
}

func newContent(name string, size int64) *content {
	h := fnv.New32a()
	io.WriteString(h, name)
	return &content{phase: int64(h.Sum32()) % period, size: size, piece: maxPiece}
}

// SHA256 is the hash of a file that an Origin serves, in hexadecimal.
func SHA256(name string, size int64) string {
	h := sha256.New()
	io.Copy(h, newContent(name, size))
	return hex.EncodeToString(h.Sum(nil))
}

// FileSHA256 is the hash of a file on the disk, to be compared with that: what counts is what is there.
func FileSHA256(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func (c *content) Read(p []byte) (int, error) {
	if c.offset >= c.size {
		return 0, io.EOF
	}
	n := min(len(p), c.piece, int(min(c.size-c.offset, maxPiece)))
	copy(p[:n], noise()[(c.phase+c.offset)%period:])
	c.offset += int64(n)
	if c.pace != nil {
		return n, c.pace(n)
	}
	return n, nil
}

// Seek is here for http.ServeContent, which finds the size and the range with it.
func (c *content) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += c.offset
	case io.SeekEnd:
		offset += c.size
	}
	if offset < 0 {
		return 0, errors.New("origin: seek before the start")
	}
	c.offset = offset
	return offset, nil
}
