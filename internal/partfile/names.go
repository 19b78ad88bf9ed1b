package partfile

import (
	"path"
	"slices"
	"strconv"
	"strings"
)

// Suffix ends the name of a part that may outlive its transfer, JournalSuffix that of
// the record beside it of what can be believed of it.
const (
	Suffix        = ".ldpart"
	JournalSuffix = ".ldjournal"
)

const maxName = 255 // bytes; what common file systems allow

// partName is the nth name of what belongs to a part, within the length that file
// systems allow.
func partName(name, key string, n int, suffix string) string {
	id := "." + key
	if n > 0 {
		id += "-" + strconv.Itoa(n)
	}
	name = path.Base(name)
	if over := len(name) + len(id) + len(JournalSuffix) - maxName; over > 0 { // the same for both
		cut := len(name) - over
		for cut > 0 && name[cut]&0xC0 == 0x80 { // not inside a rune
			cut--
		}
		name = name[:cut]
	}
	return name + id + suffix
}

// IsOurs reports whether a file has the name of a part, of a journal or of a lock.
func IsOurs(name string) bool {
	return strings.HasSuffix(name, Suffix) || strings.HasSuffix(name, JournalSuffix) || strings.HasSuffix(name, LockSuffix)
}

// journalName is what the journal of a part is called.
func journalName(part string) string { return strings.TrimSuffix(part, Suffix) + JournalSuffix }

// spareName is what a part is called on its way over a file that it replaces.
func spareName(part string) string { return strings.TrimSuffix(part, Suffix) + "+" + Suffix }

// leftPart is the part that a file belongs to, if it is one, or its journal, or has its
// spare name; and the key that finds it, whatever file it is for.
func leftPart(name string) (part, key string, ok bool) {
	stem, ok := strings.CutSuffix(name, JournalSuffix)
	if !ok {
		if stem, ok = strings.CutSuffix(name, Suffix); !ok {
			return "", "", false
		}
		stem = strings.TrimSuffix(stem, "+")
	}
	dot := strings.LastIndexByte(stem, '.')
	if dot < 0 {
		return "", "", false
	}
	key, _, _ = strings.Cut(stem[dot+1:], "-") // of a part that had to take another name
	return stem + Suffix, key, true
}

// isPartOf reports whether a part's name is one that Create would give it.
func isPartOf(part, name, key string) bool {
	if start := path.Base(name); !strings.HasPrefix(part, start[:min(len(start), 64)]) { // as nearly all of many
		return false
	}
	dot := strings.LastIndexByte(part, '.') // Suffix has the only one behind the key
	_, n, numbered := strings.Cut(part[strings.LastIndexByte(part[:dot], '.')+1:dot], "-")
	number, err := strconv.Atoi(n)
	return (err == nil || !numbered) && part == partName(name, key, number, Suffix)
}

// keyedParts are the parts with a key, of which there may be anything by now: first the one
// that name would have, and where others count the ones of other names.
func (d *Dir) keyedParts(name, key string, others bool) (parts []string) {
	own := partName(name, key, 0, Suffix)
	if d.names == nil { // it was not looked what there is
		if d.disk.Absent(own) && d.disk.Absent(journalName(own)) {
			return nil
		}
		return []string{own}
	}
	for _, p := range append(d.keptBy(key), d.left[key]...) {
		switch {
		case slices.Contains(parts, p):
		case p == own:
			parts = append([]string{p}, parts...)
		case others, isPartOf(p, name, key):
			parts = append(parts, p)
		}
	}
	return parts
}

// keptBy are the parts with a key that this process has left.
func (d *Dir) keptBy(key string) []string {
	d.keptMu.Lock()
	defer d.keptMu.Unlock()
	return slices.Clone(d.kept[key])
}

// keep notes that a part is left, for who comes later.
func (d *Dir) keep(part string) {
	d.keptMu.Lock()
	defer d.keptMu.Unlock()
	if _, key, ok := leftPart(part); ok {
		if d.kept == nil {
			d.kept = map[string][]string{}
		}
		d.kept[key] = append(d.kept[key], part)
	}
}

// hasKept reports whether this process has left a part.
func (d *Dir) hasKept() bool {
	d.keptMu.Lock()
	defer d.keptMu.Unlock()
	return len(d.kept) > 0
}
