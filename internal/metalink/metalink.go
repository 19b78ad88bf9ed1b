// Package metalink reads documents that say where files are to be had, and what is in them
// (RFC 5854).
//
// Such a document comes from a stranger, as the files do. So it is bounded in every direction,
// entities and document types are refused, and what it says is checked before anybody goes by it:
// a document is taken whole or not at all. What cannot be used, such as torrents and hashes that
// nobody here can compute, is passed over.
package metalink

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/littledl/littledl/internal/digest"
	"github.com/littledl/littledl/internal/safename"
)

// The most that a document may have.
const (
	MaxBytes   = 16 << 20
	MaxFiles   = 100_000
	MaxSources = 64 // of a file
	MaxDepth   = 32 // of elements in each other
)

// File is one of a document's files.
type File struct {
	Name    string     // below the directory that it is to be in, with slashes
	Size    int64      // in bytes; -1: not said
	Hash    digest.Sum // all that are known to us must hold; zero: there is none
	Pieces  *digest.Pieces
	Sources []string // http and https, in the order in which they are to be used
}

// ErrMalformed is wrapped by what is wrong with a document, but for names, which are
// safename.ErrUnsafe, and errors of the reader.
var ErrMalformed = errors.New("no Metalink document (RFC 5854)")

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrMalformed, fmt.Sprintf(format, args...))
}

// Parse reads a document.
func Parse(r io.Reader) ([]File, error) {
	from := &bounded{r: r, left: MaxBytes}
	files, err := newParser(from).parse()
	switch {
	case from.err != nil:
		return nil, from.err
	case err != nil:
		return nil, err
	case len(files) == 0:
		return nil, malformed("it has no file")
	}
	return files, nil
}

// bounded is a reader that fails behind so many bytes, and knows why it did.
type bounded struct {
	r    io.Reader
	left int
	err  error
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.r.Read(p[:min(len(p), b.left+1)])
	if b.left -= n; b.left < 0 {
		n, err = 0, malformed("it is longer than %d MiB", MaxBytes>>20)
	}
	if b.err == nil && err != nil && err != io.EOF {
		b.err = err
	}
	return n, err
}

// source is a URL as the document has it.
type source struct {
	url      string
	priority int
	location string
}

// ordered are sources by priority. Of several with one the locations take turns: where one place
// is cut off, the next source is elsewhere.
func ordered(all []source) (urls []string) {
	slices.SortStableFunc(all, func(a, b source) int { return cmp.Compare(a.priority, b.priority) })
	for len(all) > 0 {
		n := slices.IndexFunc(all, func(s source) bool { return s.priority != all[0].priority })
		if n < 0 {
			n = len(all)
		}
		turns, same := map[string]int{}, all[:n]
		turn := make([]int, n)
		for i, s := range same {
			turn[i] = turns[s.location]
			turns[s.location]++
		}
		for t := 0; n > 0; t++ {
			for i, s := range same {
				if turn[i] == t {
					urls = append(urls, s.url)
					n--
				}
			}
		}
		all = all[len(same):]
	}
	return slices.Compact(urls)
}

// finish is the file of what was read of it.
func (f *file) finish() (File, error) {
	name, err := safename.CheckUser(f.name)
	switch {
	case err != nil:
		return File{}, err
	case strings.Contains(f.name, `\`) || len(name) > 1 && name[1] == ':': // elsewhere they lead somewhere
		return File{}, fmt.Errorf("%w: %.100q has a drive letter or a backslash", safename.ErrUnsafe, f.name)
	case len(f.sources) == 0:
		return File{}, malformed("%.100q has no http or https source", f.name)
	case len(f.sources) > MaxSources:
		return File{}, malformed("%.100q has %d sources, more than %d", f.name, len(f.sources), MaxSources)
	}
	out := File{Name: name, Size: f.size, Hash: f.hash, Sources: ordered(f.sources)}
	if p := f.pieces; p != nil {
		if p.Size = f.size; p.Size >= 0 && !p.Fits(p.Size) {
			return File{}, malformed("%.100q has %d pieces of %d bytes, and a size of %d", f.name, p.Len(), p.Length, p.Size)
		}
		out.Pieces = p
	}
	return out, nil
}
