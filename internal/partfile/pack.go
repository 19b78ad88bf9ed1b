package partfile

import "encoding/binary"

// Pack appends k to b, in as little room as it takes, for UnpackKept. False: what identifies
// the part cannot be written down on this system.
func (k Kept) Pack(b []byte) ([]byte, bool) {
	if k.info != nil {
		return b, false
	}
	b = append(binary.AppendUvarint(b, uint64(len(k.name))), k.name...)
	for _, n := range []uint64{k.is.dev, k.is.ino, uint64(k.is.size), uint64(k.is.mtime), k.id, k.nonce} {
		b = binary.AppendUvarint(b, n)
	}
	return b, true
}

// UnpackKept is the inverse of Pack, and returns what follows in b.
func UnpackKept(b []byte) (k Kept, rest []byte) {
	size, n := binary.Uvarint(b)
	b = b[n:]
	k.name, b = string(b[:size]), b[size:]
	var fields [6]uint64
	for i := range fields {
		fields[i], n = binary.Uvarint(b)
		b = b[n:]
	}
	k.is.dev, k.is.ino, k.is.size, k.is.mtime = fields[0], fields[1], int64(fields[2]), int64(fields[3])
	k.id, k.nonce = fields[4], fields[5]
	return k, b
}
