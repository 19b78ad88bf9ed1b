package digest

// Pieces are the digests of the pieces of a file, which are equally long but for the last.
type Pieces struct {
	Size      int64 // of the file; -1: not known
	Length    int64 // of a piece
	Algorithm string
	Sums      string // one after the other
}

// Strength is greater for what is harder to forge.
func (p *Pieces) Strength() int {
	n, _ := Size(p.Algorithm)
	return n
}

// Len is how many pieces there are.
func (p *Pieces) Len() int { return len(p.Sums) / p.Strength() }

// Of is the digest of a piece.
func (p *Pieces) Of(i int) Sum {
	n := p.Strength()
	return Sum{Algorithm: p.Algorithm, Bytes: p.Sums[i*n : (i+1)*n]}
}

// Fits reports whether a file of a size has so many pieces.
func (p *Pieces) Fits(size int64) bool {
	n := size / p.Length
	if size%p.Length > 0 {
		n++
	}
	return n == int64(p.Len())
}
