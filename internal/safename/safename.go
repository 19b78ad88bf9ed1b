// Package safename turns the names that servers and URLs propose into names
// that are safe to create. A proposed name is hostile input: it may climb out
// of the directory, hide itself, pass for an option of a command or for one of
// our own part files, or be a device. The rules are the same on every system,
// because files travel to others.
//
// FromURL and FromDisposition find a name, Clean makes it safe. A name that the
// caller chose is not altered but checked, by CheckUser.
package safename

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxName   = 200 // bytes of a cleaned name: leaves room for " (n)" and the part file's suffix
	maxExt    = 20  // bytes of what is still taken for an extension
	fallback  = "download"
	leftTrim  = ".- "
	rightTrim = ". "
)

// Clean makes a name that a server or a URL chose safe, whatever it is. Only
// the last component is kept; control characters and those that nobody sees are
// dropped, invalid UTF-8 and characters that some system forbids replaced, blanks
// of all kinds made spaces; leading dots, dashes and spaces and trailing dots and
// spaces trimmed; device names of Windows, names that make a folder do something
// when it is looked at, and the suffixes of our own files defused with an
// underscore. The result is at most 200 bytes, keeps its extension, and is
// "download" if nothing else is left. Cleaning twice changes nothing more. A
// name that is fine already is returned without allocating.
func Clean(given string) string {
	name := scrub(given)
	if name == "" {
		return fallback
	}
	// Cutting a long name can bring a device name or one of our suffixes to
	// its end, and defusing it can make it too long by a byte.
	for {
		next := defuse(cut(name, maxName))
		if next == name {
			if len(name) < len(given)/2 {
				name = strings.Clone(name) // it is kept, and all that it was cut from would be
			}
			return name
		}
		name = next
	}
}

// scrub does the part of Clean that can leave nothing of a name.
func scrub(name string) string {
	if isPlain(name) {
		return name
	}
	name = strings.Map(portable, lastComponent(name))
	return strings.TrimRight(strings.TrimLeft(name, leftTrim), rightTrim)
}

// isPlain reports whether a name is one of the many in which there is nothing to scrub.
func isPlain(name string) bool {
	for i := range len(name) {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_':
		case c == '.', c == '-':
			if i == 0 || i == len(name)-1 {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// lastComponent is what follows the last separator of either kind that has
// something behind it.
func lastComponent(name string) string {
	name = strings.TrimRight(name, `/\`)
	return name[afterSeparator(name):]
}

// afterSeparator is where the part behind the last separator of either kind begins.
func afterSeparator(path string) int {
	return strings.LastIndexAny(path, `/\`) + 1 // two searches would each go on to the beginning
}

// portable maps a character to itself, to '_', or to -1 to drop it.
func portable(r rune) rune {
	switch {
	case r == 0 || strings.ContainsRune(`<>:"/\|?*`, r):
		return '_'
	case r < utf8.RuneSelf:
		if r < ' ' || r == 0x7f {
			return -1
		}
	case unicode.IsControl(r), unicode.In(r, invisible...), r == '\U0001d159': // and the note without a head
		return -1
	case unicode.Is(unicode.Zs, r), r == '\u2800': // the braille cell without a dot
		return ' '
	}
	return r
}

// invisible are the characters that show nothing: of formats, directions and joins among them,
// fillers, variants of what comes before.
var invisible = []*unicode.RangeTable{
	unicode.Cf, unicode.Zl, unicode.Zp, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point,
}

// defuse puts an underscore where a name would be a device, a file of ours, or one that acts.
func defuse(name string) string {
	stem, _, _ := strings.Cut(name, ".")
	stem = strings.TrimRight(stem, " ") // "CON .txt" is the console too
	if isDevice(stem) || strings.EqualFold(name, "desktop.ini") || strings.EqualFold(name, "autorun.inf") || strings.EqualFold(name, "thumbs.db") {
		name = stem + "_" + name[len(stem):]
	}
	for _, suffix := range trouble {
		if hasSuffixFold(name, suffix) {
			return name + "_"
		}
	}
	if strings.HasSuffix(name, "}") && strings.Contains(name, ".{") { // a class of Windows, which hides itself
		return name + "_"
	}
	return name
}

// trouble are the suffixes of our own files, and of those by which whoever looks at their folder
// is sent elsewhere, on Windows with his password's hash, or has something run.
var trouble = [...]string{
	".ldpart", ".ldjournal", ".ldlock", ".lnk", ".url", ".scf", ".website", ".library-ms", ".searchconnector-ms", ".search-ms",
	".theme", ".themepack", ".deskthemepack", // their pictures are fetched to show them
	".local",   // has the program of that name load what lies beside it
	".desktop", // what KDE's folders have run for its picture
}

// isDevice reports whether Windows takes a stem for a device, in any directory
// and with any extension.
func isDevice(stem string) bool {
	for _, d := range [...]string{"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"} {
		if strings.EqualFold(stem, d) {
			return true
		}
	}
	if len(stem) < 4 || !strings.EqualFold(stem[:3], "COM") && !strings.EqualFold(stem[:3], "LPT") {
		return false
	}
	switch n := stem[3:]; n {
	case "¹", "²", "³":
		return true
	default:
		return len(n) == 1 && '1' <= n[0] && n[0] <= '9'
	}
}

func hasSuffixFold(s, suffix string) bool {
	return len(s) >= len(suffix) && strings.EqualFold(s[len(s)-len(suffix):], suffix)
}
