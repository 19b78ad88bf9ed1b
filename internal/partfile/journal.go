package partfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"sync/atomic"

	"github.com/littledl/littledl/internal/journal"
)

// journalFile is the journal beside a part, open.
type journalFile struct {
	f      File
	id     uint64 // of its Head
	nonce  uint64 // ours: who writes another into it owns the part from then on
	end    atomic.Int64
	synced atomic.Int64 // bytes of the part that were noted at the last sync
	named  atomic.Bool  // the names were synced
	noted  atomic.Int64 // bytes of the part that were noted
}

// Log begins a journal beside a named part, so that another process can go on from
// what it notes. What is there under its name is thrown away if it is ours.
func (p *Part) Log(h journal.Head) error {
	if p.name == "" || !h.Fits() {
		return nil
	}
	p.endLog()
	if err := p.dir.clearJournal(p.journalName); err != nil {
		return fmt.Errorf("create the journal: %w", err)
	}
	f, err := p.dir.disk.Open(p.journalName, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("create the journal: %w", err)
	}
	h.ID = rand.Uint64()
	l := &journalFile{f: f, id: h.ID, nonce: newNonce()}
	if err := l.append(journal.Begin(l.nonce, h)); err != nil {
		f.Close()
		_ = p.dir.remove(p.journalName)
		return err
	}
	p.log = l
	return nil
}

// newNonce is never 0.
func newNonce() uint64 { return rand.Uint64() | 1 }

// clearJournal removes a journal of ours that belongs to nobody any more. The caller
// holds the lock of its part.
func (d *Dir) clearJournal(name string) error {
	info, err := d.disk.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if !d.mayBeJournal(info) {
		return errUnsafe
	}
	return d.remove(name)
}

// mayBeJournal reports whether a file may be a journal that was left here.
func (d *Dir) mayBeJournal(info fs.FileInfo) bool {
	return info.Mode().IsRegular() && d.ours(info) && d.disk.Links(info) < 2
}

// foreign reports whether what has a journal's name is somebody else's.
func (d *Dir) foreign(journal string) bool {
	info, err := d.disk.Lstat(journal)
	return err == nil && !d.mayBeJournal(info)
}

// append writes whole records. Concurrent callers write side by side.
func (l *journalFile) append(b []byte) error {
	at := l.end.Add(int64(len(b))) - int64(len(b))
	if _, err := writeAll(l.f, b, at); err != nil {
		return fmt.Errorf("write the journal: %w", err)
	}
	return nil
}

// note records an extent whose data is in the part.
func (p *Part) note(e journal.Extent) error {
	l := p.log
	if l.end.Load() > journal.MaxLen-1<<10 {
		return nil // no process would read more
	}
	if err := p.owned(); err != nil {
		return err
	}
	if err := l.append(e.Record(l.id)); err != nil {
		return err
	}
	l.noted.Add(e.Len)
	return nil
}

// owned is ErrLocked once another process has taken the part over, on a file system
// whose locks lie. Its bytes are as right as ours; one of the two has to stop.
func (l *journalFile) owned() error {
	var b [8]byte
	if _, err := l.f.ReadAt(b[:], journal.NonceAt); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read the journal: %w", err)
	}
	if binary.LittleEndian.Uint64(b[:]) != l.nonce {
		return ErrLocked
	}
	return nil
}

// owned is ErrLocked where another process has thrown the part away or taken it over.
func (p *Part) owned() error {
	if p.name == "" {
		return nil
	}
	if p.log != nil {
		if err := p.log.owned(); err != nil {
			return err
		}
	}
	err := p.still(p.name)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w, or its part was removed: %w", ErrLocked, err)
	}
	return err
}

// SyncAfter writes the part and its journal to the disk itself if so many bytes were
// noted since it last did: that bounds what a power cut costs. It may be called while
// others write.
func (p *Part) SyncAfter(bytes int64) error {
	l := p.log
	if l == nil {
		return nil
	}
	noted := l.noted.Load()
	if noted-l.synced.Load() < bytes {
		return nil
	}
	if err := p.sync(p.f, "part file"); err != nil {
		return err
	}
	if err := p.sync(l.f, "journal"); err != nil {
		return err
	}
	if !l.named.Swap(true) {
		_ = p.dir.Sync() // a directory that cannot be synced costs no more than the part
	}
	l.synced.Store(noted)
	return nil
}

// endLog removes the journal: what it says is void, or nobody needs it any more. False:
// another process owns the part now.
func (p *Part) endLog() (mine bool) {
	l := p.log
	if l == nil {
		return true
	}
	p.log = nil
	mine = !errors.Is(l.owned(), ErrLocked)
	still := mine && p.dir.isStill(p.journalName, l.f)
	_ = l.f.Close()
	if still {
		_ = p.dir.remove(p.journalName)
	}
	return mine
}
