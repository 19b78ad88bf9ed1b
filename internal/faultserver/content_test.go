package faultserver

import (
	"bytes"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/replay"
)

func TestContentIsOneWhateverTheReads(t *testing.T) {
	rng := rand.New(rand.NewPCG(replay.Seed(t), 0))
	for _, size := range []int64{0, 1, stampLen - 1, period, period + 3, 3*period + 100} {
		c := Generate("a", 1, size)
		whole := Bytes(c)
		require.NoError(t, iotest.TestReader(io.NewSectionReader(c, 0, size), whole))
		for range 200 {
			off := rng.Int64N(size + 1)
			n := rng.Int64N(min(40, size-off) + 1)
			require.Equal(t, whole[off:off+n], Bytes(part(c, off, n)))
		}
	}
}

func TestContentDiffers(t *testing.T) {
	differing := func(a, b Content) (n int) {
		x, y := Bytes(a), Bytes(b)
		for i := range min(len(x), len(y)) {
			if x[i] != y[i] {
				n++
			}
		}
		return n
	}
	const size = 4 * period
	a := Generate("a", 1, size)
	require.Zero(t, differing(a, Generate("a", 1, size)))
	require.Greater(t, differing(a, Generate("a", 2, size)), size*9/10)
	require.Greater(t, differing(a, Generate("b", 1, size)), size*9/10)
	require.Greater(t, differing(a, part(a, 1, size-1)), size*9/10)
	require.NotZero(t, differing(a, part(a, period, size-period)))
}

func TestContentBeyond4GiB(t *testing.T) {
	c := Generate("big", 1, 5<<30)
	for _, off := range []int64{1<<31 - 5, 1<<32 - 5, 5<<30 - 10} {
		b := Bytes(part(c, off, 10))
		require.Equal(t, b[5:], Bytes(part(c, off+5, 5)))
	}
}

func TestCompare(t *testing.T) {
	c := Generate("a", 1, 600_000)
	b := Bytes(c)
	require.NoError(t, Compare(bytes.NewReader(b), c))
	require.Error(t, Compare(bytes.NewReader(b[:599_999]), c))
	require.Error(t, Compare(bytes.NewReader(append(b, 0)), c))
	require.NoError(t, Compare(bytes.NewReader(nil), zeros(0)))
	b[500_000] ^= 1
	require.EqualError(t, Compare(bytes.NewReader(b), c), "byte 500000 of 600000 differs")
	require.Equal(t, Sum(zeros(3)), Sum(bytes.NewReader(make([]byte, 3))))
}

func TestJoined(t *testing.T) {
	j := joined{bytes.NewReader([]byte("ab")), zeros(0), bytes.NewReader([]byte("cde"))}
	require.NoError(t, iotest.TestReader(io.NewSectionReader(j, 0, j.Size()), []byte("abcde")))
}
