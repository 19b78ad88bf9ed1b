package partfile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/littledl/littledl/internal/journal"
)

// Resume opens a part that another process has left for a final name and a key, and
// what its journal says. There is none where there is nothing to go on from: then
// Create begins anew. The name's own part in use is ErrLocked. With others the part of
// another name, but the same key, will do: a name may have been chosen by the server.
// Nothing is believed yet: whoever adopts the part checks every extent.
func (d *Dir) Resume(name, key string, others bool) (*Part, journal.Log, error) {
	for _, part := range d.keyedParts(name, key, others) {
		own := isPartOf(part, name, key)
		p, log, err := d.resume(part, own, anything)
		switch {
		case err == nil:
			return p, log, nil
		case errors.Is(err, errElsewhere):
		case errors.Is(err, ErrLocked):
			if own {
				return nil, journal.Log{}, err
			}
		case exhausted(err):
			return nil, journal.Log{}, fmt.Errorf("open the part file again: %w", err)
		default: // of no use to anybody
			d.tidy(part)
		}
	}
	return nil, journal.Log{}, nil
}

// anything is whatever a journal says.
func anything(journal.Log) bool { return true }

func (d *Dir) resume(part string, own bool, trust func(journal.Log) bool) (p *Part, log journal.Log, err error) {
	if err := d.inUse.claim(part, !own); err != nil {
		return nil, log, err
	}
	defer func() {
		if err != nil {
			d.inUse.give(part)
		}
	}()
	f, info, err := d.openRegular(part, os.O_RDWR)
	if err != nil {
		return nil, log, err
	}
	defer func() {
		if err != nil {
			f.Close()
		}
	}()
	if !d.ours(info) {
		return nil, log, errUnsafe
	}
	if err := d.take(f, part); err != nil {
		return nil, log, err
	}
	if spare := spareName(part); d.isStill(spare, f) { // it was to replace a file
		_ = d.remove(spare)
	}
	if info, err = f.Stat(); err != nil {
		return nil, log, err
	}
	if d.disk.Links(info) > 1 { // published already
		return nil, log, errUnsafe
	}
	p = &Part{dir: d, f: f, name: part, claimed: part, journalName: journalName(part)}
	log, err = p.openJournal(trust)
	return p, log, err
}

// openJournal reads the journal and makes it ours: it ends where it cannot be believed,
// and has our nonce. What is not trusted is left as it is.
func (p *Part) openJournal(trust func(journal.Log) bool) (journal.Log, error) {
	f, err := p.readJournal()
	if err != nil {
		return journal.Log{}, err
	}
	b, err := io.ReadAll(io.NewSectionReader(f, 0, journal.MaxLen))
	var log journal.Log
	if err == nil {
		log, err = journal.Decode(b)
	}
	if err == nil && !trust(log) {
		err = errNotProven
	}
	l := &journalFile{f: f, id: log.Head.ID, nonce: newNonce()}
	if err == nil {
		err = f.Truncate(log.Len)
	}
	if err == nil {
		_, err = writeAll(f, journal.Nonce(l.nonce), journal.NonceAt)
	}
	if err != nil {
		f.Close()
		return journal.Log{}, err
	}
	l.end.Store(log.Len)
	p.log = l
	return log, nil
}

// Matches reads an extent back and reports whether it is what was noted. An error: ctx
// has ended.
func (p *Part) Matches(ctx context.Context, e journal.Extent, buf []byte) (bool, error) {
	var crc uint32
	for off, end := e.Off, e.Off+e.Len; off < end; {
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		n, err := p.f.ReadAt(buf[:min(int64(len(buf)), end-off)], off)
		crc = journal.Checksum(crc, buf[:n])
		off += int64(n)
		if err != nil && off < end { // cut short, or unreadable: not there
			return false, nil
		}
	}
	return crc == e.CRC, nil
}

// readJournal opens the journal of a part, if it is one of ours and not too long.
func (p *Part) readJournal() (File, error) {
	d := p.dir
	f, info, err := d.openRegular(p.journalName, os.O_RDWR)
	if err != nil {
		return nil, err
	}
	if !d.ours(info) || d.disk.Links(info) > 1 || info.Size() > journal.MaxLen {
		f.Close()
		return nil, errUnsafe
	}
	return f, nil
}

// reopenJournal opens the journal of a part that Kept has closed in this process.
// False: somebody else has had it since.
func (p *Part) reopenJournal(k Kept) bool {
	if k.nonce == 0 {
		return true
	}
	_, err := p.openJournal(func(l journal.Log) bool { return l.Nonce == k.nonce && l.Head.ID == k.id })
	return err == nil
}

// Tidy removes what is left of parts that nobody needs any more because the file is
// there, unless they are in use.
func (d *Dir) Tidy(name, key string, others bool) {
	for _, part := range d.keyedParts(name, key, others) {
		d.tidy(part)
	}
}

func (d *Dir) tidy(part string) {
	if d.inUse.claim(part, true) != nil {
		return
	}
	defer d.inUse.give(part)
	err := d.clear(part)
	if err == nil {
		err = d.clear(spareName(part))
	}
	if err == nil && d.missing(part) || errors.Is(err, errUnsafe) && d.noPart(part) {
		_ = d.clearJournal(journalName(part))
	}
}

// noPart reports that what has a part's name can be nobody's part.
func (d *Dir) noPart(name string) bool {
	info, err := d.disk.Lstat(name)
	return err == nil && !info.Mode().IsRegular()
}

// missing reports that nothing has the name.
func (d *Dir) missing(name string) bool {
	_, err := d.disk.Lstat(name)
	return errors.Is(err, fs.ErrNotExist)
}

// HasLeft reports that there may be parts of earlier processes: the price of asking
// for one is worth paying.
func (d *Dir) HasLeft() bool { return d.names == nil || len(d.left) > 0 || d.hasKept() }
