package journal

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/replay"
)

// What is no journal, or no longer one, is told from one.

// TestTruncated: a journal that ends anywhere yields the extents that were whole.
func TestTruncated(t *testing.T) {
	b := small()
	record := len(extents[0].Record(head.ID))
	begin := len(b) - len(extents)*record
	for n := range len(b) + 1 {
		l, err := Decode(b[:n])
		if n < begin {
			require.ErrorIs(t, err, ErrForeign, n)
			continue
		}
		require.NoError(t, err, n)
		whole := (n - begin) / record
		require.Equal(t, head, l.Head)
		require.Equal(t, extents[:whole], append([]Extent{}, l.Extents...), n)
		require.EqualValues(t, begin+whole*record, l.Len)
	}
}

// TestFlipped: with any bit flipped, what is believed was written.
func TestFlipped(t *testing.T) {
	b := small()
	record := len(extents[0].Record(head.ID))
	begin := len(b) - len(extents)*record
	for bit := range 8 * len(b) {
		b[bit/8] ^= 1 << (bit % 8)
		l, err := Decode(b)
		at := bit / 8
		switch nonce := at >= int(NonceAt) && at < Preamble; {
		case nonce:
			require.NoError(t, err)
			require.Equal(t, extents, l.Extents, "whoever owned the part, it is as good")
			require.NotEqualValues(t, 77, l.Nonce)
		case at < begin:
			require.ErrorIs(t, err, ErrForeign, "bit %d", bit)
		default:
			require.NoError(t, err)
			require.Equal(t, extents[:(at-begin)/record], append([]Extent{}, l.Extents...), "bit %d", bit)
		}
		b[bit/8] ^= 1 << (bit % 8)
	}
}

// TestOverwritten: stretches of a journal that hold anything, as after a power cut,
// lose what comes from there on and invent nothing.
func TestOverwritten(t *testing.T) {
	r := rand.New(rand.NewPCG(replay.Seed(t), 1))
	for n := range 20_000 {
		b := small()
		lo := r.IntN(len(b))
		hi := lo + 1 + r.IntN(min(64, len(b)-lo))
		zeros := r.IntN(2) == 0
		for i := lo; i < hi; i++ {
			b[i] = 0
			if !zeros {
				b[i] = byte(r.Uint32())
			}
		}
		l, err := Decode(b)
		if err != nil {
			require.ErrorIs(t, err, ErrForeign)
			continue
		}
		require.Equal(t, head, l.Head, "round %d", n)
		require.LessOrEqual(t, len(l.Extents), len(extents))
		require.Equal(t, extents[:len(l.Extents)], append([]Extent{}, l.Extents...), "round %d", n)
	}
}

// TestForeign: what is no journal of this version is not read, whatever follows.
func TestForeign(t *testing.T) {
	b := small()
	other := func(text string) []byte { return append([]byte(text), b[len(text):]...) }
	for name, b := range map[string][]byte{
		"nothing":            nil,
		"only the magic":     []byte(magic),
		"only the preamble":  b[:Preamble],
		"zeros":              make([]byte, 4096),
		"a later version":    other("LDJ2"),
		"an earlier one":     other("LDJ0"),
		"as text":            other("LDJ1\n"),
		"of something else":  other("\x7fELF"),
		"without a head":     append(b[:Preamble:Preamble], extents[0].Record(0)...),
		"zeros for a head":   append(b[:Preamble:Preamble], make([]byte, 4096)...),
		"one byte in front":  append([]byte{0}, b...),
		"the head cut short": b[:Preamble+20],
	} {
		t.Run(name, func(t *testing.T) {
			l, err := Decode(b)
			require.ErrorIs(t, err, ErrForeign)
			require.Zero(t, l)
		})
	}
}

// TestSenseless: records whose checksum is right are still not believed where they
// cannot be true.
func TestSenseless(t *testing.T) {
	begin := Begin(1, head)
	extent := func(off, n int64) []byte { return Extent{off, n, 1}.Record(head.ID) }
	payload := func(kind byte, p []byte) []byte { return seal(nil, seed(head.ID), kind, p) }
	for name, r := range map[string][]byte{
		"before the file":    extent(-1, 10),
		"behind it":          extent(head.Size, 1),
		"across its end":     extent(head.Size-1, 2),
		"longer than it":     extent(0, head.Size+1),
		"overflowing":        extent(1, math.MaxInt64),
		"overflowing both":   extent(math.MaxInt64, math.MaxInt64),
		"smallest offset":    extent(math.MinInt64, math.MaxInt64),
		"empty":              extent(0, 0),
		"of negative length": extent(10, -5),
		"smallest length":    extent(10, math.MinInt64),
		"too short":          payload(kindExtent, make([]byte, 19)),
		"too long":           payload(kindExtent, make([]byte, 21)),
		"without payload":    payload(kindExtent, nil),
		"of another kind":    payload(kindExtent+1, extents[0].Record(0)[3:23]),
		"of kind 0":          payload(0, nil),
		"a second head":      Begin(1, head)[Preamble:],
		"of another file":    extents[0].Record(head.ID + 1),
		"of no file":         extents[0].Record(0),
		"zeros":              make([]byte, 4096),
	} {
		t.Run(name, func(t *testing.T) {
			l, err := Decode(append(append(append([]byte{}, begin...), r...), extents[0].Record(head.ID)...))
			require.NoError(t, err)
			require.Empty(t, l.Extents, "nor what follows it")
			require.EqualValues(t, len(begin), l.Len)
		})
	}
}

// TestSenselessHead: nor is a head.
func TestSenselessHead(t *testing.T) {
	good := Begin(1, head)
	payload := good[Preamble+3 : len(good)-4]
	changed := func(at int, with ...byte) []byte {
		p := append([]byte{}, payload...)
		copy(p[at:], with)
		return p
	}
	over := head
	over.ETag = strings.Repeat("x", maxText+1)
	require.False(t, over.Fits())
	for name, p := range map[string][]byte{
		"negative size":      changed(15, 0x80),
		"an unknown flag":    changed(16, 2),
		"a text too long":    changed(33, 0xff, 0xff),
		"bytes left over":    append(changed(0), 0),
		"an empty encoding":  append(changed(0), 0, 0),
		"an encoding cut":    append(changed(0), 2, 0, 'b'),
		"a text too many":    append(changed(0), 1, 0, 'b', 1, 0, 'c'),
		"a text missing":     payload[:len(payload)-2-len(head.Digest)],
		"a text cut":         payload[:len(payload)-1],
		"its fixed part cut": payload[:32],
		"nothing":            nil,
		"texts over the limit": func() []byte {
			b := Begin(1, over)
			return b[Preamble+3 : len(b)-4]
		}(),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Decode(seal(good[:Preamble:Preamble], 0, kindHead, p))
			require.ErrorIs(t, err, ErrForeign)
		})
	}
	_, err := Decode(seal(good[:Preamble:Preamble], 0, kindHead, payload))
	require.NoError(t, err)
	l, err := Decode(seal(good[:Preamble:Preamble], 0, kindHead, append(changed(0), 1, 0, 'b')))
	require.NoError(t, err)
	require.Equal(t, "b", l.Head.Encoding)
	_, err = Decode(seal(good[:Preamble:Preamble], 0, kindExtent, payload))
	require.ErrorIs(t, err, ErrForeign, "a record of another kind in its place")
}

// TestOtherJournals: no record of a journal fits into one of another ID.
func TestOtherJournals(t *testing.T) {
	r := rand.New(rand.NewPCG(replay.Seed(t), 2))
	for range 10_000 {
		h := Head{ID: r.Uint64(), Size: head.Size}
		l, err := Decode(append(Begin(1, h), extents[0].Record(r.Uint64())...))
		require.NoError(t, err)
		require.Empty(t, l.Extents)
	}
}

// mended is b with the magic and every checksum put right, as far as it has records.
func mended(b []byte) []byte {
	b = append([]byte{}, b...)
	if len(b) < Preamble {
		return b
	}
	copy(b, magic)
	var s uint32
	for at := Preamble; len(b)-at >= minRecord; {
		n := minRecord + int(binary.LittleEndian.Uint16(b[at:]))
		if len(b)-at < n {
			break
		}
		copy(b[at:], seal(nil, s, b[at+2], b[at+3:at+n-4]))
		if at == Preamble && n >= minRecord+8 {
			s = seed(binary.LittleEndian.Uint64(b[at+3:]))
		}
		at += n
	}
	return b
}
