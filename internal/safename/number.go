package safename

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

const maxComponent = 255 // bytes, on every file system in common use

// Numbered is the n-th other name for name, with the number before the
// extension: "a.tar.gz" becomes "a (1).tar.gz". Directories in front are kept,
// a name that begins with a dot has no extension for it. The stem is cut, on a
// character boundary, where the last component would have more than 255 bytes.
// Number zero is name itself.
func Numbered(name string, n int) string {
	if n <= 0 {
		return name
	}
	at := strings.LastIndexByte(name, '/') + 1
	dir, base := name[:at], name[at:]
	ext := extension(base)
	suffix := " (" + strconv.Itoa(n) + ")" + ext
	stem := truncate(base[:len(base)-len(ext)], maxComponent-len(suffix))
	return dir + stem + suffix
}

// NumberOf is the inverse of Numbered: which other name for name is other? Not ok: none.
func NumberOf(name, other string) (n int, ok bool) {
	if other == name {
		return 0, true
	}
	stem, tail := strings.TrimSuffix(other, extension(name)), ")"
	open := strings.LastIndex(stem, " (")
	if open < 0 || !strings.HasSuffix(stem, tail) {
		return 0, false
	}
	n, err := strconv.Atoi(stem[open+2 : len(stem)-len(tail)])
	if err != nil || n <= 0 || Numbered(name, n) != other {
		return 0, false
	}
	return n, true
}

// Fold is a key that is equal for two names if they may be the same file where
// case does not matter. Composed and decomposed letters are not treated as one.
// A name of ASCII without capitals is its own key and costs no allocation.
func Fold(name string) string {
	for i := range len(name) {
		if c := name[i]; c >= utf8.RuneSelf || 'A' <= c && c <= 'Z' {
			return strings.Map(foldRune, name)
		}
	}
	return name
}

// foldRune picks one of the letters that differ from r only in case.
func foldRune(r rune) rune {
	if r < utf8.RuneSelf {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}
	least := r
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		least = min(least, f)
	}
	return unicode.ToLower(unicode.ToUpper(least)) // both, for the Turkish letters i
}

// cut shortens a name to at most limit bytes and keeps its extension.
func cut(name string, limit int) string {
	if len(name) <= limit {
		return name
	}
	ext := extension(name)
	stem := truncate(name[:len(name)-len(ext)], limit-len(ext))
	return strings.TrimRight(stem+ext, rightTrim)
}

// truncate cuts s to at most n bytes without splitting a character.
func truncate(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// extension is the extension of a name with its dot, or "". One that only says
// how the rest is packed counts together with the one before it: ".tar.gz".
func extension(name string) string {
	i := strings.LastIndexByte(name, '.')
	if i <= 0 || len(name)-i > maxExt || strings.IndexByte(name[i:], ' ') >= 0 {
		return ""
	}
	if j := strings.LastIndexByte(name[:i], '.'); j > 0 && isPacked(name[i:]) && isInner(name[j+1:i]) {
		return name[j:]
	}
	return name[i:]
}

func isPacked(ext string) bool {
	switch strings.ToLower(ext) {
	case ".gz", ".bz2", ".xz", ".zst", ".br", ".lz", ".lz4", ".lzma", ".z":
		return true
	}
	return false
}

// isInner reports whether s can be the "tar" of ".tar.gz", and not, say, the
// "2" of "v1.2.gz".
func isInner(s string) bool {
	if s == "" || len(s) > 5 {
		return false
	}
	for _, c := range []byte(s) {
		if c < 'A' || 'Z' < c && c < 'a' || 'z' < c {
			return false
		}
	}
	return true
}
