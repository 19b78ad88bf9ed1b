package fetch

import "io"

// Extent is where the bytes of one answer belong.
type Extent interface {
	// Room says how many bytes at off are wanted; 0 or less ends the copy.
	Room(off int64) int64
	// Wrote reports data that is on disk at off now. An error ends the copy.
	Wrote(off int64, data []byte) error
}

// WriteError is a failure of the destination, told apart from the source's.
type WriteError struct{ Err error }

func (e *WriteError) Error() string { return e.Err.Error() }
func (e *WriteError) Unwrap() error { return e.Err }

// Copy moves bytes from body to w at off until the extent wants no more: then it
// returns nil, having read not a byte too many. The body's own end is io.EOF,
// which never means complete: whoever knows the size decides that. One goroutine
// reads and writes, so no write is in flight when Copy has returned.
func Copy(w io.WriterAt, body io.Reader, off int64, buf []byte, x Extent) error {
	for {
		room := x.Room(off)
		if room <= 0 {
			return nil
		}
		p := buf[:min(int64(len(buf)), room)]
		n, err := body.Read(p)
		if n > 0 {
			if _, werr := w.WriteAt(p[:n], off); werr != nil {
				return &WriteError{werr}
			}
			if werr := x.Wrote(off, p[:n]); werr != nil {
				return werr
			}
			off += int64(n)
		}
		if err != nil {
			if err == io.EOF && x.Room(off) == 0 {
				return nil
			}
			return err
		}
	}
}
