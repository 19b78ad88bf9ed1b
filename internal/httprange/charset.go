package httprange

import "strings"

// Character sets have more names than anybody could list. Most say whose they are and have a
// number, which no coding does that is called like them.

// isCharset reports whether a word is the name of a character set.
func isCharset(t string) bool {
	for strings.HasPrefix(t, "x-") {
		t = t[2:]
	}
	t = strings.TrimPrefix(t, "cn-")
	return isSet(t) || strings.HasPrefix(t, "cs") && isSet(t[2:]) // csISOLatin1
}

func isSet(t string) bool {
	if strings.ContainsAny(t, " \t") { // several words, of which one may be a coding
		return false
	}
	switch t {
	case "gb", "gbk", "hz", "jis", "sjis", "shift_jis", "shift-jis", "shiftjis", "ms_kanji", "ms-kanji", "mskanji", "ujis", "johab", "uhc", "koi", "viscii", "tscii", "viqr", "scsu",
		"latin", "cyrillic", "greek", "hebrew", "arabic", "chinese", "japanese", "korean", "thai", "logical", "visual", "sun_eu_greek", "user-defined",
		"mac", "macintosh", "macroman", "maccyrillic", "maccentraleurope", "macgreek", "macturkish", "macthai", "dec-mcs", "decmcs":
		return true
	}
	for _, p := range [...]string{"charset", "ansi", "ascii", "us-ascii", "usascii", "unicode", "iso-8859", "isolatin", "isotext", "euc", "extended_unix_code", "ebcdic", "ibmebcdic", "ibm-", "hz-", "jis_", "cp-", "mac-", "mac_"} {
		if strings.HasPrefix(t, p) {
			return true
		}
	}
	i := 0
	for i < len(t) && 'a' <= t[i] && t[i] <= 'z' {
		i++
	}
	switch number := t[i:]; {
	case i == 0:
		return t != "" && strings.Trim(number, "0123456789") == "" // a code page
	case !strings.ContainsAny(number, "0123456789"):
		return false
	}
	switch t[:i] {
	case "utf", "ucs", "iso", "l", "latin", "windows", "win", "cp", "ccsid", "ms", "ibm", "dos", "pc", "big", "gb", "ks", "ksc", "jis", "koi", "viscii", "tscii", "tis", "tcvn",
		"ecma", "asmo", "elot", "greek", "hp", "hproman", "roman", "armscii", "ptcp", "kz", "cesu", "bocu", "ami", "amiga":
		return true
	}
	return false
}
