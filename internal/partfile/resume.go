package partfile

import (
	"errors"
	"io"
	"io/fs"
	"os"

	"github.com/littledl/littledl/internal/journal"
)

// Resume opens a part that another process has left for a final name and a key, and
// what its journal says. There is none where there is nothing to go on from: then
// Create begins anew. A part in use is ErrLocked. Nothing is believed yet: whoever
// adopts the part checks every extent.
func (d *Dir) Resume(name, key string) (*Part, journal.Log, error) {
	part, beside, known := d.mates(name, key)
	if part == "" || !known && d.disk.Absent(part) {
		return nil, journal.Log{}, nil
	}
	p, log, err := d.resume(part, beside)
	if errors.Is(err, ErrLocked) {
		return nil, journal.Log{}, err
	}
	if err != nil { // of no use to anybody
		d.Tidy(name, key)
		return nil, journal.Log{}, nil
	}
	return p, log, nil
}

func (d *Dir) resume(part, beside string) (p *Part, log journal.Log, err error) {
	f, info, err := d.openRegular(part, os.O_RDWR)
	if err != nil {
		return nil, log, err
	}
	defer func() {
		if err != nil {
			f.Close()
		}
	}()
	if !d.disk.Ours(info) || d.disk.Links(info) > 1 {
		return nil, log, errUnsafe
	}
	if err := d.take(f, part); err != nil {
		return nil, log, err
	}
	p = &Part{dir: d, f: f, name: part, beside: beside}
	log, err = p.openJournal(func(journal.Log) bool { return true })
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
		err = ErrLocked
	}
	l := &logbook{f: f, id: log.Head.ID, nonce: newNonce()}
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

// readJournal opens the journal of a part, if it is one of ours and not too long.
func (p *Part) readJournal() (File, error) {
	d := p.dir
	f, info, err := d.openRegular(p.beside, os.O_RDWR)
	if err != nil {
		return nil, err
	}
	if !d.disk.Ours(info) || d.disk.Links(info) > 1 || info.Size() > journal.MaxLen {
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

// Tidy removes what is left of a part that nobody needs any more because the file is
// there, unless it is in use.
func (d *Dir) Tidy(name, key string) {
	part, beside, known := d.mates(name, key)
	if part == "" || !known && d.disk.Absent(part) && d.disk.Absent(beside) {
		return
	}
	if d.clear(part) != nil {
		return
	}
	if _, err := d.disk.Lstat(part); errors.Is(err, fs.ErrNotExist) {
		_ = d.clearJournal(beside)
	}
}

// HasLeft reports that there may be parts of earlier processes: the price of asking
// for one is worth paying.
func (d *Dir) HasLeft() bool { return d.names == nil || len(d.left) > 0 }
