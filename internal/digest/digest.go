// Package digest names the hash algorithms a caller may give a digest in, and
// computes them.
package digest

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"hash"
	"strings"
)

// Sum is an expected digest, or several that must all hold; the zero value expects nothing. It
// is comparable.
type Sum struct {
	Algorithm string // "md5", "sha1", "sha256" or "sha512"; of several, in this order: "md5+sha256"
	Bytes     string // the raw digest; of several, one after the other
}

// IsZero reports whether nothing is expected.
func (s Sum) IsZero() bool { return s.Algorithm == "" }

// New returns the hash that s is a digest of. It panics for the zero Sum.
func (s Sum) New() hash.Hash {
	if make, ok := algorithms[s.Algorithm]; ok {
		return make()
	}
	return newAll(s.Algorithm)
}

// Matches reports whether h holds the expected digest.
func (s Sum) Matches(h hash.Hash) bool { return string(h.Sum(nil)) == s.Bytes }

// Mismatch says what h, which does not match, holds instead of what was expected.
func (s Sum) Mismatch(h hash.Hash) string {
	got := Sum{s.Algorithm, string(h.Sum(nil))}.single()
	for i, want := range s.single() {
		if got[i] != want {
			return fmt.Sprintf("%s is %x, not %x", want.Algorithm, got[i].Bytes, want.Bytes)
		}
	}
	return "it matches"
}

// Parse reads a digest in hexadecimal.
func Parse(algorithm, text string) (Sum, error) {
	size, err := Size(algorithm)
	if err != nil {
		return Sum{}, err
	}
	sum, err := hex.DecodeString(text)
	if err != nil && len(text) == 2*size {
		return Sum{}, fmt.Errorf("the %s digest has other characters than hexadecimal digits", algorithm)
	}
	if err != nil || len(sum) != size {
		return Sum{}, fmt.Errorf("a %s digest has %d hexadecimal digits, got %d characters", algorithm, 2*size, len(text))
	}
	return Sum{Algorithm: strings.ToLower(algorithm), Bytes: string(sum)}, nil
}

// And is what expects both. Not ok: no file has both.
func (s Sum) And(o Sum) (both Sum, ok bool) {
	for _, a := range ordered {
		x, y := s.of(a), o.of(a)
		if x == "" {
			x, y = y, x
		}
		switch {
		case x == "":
		case y != "" && x != y:
			return Sum{}, false
		case both.IsZero():
			both = Sum{a, x}
		default:
			both = Sum{both.Algorithm + separator + a, both.Bytes + x}
		}
	}
	return both, true
}

// of is the digest by one algorithm; "": there is none.
func (s Sum) of(algorithm string) string {
	for _, one := range s.single() {
		if one.Algorithm == algorithm {
			return one.Bytes
		}
	}
	return ""
}

// single takes the digests apart.
func (s Sum) single() (all []Sum) {
	for a := range strings.SplitSeq(s.Algorithm, separator) {
		if make, ok := algorithms[a]; ok {
			n := make().Size()
			all = append(all, Sum{a, s.Bytes[:n]})
			s.Bytes = s.Bytes[n:]
		}
	}
	return all
}

const separator = "+"

// ordered are the algorithms in the order in which several are named.
var ordered = []string{"md5", "sha1", "sha256", "sha512"}

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
