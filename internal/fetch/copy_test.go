package fetch_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/fetch"
)

// extent wants bytes up to end, which may move down while they are written.
type extent struct {
	end   int64
	wrote []int
	after func(x *extent, off int64, n int) error
}

func (x *extent) Room(off int64) int64 { return x.end - off }

func (x *extent) Wrote(off int64, data []byte) error {
	n := len(data)
	x.wrote = append(x.wrote, n)
	if x.after != nil {
		return x.after(x, off, n)
	}
	return nil
}

// sink is a file in memory.
type sink struct{ b []byte }

func (s *sink) WriteAt(p []byte, off int64) (int, error) {
	if missing := int(off) + len(p) - len(s.b); missing > 0 {
		s.b = append(s.b, make([]byte, missing)...)
	}
	return copy(s.b[off:], p), nil
}

func TestCopy(t *testing.T) {
	var w sink
	body := strings.NewReader("hello, world")
	x := &extent{end: 15}
	require.NoError(t, fetch.Copy(&w, body, 3, make([]byte, 5), x))
	require.Equal(t, "\x00\x00\x00hello, world", string(w.b))
	require.Equal(t, []int{5, 5, 2}, x.wrote)
}

func TestCopyReadsNoByteTooMany(t *testing.T) {
	var w sink
	body := strings.NewReader("hello, world")
	require.NoError(t, fetch.Copy(&w, body, 0, make([]byte, 64), &extent{end: 5}))
	require.Equal(t, 7, body.Len())
	require.NoError(t, fetch.Copy(&w, body, 5, make([]byte, 64), &extent{end: 5}), "nothing is wanted")
	require.Equal(t, 7, body.Len())
}

// TestCopyShort: a body's own end says nothing about completeness.
func TestCopyShort(t *testing.T) {
	var w sink
	require.ErrorIs(t, fetch.Copy(&w, strings.NewReader("hello"), 0, make([]byte, 64), &extent{end: 9}), io.EOF)
	require.Equal(t, "hello", string(w.b), "what came is kept")
	broken := io.MultiReader(strings.NewReader("hello"), iotest.ErrReader(io.ErrUnexpectedEOF))
	require.ErrorIs(t, fetch.Copy(&w, broken, 0, make([]byte, 64), &extent{end: 9}), io.ErrUnexpectedEOF)
	require.NoError(t, fetch.Copy(&w, iotest.DataErrReader(strings.NewReader("hello")), 0, make([]byte, 64), &extent{end: 5}),
		"an end that comes with the last byte is in time")
	reset := readerFunc(func(p []byte) (int, error) { return copy(p, "hello"), io.ErrUnexpectedEOF })
	require.NoError(t, fetch.Copy(&w, reset, 0, make([]byte, 64), &extent{end: 5}), "as is any other")
	require.ErrorIs(t, fetch.Copy(&w, reset, 0, make([]byte, 64), &extent{end: 6}), io.ErrUnexpectedEOF)
}

// TestCopyUntilTheMovedEnd: a thief moves the end down while bytes arrive.
func TestCopyUntilTheMovedEnd(t *testing.T) {
	var w sink
	x := &extent{end: 100}
	x.after = func(x *extent, _ int64, _ int) error { x.end = 6; return nil }
	body := bytes.NewReader(bytes.Repeat([]byte("x"), 100))
	require.NoError(t, fetch.Copy(&w, body, 0, make([]byte, 4), x))
	require.Equal(t, []int{4, 2}, x.wrote)
	require.Equal(t, 94, body.Len())
}

func TestCopyFailures(t *testing.T) {
	full := errors.New("disk full")
	err := fetch.Copy(writerAt(func([]byte, int64) (int, error) { return 0, full }), strings.NewReader("x"), 0, make([]byte, 4), &extent{end: 9})
	require.ErrorIs(t, err, full)

	tooLarge := errors.New("too large")
	x := &extent{end: 9, after: func(*extent, int64, int) error { return tooLarge }}
	err = fetch.Copy(&sink{}, strings.NewReader("hello"), 0, make([]byte, 2), x)
	require.ErrorIs(t, err, tooLarge)
	require.Len(t, x.wrote, 1)
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

type writerAt func([]byte, int64) (int, error)

func (f writerAt) WriteAt(p []byte, off int64) (int, error) { return f(p, off) }
