// Package sink hands the bytes of a file to a writer of the caller's.
//
// What a writer has been given cannot be taken back: there is no second attempt at a byte, and
// no looking at what is there. So a Stream delivers each byte once. An io.Writer has them in
// order, though several connections fetch them: what comes too early is held back, and a Budget
// bounds how much that is over all files, by what may be asked for ahead of the first byte that
// is missing. Whoever brings that byte waits for the writer, and for nothing else: so a slow
// writer slows the download, and however little may be held back, no file waits for another.
package sink

import (
	"errors"
	"fmt"
	"io"
	"sync/atomic"
)

// Writer is where a caller wants the bytes of a task to go. It knows whether any have gone there,
// in whatever Start. It is safe for concurrent use as far as what it was made of is.
type Writer struct {
	next      io.Writer
	at        io.WriterAt
	delivered atomic.Int64
}

// To is for bytes in order.
func To(w io.Writer) *Writer { return &Writer{next: w} }

// ToAt is for bytes in any order.
func ToAt(w io.WriterAt) *Writer { return &Writer{at: w} }

// Delivered is how many bytes were given to the writer.
func (w *Writer) Delivered() int64 { return w.delivered.Load() }

var (
	errCount = errors.New("the writer returned a count that is none")
	errEnded = errors.New("the writer ended its goroutine")
)

// write gives bytes to the writer, and says how many it took. Where it does not return nobody knows,
// and they count.
func (w *Writer) write(b []byte, off int64) (n int, err error) {
	n = len(b)
	defer func() { w.delivered.Add(int64(n)) }()
	if w.next != nil {
		n, err = w.next.Write(b)
	} else {
		n, err = w.at.WriteAt(b, off)
	}
	switch {
	case n < 0 || n > len(b):
		n, err = 0, fmt.Errorf("%w: %d of %d bytes", errCount, n, len(b))
	case n < len(b) && err == nil:
		err = io.ErrShortWrite
	}
	return n, err
}
