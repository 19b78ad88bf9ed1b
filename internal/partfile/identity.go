package partfile

import "io/fs"

// Identity tells a file from every other and from its own earlier or later contents,
// as far as the system can: inode, size, modification and change time.
type Identity struct {
	dev, ino     uint64
	size         int64
	mtime, ctime int64 // nanoseconds
}

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
