package cluster

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"sync"
	"time"
)

// errGone is of a task whose unit is another's by now.
var errGone = errors.New("cluster: it goes to another worker")

// store moves a file to where it belongs. While the store is of no use it waits: that is no fault of
// the URL's, and costs no delivery.
func (t *task) store(path string) {
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 10*time.Second) {
		i, created, err := t.create(path)
		switch {
		case err == nil:
			t.info, t.exists = i, !created
			if err := os.Remove(path); err != nil {
				t.u.w.Log.Warn("something is left in the scratch directory", "err", err)
			}
			t.u.w.rec.add(t, nil)
			return
		case errors.Is(err, fs.ErrNotExist): // somebody has tidied up the scratch directory
			t.u.w.submit(t)
			return
		}
		if t.u.ctx.Err() == nil {
			t.u.w.troubled("the store", err)
		}
		if !sleep(t.u.ctx, wait) {
			t.settle(true) // whoever has it next on this disk finds the file
			return
		}
	}
}

var buffers = sync.Pool{New: func() any { return new([64 << 10]byte) }}

func (t *task) create(path string) (i Info, created bool, err error) {
	f, err := os.Open(path)
	if err != nil {
		return i, false, err
	}
	defer f.Close()
	h, buffer := sha256.New(), buffers.Get().(*[64 << 10]byte)
	defer buffers.Put(buffer)
	i.Size, err = io.CopyBuffer(struct{ io.Writer }{h}, reader{t.u.ctx, f}, buffer[:])
	if err != nil {
		return i, false, err
	}
	i.SHA256 = hex.EncodeToString(h.Sum(nil))
	created, err = t.u.w.Sink.Create(t.u.ctx, t.key(), f, i)
	return i, created, err
}
