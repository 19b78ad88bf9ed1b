package partfile

import (
	"path"
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

// IsOurs reports whether a file has the name of a part or of a journal.
func IsOurs(name string) bool {
	return strings.HasSuffix(name, Suffix) || strings.HasSuffix(name, JournalSuffix)
}

// leftID is what finds a part or a journal by its key, whatever file it is for.
func leftID(name string) (id string, ok bool) {
	if !IsOurs(name) {
		return "", false
	}
	ext := path.Ext(name)
	stem := strings.TrimSuffix(name, ext)
	dot := strings.LastIndexByte(stem, '.')
	if dot < 0 {
		return "", false
	}
	return stem[dot+1:] + ext, true
}

// mates are the names of the part and the journal with a key: those that are there,
// else those they would have beside name. Known is false where it was not looked what
// is there.
func (d *Dir) mates(name, key string) (part, journal string, known bool) {
	part, journal = partName(name, key, 0, Suffix), partName(name, key, 0, JournalSuffix)
	if d.names == nil {
		return part, journal, false
	}
	p, j := d.left[key+Suffix], d.left[key+JournalSuffix]
	switch {
	case p != "":
		return p, strings.TrimSuffix(p, Suffix) + JournalSuffix, true
	case j != "":
		return strings.TrimSuffix(j, JournalSuffix) + Suffix, j, true
	}
	return "", "", true
}
