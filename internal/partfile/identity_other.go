//go:build !linux && !darwin

package partfile

import "io/fs"

func identityOf(fs.FileInfo) (Identity, bool) { return Identity{}, false }
