package httprange

import (
	"net/http"
	"path"
	"strings"
)

// Policy says what becomes of a file that is sent encoded though identity was asked for.
type Policy int

const (
	Refuse Policy = iota // it is not accepted
	Store                // what is sent is the file
	Decode               // the file is what is in it, where that can be decoded
)

// spellings of codings that have several.
var spellings = map[string]string{
	"x-gzip": "gzip", "x-compress": "compress", "x-deflate": "deflate", "brotli": "br", "x-br": "br", "x-zstd": "zstd", "zst": "zstd",
	"x-bzip2": "bzip2", "x-bzip": "bzip2", "bzip": "bzip2", "bz2": "bzip2", "x-bz2": "bzip2", "x-xz": "xz", "x-lzma": "lzma", "x-lz4": "lz4", "x-lzip": "lzip",
}

// Encoding is what Content-Encoding says that was done to a file: the codings, in order, in
// one spelling; "" for none. Words that are no coding do not count.
func Encoding(h http.Header) string {
	fields := h["Content-Encoding"]
	if len(fields) == 0 {
		return ""
	}
	var codings []string
	for t := range strings.SplitSeq(strings.ToLower(strings.Join(fields, ",")), ",") {
		if t = strings.Trim(t, " \t\"'"); meaningless(t) {
			continue
		}
		if c := spellings[t]; c != "" {
			t = c
		}
		codings = append(codings, t)
	}
	return strings.Join(codings, ", ")
}

// meaningless reports whether a word is no coding, but something that people take for the value
// of the field: that there is none, a character set, a media type, how the file was uploaded or
// would be put into a mail.
func meaningless(t string) bool {
	switch t {
	case "", "identity", "x-identity", "none", "no", "null", "nil", "undefined", "false", "off", "default", "plain", "text", "raw", "*", "-",
		"binary", "7bit", "8bit", "base64", "aws-chunked", "chunked",
		"ascii", "us-ascii", "unicode", "latin1", "latin-1", "gbk", "gb2312", "gb18030", "big5", "big5-hkscs", "shift_jis", "shift-jis", "sjis", "macintosh", "tis-620":
		return true
	}
	for _, set := range [...]string{"utf-", "utf8", "utf16", "utf32", "ucs-", "iso-8859", "iso8859", "iso_8859", "iso-2022", "windows-", "cp125", "cp437", "cp85", "koi8", "euc-", "ibm", "charset="} {
		if strings.HasPrefix(t, set) {
			return true
		}
	}
	return strings.Contains(t, "/")
}

// suffixes of files that are themselves compressed, and how servers label them.
var suffixes = map[string]string{
	".gz": "gzip", ".gzip": "gzip", ".tgz": "gzip", ".taz": "gzip", ".svgz": "gzip", ".bgz": "gzip", ".emz": "gzip", ".wmz": "gzip", ".vgz": "gzip", ".adz": "gzip", ".cpgz": "gzip",
	".bz2": "bzip2", ".bz": "bzip2", ".tbz": "bzip2", ".tbz2": "bzip2", ".tb2": "bzip2",
	".xz": "xz", ".txz": "xz", ".lzma": "lzma", ".tlz": "lzma", ".lz": "lzip", ".lz4": "lz4",
	".zst": "zstd", ".zstd": "zstd", ".tzst": "zstd", ".br": "br", ".tbr": "br", ".z": "compress", ".zz": "deflate", ".zlib": "deflate",
}

// labelled reports whether an encoding is the type of the file, by one of the names it has, and
// not something done to it: some servers label what ends in .gz so.
func (a Ask) labelled(encoding string) bool {
	for _, n := range a.Names {
		if c := suffixes[strings.ToLower(path.Ext(n))]; c != "" && c == encoding {
			return true
		}
	}
	return false
}

// decodable reports whether all that was done to a file can be undone.
func (a Ask) decodable(encoding string) bool {
	for c := range strings.SplitSeq(encoding, ", ") {
		if a.Decodes == nil || !a.Decodes(c) {
			return false
		}
	}
	return true
}

// use is what the body of an answer may be used for, by its encoding.
type use int

const (
	asSent  use = iota
	encoded     // for what is in it
	another     // for nothing: the version that is fetched is encoded otherwise
	nothing
)

// useOf is what an answer is good for. First: no version is known yet. Sized: its length agrees
// with what is known.
func (a Ask) useOf(pin Pin, first bool, got string, sized bool) use {
	switch was := pin.Encoding; {
	case got == was:
		return asSent
	case got == "" && (a.Policy != Store || a.labelled(was)): // whoever labels a file need not do so each time
		return asSent
	case a.labelled(got) && (sized || a.Policy != Refuse):
		return asSent
	case a.Policy == Store && first:
		return asSent
	case a.Policy == Store:
		return another
	case a.Policy == Decode && a.decodable(got):
		return encoded
	}
	return nothing
}
