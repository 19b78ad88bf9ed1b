package partfile

import "io/fs"

// Identity tells a file from every other and from its own earlier or later contents,
// as far as the system can: inode, size, modification and change time.
type Identity struct {
	dev, ino     uint64
	size         int64
	mtime, ctime int64 // nanoseconds
}

// IdentityOf returns a file's identity; false where the system tells too little for
// it to be relied upon.
func IdentityOf(info fs.FileInfo) (Identity, bool) { return identityOf(info) }
