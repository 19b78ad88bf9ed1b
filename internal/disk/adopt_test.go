package disk_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/crashfs"
	"github.com/littledl/littledl/internal/digest"
	"github.com/littledl/littledl/internal/disk"
	"github.com/littledl/littledl/internal/fail"
	"github.com/littledl/littledl/internal/httprange"
	"github.com/littledl/littledl/internal/journal"
	"github.com/littledl/littledl/internal/replay"
	"github.com/littledl/littledl/internal/span"
)

// leaves has a process end after it has written some of the file.
func (b *bed) leaves(v httprange.Pin, source int, sum digest.Sum, text string, w disk.Want) {
	b.Helper()
	f := b.targetOf(w)
	_, err := f.Settle(b.answer(v.Size))
	require.NoError(b, err)
	require.NoError(b, f.Create(false))
	require.NoError(b, f.BeginLog(v, source, sum))
	notes := f.Record()
	b.write(f, text)
	require.NoError(b, notes.Wrote(0, []byte(text)))
	require.NoError(b, notes.Flush())
	b.fs.Die()
	b.mount(b.fs.Killed())
}

var mirror = link("http://mirror.test/a.bin")

// TestAdopt: what another process has left is gone on from where a server or a digest can
// confirm it, and thrown away else.
func TestAdopt(t *testing.T) {
	weak := httprange.Pin{Size: 9, LastModified: pin.LastModified}
	br, weakBr := pin, weak
	br.Encoding, weakBr.Encoding = "br", "br"
	for what, c := range map[string]struct {
		pin    httprange.Pin
		stores [2]bool // what is encoded, then and now
		source int
		had    string // the bytes that the digest was of; "": there was none
		want   string
		now    disk.Want
		is     *disk.Adopted // but for the extents
	}{
		"the same version":            {pin: pin, is: &disk.Adopted{Pin: pin}},
		"another signature":           {pin: pin, now: disk.Want{URL: link("http://a.test/dir/a.bin?sig=2")}, is: &disk.Adopted{Pin: pin}},
		"another URL":                 {pin: pin, now: disk.Want{URL: link("http://a.test/other")}},
		"of a backup":                 {pin: pin, source: 1, is: &disk.Adopted{Pin: pin, Source: 1}},
		"of a backup that is gone":    {pin: pin, source: 1, now: disk.Want{URL: origin}},
		"a digest":                    {pin: weak, had: "the bytes", want: "the bytes", is: &disk.Adopted{Pin: httprange.Pin{Size: 9}}},
		"a digest, and a version":     {pin: pin, had: "the bytes", want: "the bytes", is: &disk.Adopted{Pin: pin}},
		"of a lost backup, by digest": {pin: pin, source: 1, had: "the bytes", want: "the bytes", now: disk.Want{URL: origin}, is: &disk.Adopted{Pin: httprange.Pin{Size: 9}}},
		"another digest":              {pin: pin, had: "the bytes", want: "the bites"},
		"a digest that had none":      {pin: pin, want: "the bytes", is: &disk.Adopted{Pin: pin}},
		"a digest no more":            {pin: weak, had: "the bytes"},
		"encoded":                     {pin: br, stores: [2]bool{true, true}, is: &disk.Adopted{Pin: br}},
		"encoded, by digest":          {pin: weakBr, stores: [2]bool{true, true}, had: "the bytes", want: "the bytes", is: &disk.Adopted{Pin: httprange.Pin{Size: 9, Encoding: "br"}}},
		"encoded, of no use now":      {pin: br, stores: [2]bool{true, false}},
		"labelled":                    {pin: br, is: &disk.Adopted{Pin: pin}},
		"labelled, stored now":        {pin: br, stores: [2]bool{false, true}, is: &disk.Adopted{Pin: pin}},
	} {
		t.Run(what, func(t *testing.T) {
			b := newBed(t, crashfs.New(crashfs.Traits{}))
			was := disk.Want{Dir: "d", Name: wanted, URL: origin, Backups: []*url.URL{mirror}}
			now := was
			if c.now.URL != nil {
				now.URL, now.Backups = c.now.URL, nil
			}
			sum := func(text string) (s digest.Sum) {
				if text != "" {
					s = sumOf(text)
				}
				return s
			}
			b.policy.Encoded = c.stores[0]
			b.leaves(c.pin, c.source, sum(c.had), "the ", was)
			b.policy.Encoded = c.stores[1]
			require.Len(t, b.fs.List(), 2)
			f := b.targetOf(now)
			got, err := f.Adopt(sum(c.want))
			require.NoError(t, err)
			if c.is == nil {
				require.Nil(t, got)
				require.Equal(t, disk.Absent, f.State())
				f.Close()
				if what != "another URL" { // whose part may still be wanted
					b.shows(map[string]string{})
				}
				return
			}
			bad, err := f.Prove(t.Context(), got.Extents, make([]byte, 3))
			require.NoError(t, err)
			require.Empty(t, bad)
			require.Equal(t, c.is, &disk.Adopted{Pin: got.Pin, Source: got.Source})
			_, err = f.WriteAt([]byte("bytes"), 4)
			require.NoError(t, err)
			_, err = f.Settle(b.answer(9))
			require.NoError(t, err)
			require.NoError(t, publish(f))
			f.Close()
			b.shows(map[string]string{wanted: "the bytes"})
		})
	}
}

// TestAdoptNot: where nothing is to be gone on from, or the file is there, what is left goes.
func TestAdoptNot(t *testing.T) {
	want := disk.Want{Dir: "d", Name: wanted, URL: origin}
	b := newBed(t, crashfs.New(crashfs.Traits{}))
	b.leaves(pin, 0, digest.Sum{}, "the ", want)
	b.policy.Resume = false
	f := b.target()
	got, err := f.Adopt(digest.Sum{})
	require.NoError(t, err)
	require.Nil(t, got)
	f.Close()
	b.shows(map[string]string{})

	b = newBed(t, crashfs.New(crashfs.Traits{}))
	b.leaves(pin, 0, digest.Sum{}, "the ", want)
	b.fs.Put(wanted, []byte("the bytes"))
	f = b.target()
	a := b.answer(9)
	a.Proof = proves(wanted)
	_, err = f.Settle(a)
	require.NoError(t, err)
	require.NoError(t, f.KeepExisting())
	f.Close()
	b.shows(map[string]string{wanted: "the bytes"})
}

// TestAdoptShort: a process that has no descriptors left may have them again soon; one that
// finds the part in use may not have it.
func TestAdoptShort(t *testing.T) {
	for fault, class := range map[error]fail.Class{syscall.EMFILE: fail.Shortage, syscall.ENFILE: fail.Shortage} {
		b := newBed(t, crashfs.New(crashfs.Traits{}))
		b.leaves(pin, 0, digest.Sum{}, "the ", disk.Want{Dir: "d", Name: wanted, URL: origin})
		b.hook = func(op crashfs.Op) error {
			if op.Kind == crashfs.Open && strings.HasSuffix(op.Name, ".ldpart") {
				return fault
			}
			return nil
		}
		f := b.target()
		_, err := f.Adopt(digest.Sum{})
		require.Equal(t, class, fail.Of(err, fail.Facts{}).Class)
		f.Close()
		require.Len(t, b.fs.List(), 2, "it is there yet")
	}
	b := newBed(t, crashfs.New(crashfs.Traits{}))
	f := b.open(false)
	require.NoError(t, f.BeginLog(pin, 0, digest.Sum{}))
	b.dirs.CloseAll()
	again := b.target()
	_, err := again.Adopt(digest.Sum{})
	require.Equal(t, fail.Local, fail.Of(err, fail.Facts{}).Class)
	require.ErrorContains(t, err, "already")
}

// TestProve: exactly the bytes that are not what was noted are missing.
func TestProve(t *testing.T) {
	r := rand.New(rand.NewPCG(replay.Seed(t), 1))
	for range 200 {
		text := make([]byte, 1+r.IntN(5000))
		for i := range text {
			text[i] = byte(r.Uint32())
		}
		b := newBed(t, crashfs.New(crashfs.Traits{}))
		f := b.whole(true, string(text))
		var extents []journal.Extent
		var right, noted span.Set
		for range r.IntN(8) { // they may overlap
			lo := r.IntN(len(text))
			hi := lo + 1 + r.IntN(len(text)-lo)
			e := journal.Extent{Off: int64(lo), Len: int64(hi - lo), CRC: journal.Checksum(0, text[lo:hi])}
			noted.Add(int64(lo), int64(hi))
			if r.IntN(3) == 0 {
				e.CRC++
			} else {
				right.Add(int64(lo), int64(hi))
			}
			extents = append(extents, e)
		}
		bad, err := f.Prove(t.Context(), extents, make([]byte, 700))
		require.NoError(t, err)
		for _, gap := range bad {
			for off := gap.Lo; off < gap.Hi; off++ {
				require.False(t, right.Contains(off, off+1))
				require.True(t, noted.Contains(off, off+1))
			}
			right.Add(gap.Lo, gap.Hi)
		}
		require.Equal(t, noted.Ranges(), right.Ranges(), "what is noted is right or bad")
		f.Discard()
		f.Close()
	}
	b := newBed(t, crashfs.New(crashfs.Traits{}))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := b.whole(true, "the bytes").Prove(ctx, []journal.Extent{{Len: 9}}, make([]byte, 9))
	require.ErrorIs(t, err, context.Canceled)
}

// TestBeginLog: there is a journal where something can confirm the part, and only a full
// disk keeps a file from being fetched without one.
func TestBeginLog(t *testing.T) {
	none := httprange.Pin{Size: 9}
	for what, c := range map[string]struct {
		pin    httprange.Pin
		sum    digest.Sum
		resume bool
		err    error
		is     error
		logs   bool
	}{
		"a version":          {pin: pin, resume: true, logs: true},
		"a digest":           {pin: none, sum: sumOf("x"), resume: true, logs: true},
		"neither":            {pin: none, resume: true},
		"nobody will resume": {pin: pin},
		"no journals here":   {pin: pin, resume: true, err: syscall.EACCES, is: disk.ErrNoJournal},
		"the disk is full":   {pin: pin, resume: true, err: syscall.ENOSPC, is: syscall.ENOSPC},
	} {
		t.Run(what, func(t *testing.T) {
			b := newBed(t, crashfs.New(crashfs.Traits{}))
			b.policy.Resume = c.resume
			f := b.open(false)
			b.hook = func(op crashfs.Op) error {
				if strings.HasSuffix(op.Name, ".ldjournal") {
					return c.err
				}
				return nil
			}
			err := f.BeginLog(c.pin, 0, c.sum)
			require.ErrorIs(t, err, c.is)
			require.Equal(t, c.is == syscall.ENOSPC, err != nil && fail.Of(err, fail.Facts{}).Class == fail.Local)
			require.Equal(t, c.logs, len(b.fs.List()) == 2)
			if c.logs {
				require.NoError(t, f.BeginLog(pin, 0, digest.Sum{}), "there is one")
			}
			f.Discard()
			f.Close()
			b.shows(map[string]string{})
		})
	}
}

// TestSyncPeriodically: what many bytes cost is safe after a while, and a disk that does
// not take them ends it.
func TestSyncPeriodically(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, crashfs.New(crashfs.Traits{}))
		f := b.open(false)
		require.False(t, f.WantsSync(1<<30), "it has no journal")
		require.NoError(t, f.BeginLog(httprange.Pin{Size: 1 << 30, ETag: `"e"`}, 0, digest.Sum{}))
		require.True(t, f.WantsSync(1<<30))
		require.False(t, f.WantsSync(1<<20))
		syncs := 0
		b.hook = func(op crashfs.Op) error {
			if op.Kind == crashfs.Sync {
				syncs++
			}
			return nil
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- f.SyncPeriodically(ctx) }()
		notes, data := f.Record(), make([]byte, 1<<20)
		some := func(mibs int64) {
			for i := range mibs {
				require.NoError(t, notes.Wrote(i<<20, data))
			}
			require.NoError(t, notes.Flush())
			time.Sleep(6 * time.Second)
			synctest.Wait()
		}
		some(63)
		require.Zero(t, syncs)
		some(1)
		require.Equal(t, 2, syncs, "part and journal")
		some(1)
		require.Equal(t, 2, syncs)
		cancel()
		require.NoError(t, <-ended)

		b.fs.FailSync(errors.New("no"))
		go func() { ended <- f.SyncPeriodically(t.Context()) }()
		some(64)
		err := <-ended
		require.Equal(t, fail.Local, fail.Of(err, fail.Facts{}).Class)
		f.Discard()
		f.Close()
	})
}
