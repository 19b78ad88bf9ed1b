// Package digest names the hash algorithms a caller may give a digest in, and
// computes them.
package digest

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"hash"
	"strings"
)

// Sum is an expected digest; the zero value expects nothing. It is comparable.
type Sum struct {
	Algorithm string // "md5", "sha1", "sha256" or "sha512"
	Bytes     string // the raw digest
}

// IsZero reports whether nothing is expected.
func (s Sum) IsZero() bool { return s.Algorithm == "" }

// New returns the hash that s is a digest of. It panics for the zero Sum.
func (s Sum) New() hash.Hash { return algorithms[s.Algorithm]() }

// Matches reports whether h holds the expected digest.
func (s Sum) Matches(h hash.Hash) bool { return string(h.Sum(nil)) == s.Bytes }

var algorithms = map[string]func() hash.Hash{
	"md5":    md5.New,
	"sha1":   sha1.New,
	"sha256": sha256.New,
	"sha512": sha512.New,
}

// Size returns the length in bytes of an algorithm's digest.
func Size(algorithm string) (int, error) {
	n, ok := algorithms[strings.ToLower(algorithm)]
	if !ok {
		return 0, fmt.Errorf("unknown hash algorithm %q; use md5, sha1, sha256 or sha512", algorithm)
	}
	return n().Size(), nil
}
