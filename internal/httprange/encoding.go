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
	"x-gzip": "gzip", "gz": "gzip", "x-compress": "compress", "x-deflate": "deflate", "brotli": "br", "x-br": "br", "x-zstd": "zstd", "zst": "zstd",
	"x-bzip2": "bzip2", "x-bzip": "bzip2", "bzip": "bzip2", "bz2": "bzip2", "x-bz2": "bzip2", "x-xz": "xz", "x-lzma": "lzma", "x-lz4": "lz4", "x-lzip": "lzip",
	"x-lzop": "lzop", "lzo": "lzop", "x-lzo": "lzop", "x-snappy": "snappy", "x-snappy-framed": "snappy", "x-lrzip": "lrzip", "x-zip": "zip",
}

// maxEncoding is how much of what is said to have been done to a file is told apart, in bytes.
const maxEncoding = 100

// Encoding is what Content-Encoding says that was done to a file: the codings, in order, in
// one spelling; "" for none. Words that are no coding do not count, nor do parameters.
func Encoding(h http.Header) string {
	fields := h["Content-Encoding"]
	if len(fields) == 0 {
		return ""
	}
	var codings []string
	long := 0
	for t := range strings.SplitSeq(strings.ToLower(strings.Join(fields, ",")), ",") {
		t, _, _ = strings.Cut(t, ";")
		if t = strings.Trim(t, " \t\"'"); meaningless(t) || isCharset(t) {
			continue
		}
		if c := spellings[t]; c != "" {
			t = c
		}
		if long += len(t); long > maxEncoding { // it is kept, and each coding costs memory to undo
			codings = append(codings, "…") // which nothing undoes
			break
		}
		codings = append(codings, strings.Clone(t)) // not all of the field behind it
	}
	return strings.Join(codings, ", ")
}

// meaningless reports whether a word is no coding, but something that people take for the value
// of the field: that there is none, a media type, how the file was uploaded or would be put
// into a mail.
func meaningless(t string) bool {
	switch t {
	case "", "identity", "x-identity", "none", "no", "null", "nil", "undefined", "unknown", "unspecified", "false", "off", "default",
		"plain", "text", "raw", "uncompressed", "unencoded", "*", "-",
		"binary", "7bit", "7-bit", "8bit", "8-bit", "base64", "quoted-printable", "aws-chunked", "chunked":
		return true
	}
	return strings.Contains(t, "/")
}

// suffixes of files that are themselves compressed, and how servers label them, where that is
// another word than the suffix.
var suffixes = map[string]string{
	".gz": "gzip", ".tgz": "gzip", ".taz": "gzip", ".svgz": "gzip", ".bgz": "gzip", ".emz": "gzip", ".wmz": "gzip", ".vgz": "gzip", ".adz": "gzip", ".hdz": "gzip", ".cpgz": "gzip",
	".mgz": "gzip", ".kgz": "gzip", ".dz": "gzip", ".crate": "gzip", ".ipk": "gzip", ".unitypackage": "gzip", ".rds": "gzip", ".rda": "gzip", ".rdata": "gzip", ".gnumeric": "gzip",
	".bz2": "bzip2", ".bz": "bzip2", ".tbz": "bzip2", ".tbz2": "bzip2", ".tb2": "bzip2",
	".txz": "xz", ".tlz": "lzma", ".lz": "lzip", ".lzo": "lzop", ".lrz": "lrzip", ".rz": "rzip", ".sz": "snappy",
	".zst": "zstd", ".tzst": "zstd", ".tbr": "br", ".z": "compress", ".zz": "deflate", ".zlib": "deflate", ".cbz": "zip",
}

// labelled reports whether an encoding is the type of the file, by one of the names it has, and
// not something done to it: some servers label what ends in .gz so. Any type has the word that
// is its suffix.
func (a Ask) labelled(encoding string) bool {
	for _, n := range a.Names {
		ext := strings.ToLower(path.Ext(strings.TrimSuffix(n, "/download"))) // a.gz/download: what is done with it has no type
		word := suffixes[ext]
		if word == "" {
			word = strings.TrimPrefix(ext, ".")
		}
		if word != "" && word == encoding {
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

// useOf is what an answer is good for. First: no version is known yet. Fits: its length, if it has
// one, agrees with what is known. (Go's http.ServeContent tells none beside a Content-Encoding.)
func (a Ask) useOf(pin Pin, first bool, got string, fits bool) use {
	switch was := pin.Encoding; {
	case got == was:
		return asSent
	case got == "" && (a.Policy != Store || a.labelled(was)): // whoever labels a file need not do so each time
		return asSent
	case a.labelled(got) && (fits || a.Policy != Refuse):
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
