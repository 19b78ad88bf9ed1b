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
	"hash/crc32"
	"slices"
	"strconv"
	"strings"
)

// Sum is an expected digest, or several that must all hold; the zero value expects nothing. It
// is comparable.
type Sum struct {
	Algorithm string // as WithHash names it; of several, in the order of the list below: "md5+sha256"; "sha384*2" are two of which one will do
	Bytes     string // the raw digest; of several, one after the other
	Own       *Own   // of the caller's own functions, which must hold as well; nil: there are none
}

// IsZero reports whether nothing is expected.
func (s Sum) IsZero() bool { return s.Algorithm == "" && s.Own == nil }

// Named is the part of s that can be written down.
func (s Sum) Named() Sum { return Sum{Algorithm: s.Algorithm, Bytes: s.Bytes} }

// Kind is by what s is computed: that of two with the same can be computed once.
func (s Sum) Kind() string { return strings.Join(s.algorithms(), separator) }

// New returns the hash that s is a digest of. It panics for the zero Sum.
func (s Sum) New() hash.Hash {
	var a all
	for _, name := range s.algorithms() {
		a = append(a, algorithms[name]())
	}
	for own := s.Own; own != nil; own = own.Next {
		a = append(a, own.New())
	}
	if len(a) == 1 {
		return a[0]
	}
	return a
}

// Matches reports whether h holds the expected digest.
func (s Sum) Matches(h hash.Hash) bool { return s.Accepts(string(h.Sum(nil))) }

// Accepts is Matches for the raw digest that such a hash has come to.
func (s Sum) Accepts(got string) bool { return s.mismatch(got) == "" }

// Mismatch says what h, which does not match, holds instead of what was expected.
func (s Sum) Mismatch(h hash.Hash) string {
	if why := s.mismatch(string(h.Sum(nil))); why != "" {
		return why
	}
	return "it matches"
}

func (s Sum) mismatch(got string) string {
	for _, one := range s.single() {
		have := take(&got, one.size())
		if !slices.Contains(one.any, have) {
			return fmt.Sprintf("%s is %x, not %s", one.algorithm, have, one)
		}
	}
	for own := s.Own; own != nil; own = own.Next {
		if have := take(&got, len(own.Sum)); have != own.Sum {
			return fmt.Sprintf("the caller's own digest is %x, not %x", have, own.Sum)
		}
	}
	return ""
}

// Strongest is the algorithm that says most of those in s, and the digest that got, which s
// accepts, has by it; "": s has none but the caller's own.
func (s Sum) Strongest(got string) (algorithm, digest string) {
	for _, one := range s.single() {
		algorithm, digest = one.algorithm, take(&got, one.size())
	}
	return algorithm, digest
}

// take cuts n bytes off the beginning of a text.
func take(text *string, n int) string {
	n = min(n, len(*text))
	first := (*text)[:n]
	*text = (*text)[n:]
	return first
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
	mine, theirs := s.single(), o.single()
	for _, a := range ordered {
		x, y := of(mine, a), of(theirs, a)
		if x == nil {
			x, y = y, nil
		}
		if y != nil {
			x = slices.DeleteFunc(slices.Clone(x), func(d string) bool { return !slices.Contains(y, d) })
		}
		switch {
		case x == nil:
		case len(x) == 0:
			return Sum{}, false
		default:
			both = both.with(a, x)
		}
	}
	both.Own = s.Own
	for own := o.Own; own != nil; own = own.Next {
		both.Own = &Own{New: own.New, Sum: own.Sum, Next: both.Own}
	}
	return both, true
}

// with appends one of several digests by an algorithm.
func (s Sum) with(algorithm string, any []string) Sum {
	if len(any) > 1 {
		algorithm += times + strconv.Itoa(len(any))
	}
	if s.Algorithm != "" {
		algorithm = s.Algorithm + separator + algorithm
	}
	return Sum{Algorithm: algorithm, Bytes: s.Bytes + strings.Join(any, "")}
}

// single is what is expected by one algorithm.
type single struct {
	algorithm string
	any       []string // one of these
}

func (s single) size() int { return len(s.any[0]) }

func (s single) String() string {
	texts := make([]string, len(s.any))
	for i, d := range s.any {
		texts[i] = hex.EncodeToString([]byte(d))
	}
	return strings.Join(texts, " or ")
}

// of are the digests by one algorithm; nil: there is none.
func of(all []single, algorithm string) []string {
	for _, one := range all {
		if one.algorithm == algorithm {
			return one.any
		}
	}
	return nil
}

// single takes the digests apart.
func (s Sum) single() (all []single) {
	rest := s.Bytes
	for a := range strings.SplitSeq(s.Algorithm, separator) {
		name, n := counted(a)
		if size, err := Size(name); err == nil && len(rest) >= n*size {
			one := single{algorithm: name}
			for range n {
				one.any = append(one.any, take(&rest, size))
			}
			all = append(all, one)
		}
	}
	return all
}

// counted is an algorithm, and how many alternatives there are by it.
func counted(text string) (algorithm string, n int) {
	algorithm, count, several := strings.Cut(text, times)
	if n, err := strconv.Atoi(count); several && err == nil && n > 0 {
		return algorithm, n
	}
	return algorithm, 1
}

// algorithms are the names of those in s.
func (s Sum) algorithms() (names []string) {
	if s.Algorithm == "" {
		return nil
	}
	for a := range strings.SplitSeq(s.Algorithm, separator) {
		name, _ := counted(a)
		names = append(names, name)
	}
	return names
}

const (
	separator = "+"
	times     = "*"
)

// ordered are the algorithms in the order in which several are named: the strongest is the last.
var ordered = []string{"crc32c", "md5", "sha1", "sha224", "sha256", "sha384", "sha512"}

var algorithms = map[string]func() hash.Hash{
	"crc32c": func() hash.Hash { return crc32.New(castagnoli) },
	"md5":    md5.New,
	"sha1":   sha1.New,
	"sha224": sha256.New224,
	"sha256": sha256.New,
	"sha384": sha512.New384,
	"sha512": sha512.New,
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Size returns the length in bytes of an algorithm's digest.
func Size(algorithm string) (int, error) {
	n, ok := algorithms[strings.ToLower(algorithm)]
	if !ok {
		return 0, fmt.Errorf("unknown hash algorithm %q; use md5, sha1, sha224, sha256, sha384, sha512 or crc32c", algorithm)
	}
	return n().Size(), nil
}
