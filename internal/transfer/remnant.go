package transfer

import (
	"encoding/binary"

	"github.com/littledl/littledl/internal/disk"
	"github.com/littledl/littledl/internal/httprange"
	"github.com/littledl/littledl/internal/segment"
	"github.com/littledl/littledl/internal/span"
)

// remnant is what is kept of a file that has failed and left a part, packed. There may be a
// million of them, of which hardly any is begun again.
type remnant string

// owed is how many failures of a task no attempt has followed yet.
type owed uint8

func owedBy(s *saved) owed { return owed(min(s.unretried, 255)) }

// pack keeps of an ended file what a later Start can go on from; false: that takes all of it.
func pack(s *saved) (remnant, bool) {
	if len(s.pins) != 1 || s.pin == nil || s.pins[0] == nil || *s.pin != *s.pins[0] || s.unconfirmed || len(s.unproven) > 0 || s.stream || s.finishing || s.plan == nil {
		return "", false
	}
	b, ok := s.left.Pack(nil)
	if !ok {
		return "", false
	}
	b = appendPin(append(b, byte(owedBy(s))), s.pin)
	for _, text := range []string{s.promised.Algorithm, s.promised.Bytes} {
		b = appendText(b, text)
	}
	b = append(b, flag(s.html)|flag(s.walled)<<1)
	end := int64(0)
	for _, r := range s.plan.There().Ranges() {
		b = binary.AppendVarint(binary.AppendVarint(b, r.Lo-end), r.Hi-r.Lo)
		end = r.Hi
	}
	return remnant(b), true
}

// part is the part that was left.
func (r remnant) part() disk.Left {
	l, _ := disk.UnpackLeft([]byte(r))
	return l
}

// unpack is the inverse of pack.
func (r remnant) unpack(plans *segment.Config) *saved {
	left, b := disk.UnpackLeft([]byte(r))
	s := &saved{left: left, unretried: int(b[0])}
	var own httprange.Pin
	b = takePin(b[1:], &own)
	pin := own
	s.pin, s.pins, s.modified = &pin, []*httprange.Pin{&own}, lastModified(own.LastModified)
	for _, text := range []*string{&s.promised.Algorithm, &s.promised.Bytes} {
		b = takeText(b, text)
	}
	s.html, s.walled = b[0]&1 != 0, b[0]&2 != 0
	var there []span.Range
	for b, end := b[1:], int64(0); len(b) > 0; {
		gap, n := binary.Varint(b)
		size, m := binary.Varint(b[n:])
		b, end = b[n+m:], end+gap+size
		there = append(there, span.Range{Lo: end - size, Hi: end})
	}
	s.plan = segment.New(plans)
	s.plan.Adopt(s.pin.Size, there)
	return s
}

func flag(is bool) byte {
	if is {
		return 1
	}
	return 0
}

func appendText(b []byte, text string) []byte {
	return append(binary.AppendVarint(b, int64(len(text))), text...)
}

func takeText(b []byte, text *string) []byte {
	n, m := binary.Varint(b)
	*text = string(b[m : m+int(n)])
	return b[m+int(n):]
}

func appendPin(b []byte, p *httprange.Pin) []byte {
	b = append(binary.AppendVarint(b, p.Size), flag(p.DateStrong))
	for _, text := range []string{p.ETag, p.LastModified, p.Encoding} {
		b = appendText(b, text)
	}
	return b
}

func takePin(b []byte, p *httprange.Pin) []byte {
	size, n := binary.Varint(b)
	p.Size, p.DateStrong = size, b[n] != 0
	b = b[n+1:]
	for _, text := range []*string{&p.ETag, &p.LastModified, &p.Encoding} {
		b = takeText(b, text)
	}
	return b
}
