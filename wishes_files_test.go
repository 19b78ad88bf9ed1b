package littledl_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
)

// offered is a file, and what may come of it.
type offered struct {
	name string
	may  [][]byte // when it is complete
	part [][]byte // what a writer may have the beginning of
	opts []littledl.URLOption
	to   *moody    // nil: no writer
	at   *atWriter // nil: no writer
}

// moody is a writer that takes its time, and fails now and then.
type moody struct {
	mu    sync.Mutex
	got   bytes.Buffer
	pause time.Duration // of each Write
	fails int           // bytes after which it fails; -1: never
}

var errMoody = errors.New("not in the mood")

func (m *moody) Write(p []byte) (int, error) {
	if !m.mu.TryLock() {
		panic("two write at once")
	}
	defer m.mu.Unlock()
	if m.fails >= 0 && m.got.Len()+len(p) > m.fails {
		return 0, errMoody
	}
	if m.pause > 0 {
		time.Sleep(m.pause)
	}
	return m.got.Write(p)
}

// form is what is special about a file at one host; blind: no version is told.
func (w *world) form(name string, blind bool) faultserver.Behaviour {
	at := func() string { return w.srv.URLAt(w.hosts[w.rnd.IntN(3)], name) }
	if blind {
		return []faultserver.Behaviour{faultserver.NoValidators(), faultserver.WeakETag(), faultserver.CloseDelimited(), faultserver.Good()}[w.rnd.IntN(4)]
	}
	switch w.rnd.IntN(16) {
	case 0, 1:
		return faultserver.RedirectTo(at(), 302)
	case 2, 3:
		return faultserver.Redirector(1+w.rnd.IntN(3), at(), at(), at())
	case 4, 5:
		return faultserver.Gzip()
	case 6:
		return faultserver.NoLength()
	case 7:
		return faultserver.CloseDelimited()
	case 8:
		return faultserver.RangeCap(int64(100*kib + w.rnd.IntN(2*mib)))
	case 9:
		return faultserver.ETagFlap()
	case 10:
		return faultserver.ReprDigest(true)
	case 11:
		return faultserver.NoHead(405)
	case 12:
		return faultserver.RangeWide(int64(mib))
	case 13:
		return faultserver.SilentClose()
	}
	return faultserver.Good()
}

// offer makes a file and queues it, perhaps twice where that is no writer's.
func (w *world) offer(i int) {
	add := w.prepare(fmt.Sprint("f", i))
	if add(); w.elsewhere && !w.writers && w.rnd.IntN(4) == 0 {
		add()
	}
}

// prepare makes a file, and returns what queues it.
func (w *world) prepare(name string) (add func()) {
	size := w.size()
	blind := w.rnd.IntN(8) == 0
	var faults []faultserver.Behaviour
	for _, h := range w.hosts {
		at := func(r *faultserver.Request) bool { return r.Host == strings.Split(h, ":")[0] }
		fault := w.fault()
		if blind {
			fault = faultserver.Good()
		}
		if w.elsewhere {
			faults = append(faults, faultserver.When(at, w.form(name, blind)))
		}
		faults = append(faults, faultserver.When(at, fault))
	}
	f := w.srv.File(name, faultserver.Size(size), faultserver.Behave(faults...))
	o := w.offered(name, f.Content(), size, blind)
	opts := append(hashIf(w.hashes, f), littledl.WithPriority(w.rnd.IntN(3)), littledl.WithSavePath(w.dir), littledl.WithTag(o))
	if !w.plain && w.rnd.IntN(3) > 0 {
		opts = append(opts, littledl.WithBackupURLs(w.srv.URLAt(w.hosts[1], name), w.srv.URLAt(w.hosts[2], name)))
	}
	if w.elsewhere && w.rnd.IntN(4) == 0 {
		w.takeName(o, size)
	}
	if w.writers && w.half() {
		opts = append(opts, w.writer(o, size))
	} else {
		opts = append(opts, w.more(f.URL())...)
		o.opts = opts
	}
	w.last = littledl.Item{URL: f.URL(), Options: opts}
	return func() { w.queue(f.URL(), o, opts) }
}

func (w *world) offered(name string, c faultserver.Content, size int64, blind bool) *offered {
	o := &offered{name: name, part: [][]byte{faultserver.Bytes(c)}}
	if !blind {
		o.part = append(o.part, faultserver.Bytes(faultserver.Generate("/"+name, 2, size)))
	}
	if o.may = o.part; w.hashes { // which are judged in the end
		o.may = slices.Clip(o.part[:1])
	}
	return o
}

// takeName has other content have the name.
func (w *world) takeName(o *offered, size int64) {
	other := faultserver.Bytes(faultserver.Generate("other", 9, size))
	require.NoError(w, os.WriteFile(filepath.Join(w.dir, o.name), other, 0o666))
	if w.conf.Overwrite == littledl.OverwriteSkip || w.conf.TrustModTime {
		o.may = append(o.may, other)
	}
}

func (w *world) writer(o *offered, size int64) littledl.URLOption {
	if w.conf.ContentEncoding != littledl.EncodingStore && w.roll(3) == 0 {
		o.at = newAtWriter(size)
		return littledl.WithWriterAt(o.at)
	}
	o.to = &moody{pause: time.Duration(w.roll(3)) * w.dices(50), fails: -1}
	if w.roll(6) == 0 {
		o.to.fails = w.roll(int(size) + 1)
	}
	return littledl.WithWriter(o.to)
}

func (w *world) queue(url string, o *offered, opts []littledl.URLOption) {
	if _, err := w.d.AddURL(url, opts...); err != nil && !errors.Is(err, littledl.ErrStopped) {
		w.Errorf("%v", err)
	}
	if w.rival != nil && o.to == nil && o.at == nil {
		_, _ = w.rival.AddURL(url, opts...)
	}
}
