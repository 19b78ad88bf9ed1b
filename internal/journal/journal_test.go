package journal

import (
	"math"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var head = Head{
	ID: 0x0123456789abcdef, Size: 40 << 20, ETag: `"5e-6f"`, LastModified: "Mon, 06 Jul 1998 05:04:03 GMT", DateStrong: true,
	Source: [16]byte{1, 2, 3, 15: 16}, Algorithm: "sha256", Digest: strings.Repeat("\xab", 32),
}

var extents = []Extent{{0, 2 << 20, 1}, {20 << 20, 2 << 20, 0xffffffff}, {1 << 20, 3 << 20, 0}, {40<<20 - 1, 1, 7}, {0, 40 << 20, 8}}

// small is a journal of a few extents.
func small() []byte {
	b := Begin(77, head)
	for _, e := range extents {
		b = append(b, e.Record(head.ID)...)
	}
	return b
}

// encode is the inverse of Decode.
func encode(l Log) []byte {
	b := Begin(l.Nonce, l.Head)
	for _, e := range l.Extents {
		b = append(b, e.Record(l.Head.ID)...)
	}
	return b
}

func TestRoundTrip(t *testing.T) {
	long := strings.Repeat("x", maxText)
	for name, h := range map[string]Head{
		"full":         head,
		"nothing":      {},
		"largest":      {ID: math.MaxUint64, Size: math.MaxInt64, ETag: long, LastModified: long, Algorithm: long, Digest: long},
		"any bytes":    {Size: 40 << 20, ETag: "\x00\xff\n\"", Digest: "\x00"},
		"one text":     {Size: 40 << 20, LastModified: "x"},
		"encoded":      {Size: 40 << 20, ETag: `"1"`, Encoding: "br, gzip"},
		"encoded long": {Size: 40 << 20, Digest: long, Encoding: long},
		"folding to 0": {ID: 0xdeadbeef_deadbeef, Size: 40 << 20},
	} {
		t.Run(name, func(t *testing.T) {
			require.True(t, h.Fits())
			want := Log{Nonce: math.MaxUint64, Head: h}
			if h.Size > 0 {
				want.Extents = extents
			}
			b := encode(want)
			want.Len = int64(len(b))
			got, err := Decode(b)
			require.NoError(t, err)
			require.Equal(t, want, got)
		})
	}
}

func TestChecksumIsContinued(t *testing.T) {
	data := []byte("some data of an extent")
	whole := Checksum(0, data)
	require.NotZero(t, whole)
	for n := range data {
		require.Equal(t, whole, Checksum(Checksum(0, data[:n]), data[n:]))
	}
	require.Equal(t, uint32(0xe3069283), Checksum(0, []byte("123456789")), "CRC-32C, whatever machine wrote it")
}

// TestGolden: what version 1 has written stays readable, and is still what is written.
func TestGolden(t *testing.T) {
	const path = "../../testdata/journal/v1.ldjournal"
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	got, err := Decode(b)
	require.NoError(t, err)
	require.Equal(t, Log{Nonce: 77, Head: head, Extents: extents, Len: int64(len(b))}, got)
	require.Equal(t, b, small(), "another format needs another magic, and this one still has to be read")
}

func TestFits(t *testing.T) {
	for name, h := range map[string]Head{
		"negative size": {Size: -1},
		"etag":          {ETag: strings.Repeat("x", maxText+1)},
		"last-modified": {LastModified: strings.Repeat("x", maxText+1)},
		"algorithm":     {Algorithm: strings.Repeat("x", maxText+1)},
		"digest":        {Digest: strings.Repeat("x", maxText+1)},
		"encoding":      {Encoding: strings.Repeat("x", maxText+1)},
	} {
		require.False(t, h.Fits(), name)
	}
}

// TestLong: the longest journal that is read at all is read in memory of its own order.
func TestLong(t *testing.T) {
	h := Head{ID: 3, Size: math.MaxInt64}
	b := Begin(1, h)
	r := extents[0].Record(h.ID)
	n := (4<<20 - len(b)) / len(r)
	for range n {
		b = append(b, r...)
	}
	l, err := Decode(b)
	require.NoError(t, err)
	require.Len(t, l.Extents, n)
	require.LessOrEqual(t, cap(l.Extents), 2*n)
	require.Greater(t, int64(MaxLen), l.Len)
}

// FuzzDecode gives the decoder anything, as it is and with the checksums made right,
// so that what is behind them is reached.
func FuzzDecode(f *testing.F) {
	f.Add(small(), false)
	f.Add(small()[:100], true)
	f.Add(encode(Log{Head: Head{ID: 5, Size: 40 << 20, Encoding: "br"}, Extents: extents}), true)
	f.Add([]byte(magic), false)
	f.Fuzz(func(t *testing.T, b []byte, mend bool) {
		if mend {
			b = mended(b)
		}
		l, err := Decode(b)
		if err != nil {
			require.ErrorIs(t, err, ErrForeign)
			require.Zero(t, l)
			return
		}
		require.LessOrEqual(t, l.Len, int64(len(b)))
		require.LessOrEqual(t, 27*len(l.Extents), len(b))
		require.True(t, l.Head.Fits())
		for _, e := range l.Extents {
			require.True(t, e.Off >= 0 && e.Len > 0 && e.Len <= l.Head.Size && e.Off <= l.Head.Size-e.Len, e)
		}
		require.Equal(t, b[:l.Len], encode(l), "there is one way to write it")
		again, err := Decode(b[:l.Len])
		require.NoError(t, err)
		require.Equal(t, l, again)
	})
}
