package journal

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
)

// ErrForeign says that a file is no journal, or one of another version, or damaged at
// its very beginning.
var ErrForeign = errors.New("not a journal")

const minRecord = 2 + 1 + 4 // length, kind, checksum

// Decode reads a journal up to the first record that is torn, damaged or makes no
// sense: what comes before it stands. Only without a Head there is nothing to stand on.
func Decode(b []byte) (Log, error) {
	if len(b) < Preamble || string(b[:len(magic)]) != magic {
		return Log{}, ErrForeign
	}
	l := Log{Nonce: binary.LittleEndian.Uint64(b[NonceAt:])}
	kind, payload, n := record(b[Preamble:], 0)
	if kind != kindHead || !l.Head.decode(payload) {
		return Log{}, ErrForeign
	}
	at := Preamble + n
	for {
		kind, payload, n := record(b[at:], seed(l.Head.ID))
		if n == 0 || !l.add(kind, payload) {
			l.Len = int64(at)
			return l, nil
		}
		at += n
	}
}

// record splits off the first record, n bytes long; n is 0 where there is none that can
// be believed.
func record(b []byte, seed uint32) (kind byte, payload []byte, n int) {
	if len(b) < minRecord {
		return 0, nil, 0
	}
	n = minRecord + int(binary.LittleEndian.Uint16(b))
	if len(b) < n || crc32.Update(seed, table, b[:n-4]) != binary.LittleEndian.Uint32(b[n-4:]) {
		return 0, nil, 0
	}
	return b[2], b[3 : n-4], n
}

// add takes in one record; false: it makes no sense here.
func (l *Log) add(kind byte, p []byte) bool {
	if kind != kindExtent || len(p) != 20 {
		return false
	}
	e := Extent{int64(binary.LittleEndian.Uint64(p)), int64(binary.LittleEndian.Uint64(p[8:])), binary.LittleEndian.Uint32(p[16:])}
	if e.Off < 0 || e.Len <= 0 || e.Off > l.Head.Size-e.Len { // Size is not negative: no overflow
		return false
	}
	l.Extents = append(l.Extents, e)
	return true
}

func (h *Head) decode(p []byte) bool {
	const fixed = 8 + 8 + 1 + 16
	if len(p) < fixed || p[16] > 1 {
		return false
	}
	h.ID, h.Size = binary.LittleEndian.Uint64(p), int64(binary.LittleEndian.Uint64(p[8:]))
	h.DateStrong = p[16] == 1
	copy(h.Source[:], p[17:])
	p = p[fixed:]
	for _, s := range []*string{&h.ETag, &h.LastModified, &h.Algorithm, &h.Digest} {
		var ok bool
		if p, ok = takeText(p, s); !ok {
			return false
		}
	}
	if len(p) == 0 {
		return h.Size >= 0
	}
	rest, ok := takeText(p, &h.Encoding)
	return ok && h.Encoding != "" && len(rest) == 0 && h.Size >= 0
}

func takeText(p []byte, s *string) (rest []byte, ok bool) {
	if len(p) < 2 {
		return nil, false
	}
	n := int(binary.LittleEndian.Uint16(p))
	if n > maxText || len(p)-2 < n {
		return nil, false
	}
	*s = string(p[2 : 2+n])
	return p[2+n:], true
}
