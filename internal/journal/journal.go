// Package journal is the record of which bytes of an incomplete file can be
// believed after its process has died.
//
// A part file alone cannot tell: it was reserved at full length, written at many
// offsets, and a power cut keeps any of its blocks and loses any other. So each
// stretch that was written is noted with a checksum of its data, and whoever finds
// the part reads it again and believes what matches. Records are only ever appended,
// and each has a checksum of its own: what a crash has torn off is seen, and costs
// what it described, never more. Nothing here does I/O.
package journal

import (
	"encoding/binary"
	"hash/crc32"
)

// The file begins with a preamble: the format's name, and the nonce of the session
// that owns the part, the only bytes that are ever written again.
const (
	magic    = "LDJ1\r\n\x1a\n"
	NonceAt  = int64(len(magic)) // where the nonce stands
	Preamble = len(magic) + 8    // bytes

	// MaxLen is how long a journal may be; a longer one is not read.
	MaxLen = 64 << 20
	// maxText bounds each text of a Head.
	maxText = 1 << 10
)

// The kinds of records.
const (
	kindHead   = 1
	kindExtent = 2
)

var table = crc32.MakeTable(crc32.Castagnoli)

// Checksum continues the checksum of an extent's data; begin with 0.
func Checksum(crc uint32, data []byte) uint32 { return crc32.Update(crc, table, data) }

// Head says what the part is a part of. It holds no secret: neither the URL nor
// anything of the request.
type Head struct {
	ID           uint64   // random; records of another file do not fit this one
	Size         int64    // bytes of the whole file
	ETag         string   // as sent
	LastModified string   // as sent
	DateStrong   bool     // Last-Modified was a minute older than the answer
	Source       [16]byte // a hash of the URL without its secrets
	Algorithm    string   // of the digest that the caller expects; "" for none
	Digest       string   // its bytes
	Encoding     string   // of what is stored as it was sent; "" for none
}

// Extent is a stretch of the file that was written.
type Extent struct {
	Off, Len int64
	CRC      uint32
}

// Log is what a journal says.
type Log struct {
	Nonce   uint64
	Head    Head
	Extents []Extent // in the order they were written; later ones may overlap earlier
	Len     int64    // bytes of the journal up to the first that cannot be believed
}

// Begin is the beginning of a new journal.
func Begin(nonce uint64, h Head) []byte {
	b := append([]byte(magic), Nonce(nonce)...)
	p := binary.LittleEndian.AppendUint64(nil, h.ID)
	p = binary.LittleEndian.AppendUint64(p, uint64(h.Size))
	strong := byte(0)
	if h.DateStrong {
		strong = 1
	}
	p = append(append(p, strong), h.Source[:]...)
	texts := []string{h.ETag, h.LastModified, h.Algorithm, h.Digest}
	if h.Encoding != "" { // hardly any has one, and a journal without it is as it always was
		texts = append(texts, h.Encoding)
	}
	for _, s := range texts {
		p = binary.LittleEndian.AppendUint16(p, uint16(len(s)))
		p = append(p, s...)
	}
	return seal(b, 0, kindHead, p)
}

// Fits reports whether a head can be written down.
func (h Head) Fits() bool {
	return h.Size >= 0 && max(len(h.ETag), len(h.LastModified), len(h.Algorithm), len(h.Digest), len(h.Encoding)) <= maxText
}

// Nonce is a session's nonce as it stands in the file.
func Nonce(n uint64) []byte { return binary.LittleEndian.AppendUint64(nil, n) }

// Record is an extent as it stands in the journal whose Head has the ID.
func (e Extent) Record(id uint64) []byte {
	p := binary.LittleEndian.AppendUint64(make([]byte, 0, 20), uint64(e.Off))
	p = binary.LittleEndian.AppendUint64(p, uint64(e.Len))
	p = binary.LittleEndian.AppendUint32(p, e.CRC)
	return seal(make([]byte, 0, 32), seed(id), kindExtent, p)
}

// seed makes the checksums of one journal's records wrong in every other.
func seed(id uint64) uint32 { return uint32(id) ^ uint32(id>>32) }

// seal appends a record: length, kind, payload, checksum.
func seal(b []byte, seed uint32, kind byte, payload []byte) []byte {
	at := len(b)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(payload)))
	b = append(append(b, kind), payload...)
	return binary.LittleEndian.AppendUint32(b, crc32.Update(seed, table, b[at:]))
}
