package littledl

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/littledl/littledl/internal/digest"
	"github.com/littledl/littledl/internal/httprange"
)

// The part that will become the file: made, opened again, thrown away.

// createPart makes the file that will become the target. One that a single
// answer fills needs no name before its last, and so leaves nothing behind.
func (f *file) createPart(v httprange.Verdict) (err error) {
	if v.Whole || v.Take >= v.Pin.Size {
		f.part, err = f.dir.TryNameless()
	}
	if f.part == nil && err == nil {
		_, base := splitName(f.t.name)
		f.part, err = f.dir.Create(base, f.partKey())
	}
	if err != nil {
		return &writeOpError{err}
	}
	return nil
}

// writeOpError marks a failure of the disk before any byte was written.
type writeOpError struct{ err error }

func (e *writeOpError) Error() string { return e.err.Error() }
func (e *writeOpError) Unwrap() error { return e.err }

// partKey tells the parts of different jobs apart: by the target where the caller
// named it, else by the URL without what changes from one signature to the next.
func (f *file) partKey() string {
	text := f.opt.filename
	if text != "" {
		abs, err := filepath.Abs(filepath.Join(f.t.dir, filepath.FromSlash(text)))
		if err != nil {
			abs = text
		}
		text = abs
	} else {
		text = unsigned(f.sources[0].u)
	}
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:4])
}

// unsigned is a URL without user info, fragment and the parameters that the common
// object stores sign requests with.
func unsigned(u *url.URL) string {
	c := *u
	c.User, c.Fragment, c.RawFragment = nil, "", ""
	if c.RawQuery == "" {
		return c.String()
	}
	q := c.Query()
	for k := range q {
		l := strings.ToLower(k)
		switch l {
		case "signature", "expires", "key-pair-id", "policy", "awsaccesskeyid", "googleaccessid", "sig", "se", "st", "sp", "sv", "sr", "skoid", "sktid", "skt", "ske", "sks", "skv", "token":
			delete(q, k)
		default:
			if strings.HasPrefix(l, "x-amz-") || strings.HasPrefix(l, "x-goog-") {
				delete(q, k)
			}
		}
	}
	c.RawQuery = q.Encode()
	return c.String()
}

// reopen makes what an earlier Start has left usable again, or forgets it.
func (f *file) reopen() error {
	if !f.hasLeft {
		return nil
	}
	left := f.left
	f.hasLeft = false
	if err := f.openDir(); err != nil {
		return err
	}
	part, err := f.dir.Reopen(left)
	if err != nil {
		f.r.warn("part file unusable, starting clean", f.t, err)
		f.forget()
		return nil
	}
	f.part = part
	f.adopted = f.done.Len() > 0 // who knows whether those bytes were right
	return nil
}

// forget drops everything fetched so far and what was believed of the file.
func (f *file) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := f.done.Len()
	f.done.Reset()
	f.pin, f.whole = nil, false
	f.unproven, f.unconfirmed = nil, false
	f.promised = digest.Sum{} // another version has another one
	if !f.repairing {         // whoever is asked there, it is the first's that counts
		f.opt.hash = f.t.options().hash
	}
	for _, s := range f.sources {
		s.pin, s.proven = nil, false
		s.wrote.Reset()
	}
	f.t.downloaded.Add(-n)
	f.r.d.downloaded.Add(-n)
}

// restart is startOver for what ended a round.
func (f *file) restart(why error) error {
	f.r.warn("starting over", f.t, why)
	f.stream = f.stream || errors.Is(why, errStream)
	return f.startOver()
}

// startOver begins again after the server changed the file or turned out not to
// do ranges. No worker runs.
func (f *file) startOver() error {
	if f.unconfirmed {
		f.disown()
		return nil
	}
	f.forget()
	if f.part != nil {
		if err := f.part.Empty(); err != nil {
			return &writeOpError{err}
		}
	}
	return nil
}
