package digest

import "hash"

// all computes several hashes of the same bytes. Its sum is theirs, one after the other.
type all []hash.Hash

// Write implements hash.Hash; it returns no error, as none of them does.
func (a all) Write(b []byte) (int, error) {
	for _, h := range a {
		h.Write(b)
	}
	return len(b), nil
}

// Sum implements hash.Hash.
func (a all) Sum(b []byte) []byte {
	for _, h := range a {
		b = h.Sum(b)
	}
	return b
}

// Reset implements hash.Hash.
func (a all) Reset() {
	for _, h := range a {
		h.Reset()
	}
}

// Size implements hash.Hash.
func (a all) Size() (n int) {
	for _, h := range a {
		n += h.Size()
	}
	return n
}

// BlockSize implements hash.Hash: any multiple of it is one of theirs.
func (a all) BlockSize() (n int) {
	for _, h := range a {
		n = max(n, h.BlockSize())
	}
	return n
}
