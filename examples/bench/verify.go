package main

import (
	"os"
	"path/filepath"

	"github.com/littledl/littledl/examples/internal/origin"
)

// hashes remembers what files must hash to.
type hashes map[file]string

func (h hashes) of(f file) string {
	sum, ok := h[f]
	if !ok {
		sum = origin.SHA256(f.name, f.size)
		h[f] = sum
	}
	return sum
}

// check counts the files of a directory that are wrong and those not there.
func (h hashes) check(dir string, files []file) (wrong, missing int) {
	for _, f := range files {
		sum, err := origin.FileSHA256(filepath.Join(dir, f.name))
		switch {
		case os.IsNotExist(err):
			missing++
		case err != nil || sum != h.of(f):
			wrong++
		}
	}
	return wrong, missing
}
