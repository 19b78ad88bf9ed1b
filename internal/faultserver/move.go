package faultserver

// move is copy, unseen by the race detector, which takes longer to note each byte that is
// copied than a test takes for all else. It is for memory that one thing alone can reach, or
// several under a lock; what callers pass in they tell with raceRead and raceWrite.
//
//go:norace
func move(dst, src []byte) int {
	const large, small = 4096, 64
	n, i := min(len(dst), len(src)), 0
	for ; i+large <= n; i += large {
		*(*[large]byte)(dst[i:]) = *(*[large]byte)(src[i:])
	}
	for ; i+small <= n; i += small {
		*(*[small]byte)(dst[i:]) = *(*[small]byte)(src[i:])
	}
	for ; i < n; i++ {
		dst[i] = src[i]
	}
	return n
}
