package safename

import (
	"encoding/base64"
	"strings"
	"unicode"
	"unicode/utf8"
)

// decodeWords undoes encoded words (RFC 2047), which browsers do wherever they stand, without
// padding too. False: there is one that nobody here can read, and then nothing of it is a name.
func decodeWords(s string) (string, bool) {
	text, ok := decodeEach(s, false)
	if !ok { // somebody has cut base64 where a line was full
		text, ok = decodeEach(s, true)
	}
	return text, ok
}

// decodeEach decodes one word after the other. Joined: base64 goes on in the next.
func decodeEach(s string, joined bool) (string, bool) {
	var b strings.Builder
	words := false // a word stands in front
	for {
		i := strings.Index(s, "=?")
		if i < 0 {
			b.WriteString(s) // a character may be spread over words, so that only all is valid
			return b.String(), utf8.ValidString(b.String())
		}
		w, rest, is := cutWord(s[i:])
		if !is {
			b.WriteString(s[:i+2])
			s, words = s[i+2:], false
			continue
		}
		if joined {
			rest = w.join(rest)
		}
		text, ok := w.decode()
		if !ok {
			return "", false
		}
		if !words || strings.TrimSpace(s[:i]) != "" { // blanks between two words are of the encoding
			b.WriteString(s[:i])
		}
		b.WriteString(text)
		s, words = rest, true
	}
}

// word is =?charset?encoding?text?=.
type word struct {
	charset, text string
	base64, open  bool // open: it has no end
}

// cutWord splits off the word that s begins with; false: it is none.
func cutWord(s string) (w word, rest string, is bool) {
	charset, s, _ := strings.Cut(s[2:], "?")
	charset, _, _ = strings.Cut(charset, "*") // a language (RFC 2231)
	if charset == "" || strings.ContainsAny(charset, " \t=") || len(s) < 2 || s[1] != '?' || !strings.ContainsRune("bBqQ", rune(s[0])) {
		return w, "", false
	}
	w.charset, w.base64 = charset, s[0]|0x20 == 'b'
	w.text, rest, is = strings.Cut(s[2:], "?=")
	w.open = !is
	return w, rest, true
}

// join appends to base64 what follows of it in other words, and returns what follows those.
func (w *word) join(rest string) string {
	for w.base64 && !strings.HasSuffix(w.text, "=") {
		s := strings.TrimLeft(rest, " \t")
		if !strings.HasPrefix(s, "=?") {
			break
		}
		next, after, is := cutWord(s)
		if !is || !next.base64 || !strings.EqualFold(next.charset, w.charset) {
			break
		}
		w.text, w.open, rest = w.text+next.text, next.open, after
	}
	return rest
}

func (w word) decode() (string, bool) {
	b, ok := w.bytes()
	if !ok {
		return "", false
	}
	if text, known := decodeCharset(w.charset, b); known {
		return text, true
	}
	return b, isCommon(b)
}

// isCommon reports whether bytes read the same in nearly all sets, those included that switch to
// others by an escape, "~" or "+".
func isCommon(b string) bool {
	return isASCII(b) && !strings.ContainsFunc(b, unicode.IsControl) && !strings.ContainsAny(b, "~+")
}

func (w word) bytes() (string, bool) {
	if w.open {
		return "", false
	}
	if w.base64 {
		b, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(w.text, "="))
		return string(b), err == nil
	}
	return decode(strings.NewReplacer("_", " ", "%", "%25", "=", "%").Replace(w.text)) // Q is percent-encoding with another sign
}
