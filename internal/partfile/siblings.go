package partfile

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/littledl/littledl/internal/journal"
)

// Siblings are the parts of one path with other queries, which may be signatures, or other
// files: who asks must be able to tell.

// keyFamily is how many characters of a key those of one path have in common.
const keyFamily = 8

// siblings are the parts that were left by another key of the same family.
func (d *Dir) siblings(key string) (parts []string) {
	if len(key) < keyFamily {
		return nil
	}
	for k, left := range d.left {
		if k != key && strings.HasPrefix(k, key[:keyFamily]) {
			parts = append(parts, left...)
		}
	}
	slices.Sort(parts)
	return parts
}

// ResumeSibling is Resume for the part of another query, if by what its journal says it may be of
// the same file. Named: it was left for the very name. What is not of the file is left as it is.
func (d *Dir) ResumeSibling(name, key string, may func(log journal.Log, named bool) bool) (*Part, journal.Log, error) {
	for _, part := range d.siblings(key) {
		_, k, _ := leftPart(part)
		named := isPartOf(part, name, k)
		p, log, err := d.resume(part, false, func(l journal.Log) bool { return may(l, named) })
		if err == nil {
			return p, log, nil
		}
		if exhausted(err) {
			return nil, journal.Log{}, fmt.Errorf("open the part file again: %w", err)
		}
	}
	return nil, journal.Log{}, nil
}

// Leave closes a part that turned out to be of another file, and leaves it as it is.
func (p *Part) Leave() {
	if p.log != nil {
		_ = p.log.f.Close()
		p.log = nil
	}
	_ = p.close()
}

// mostSiblings is how many may lie beside the part that is begun for a name.
const mostSiblings = 1

// thin removes parts that were left for the same name by other URLs, the oldest first: if they were
// this file under another signature, which may be in the path, or of another of its hosts, they
// would pile up.
func (d *Dir) thin(name, key string) {
	type left struct {
		part string
		at   time.Time
	}
	var all []left
	for k, parts := range d.left {
		for _, part := range parts {
			if k == key || !isPartOf(part, name, k) || slices.Contains(d.keptBy(k), part) {
				continue
			}
			if info, err := d.disk.Lstat(part); err == nil {
				all = append(all, left{part, info.ModTime()})
			}
		}
	}
	slices.SortFunc(all, func(a, b left) int { return b.at.Compare(a.at) })
	for _, l := range all[min(mostSiblings, len(all)):] {
		d.tidy(l.part)
	}
}

// errNotProven: what a journal says is not enough.
var errNotProven = errors.New("nothing proves that the part is of this file")
