package partfile

import (
	"time"

	"github.com/littledl/littledl/internal/journal"
)

// What one connection may write before the journal hears of it. At first that is
// little, so that a process that is killed again and again gets somewhere.
const (
	noteBytes = 2 << 20
	noteTime  = time.Second
	firstTime = 50 * time.Millisecond
)

// Recorder notes what one connection writes to a part, in order. It is not safe for
// concurrent use; a part may have many.
type Recorder struct {
	p     *Part
	e     journal.Extent
	since time.Time
	every time.Duration // is noted what has come together
}

// Record begins a recorder.
func (p *Part) Record() Recorder { return Recorder{p: p, every: firstTime} }

// Wrote takes in data that is in the part at off now. It notes what has come together
// when that is 2 MiB or, in the long run, a second old.
func (r *Recorder) Wrote(off int64, data []byte) error {
	if r.p == nil || r.p.log == nil {
		return nil
	}
	now := time.Now()
	if r.e.Len > 0 && off != r.e.Off+r.e.Len {
		if err := r.Flush(); err != nil {
			return err
		}
	}
	if r.e.Len == 0 {
		r.e.Off, r.since = off, now
	}
	r.e.CRC = journal.Checksum(r.e.CRC, data)
	r.e.Len += int64(len(data))
	if r.e.Len < noteBytes && now.Sub(r.since) < r.every {
		return nil
	}
	r.every = min(2*r.every, noteTime)
	return r.Flush()
}

// Flush notes what has come together.
func (r *Recorder) Flush() error {
	if r.e.Len == 0 {
		return nil
	}
	e := r.e
	r.e = journal.Extent{}
	return r.p.note(e)
}
