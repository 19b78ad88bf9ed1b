package partfile

import (
	"hash/maphash"
	"io/fs"
)

// Identity tells a file from every other and from its own earlier or later contents,
// as far as the system can: inode, size, modification and change time.
type Identity struct {
	dev, ino     uint64
	size         int64
	mtime, ctime int64 // nanoseconds
}

// prints has its seed, so that nobody can bring about two of one print.
var prints = maphash.MakeSeed()

// Print is by what an identity is recognised where it need not be kept: another one has the
// same once in 2^64 times. It is never 0.
func (i Identity) Print() uint64 { return max(maphash.Comparable(prints, i), 1) }

// Size is how many bytes it has.
func (i Identity) Size() int64 { return i.size }

// IdentityOf returns a file's identity; false where the system tells no more than size
// and modification time, which may be the same for two files, or be set again.
func IdentityOf(info fs.FileInfo) (Identity, bool) {
	if id, ok := identityOf(info); ok {
		return id, true
	}
	return Identity{size: info.Size(), mtime: info.ModTime().UnixNano()}, false
}
