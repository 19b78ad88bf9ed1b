package fetch

import "io"

// Extent is where the bytes of one answer belong.
type Extent interface {
	// Room says how many bytes at off are wanted; 0 or less ends the copy.
	Room(off int64) int64
	// Wrote reports data that is on disk at off now. An error ends the copy.
	Wrote(off int64, data []byte) error
}

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
				return werr
			}
			if werr := x.Wrote(off, p[:n]); werr != nil {
				return werr
			}
			off += int64(n)
		}
		if err != nil {
			if x.Room(off) <= 0 { // it came with the last byte, too late to matter
				return nil
			}
			return err
		}
	}
}
