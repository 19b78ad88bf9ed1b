package littledl_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
)

// TestWriterSmall: small files go to memory, in a request each.
func TestWriterSmall(t *testing.T) {
	writerBubble(t, func(b *writerBed) {
		f := b.srv.File("a.bin", faultserver.Size(300*kib))
		empty := b.srv.File("empty", faultserver.Size(0))
		var to, none bytes.Buffer
		id := b.to(f, &to)
		b.to(empty, &none)
		require.NoError(b, b.start())
		b.got(&to, f)
		require.Zero(b, none.Len())
		require.Len(b, b.srv.Requests("a.bin"), 1)
		task := b.task(id)
		require.True(b, task.IsCompleted())
		require.EqualValues(b, 300*kib, task.FileSize)
		require.EqualValues(b, 300*kib, task.Downloaded)
	})
}

// TestWriterConnections: several connections serve one writer, in order.
func TestWriterConnections(t *testing.T) {
	writerBubble(t, func(b *writerBed) {
		f := b.srv.File("big.bin", faultserver.Size(64*mib))
		to := &atOnce{t: b}
		began := time.Now()
		b.to(f, to, enhHash(f.Content()))
		require.NoError(b, b.start())
		b.got(&to.Buffer, f)
		require.Equal(b, 4, b.srv.MaxInFlight())
		require.Less(b, time.Since(began), 12*time.Second, "one connection takes 32 s")
		require.Less(b, b.read.Load(), int64(70*mib))
	})
}

// TestWriterAt: one that takes bytes in any order has them as they come, and none twice.
func TestWriterAt(t *testing.T) {
	writerBubble(t, func(b *writerBed) {
		b.net.Shape(slowDial(1, 100*kib, 4*mib)) // so that the last bytes are asked for twice
		f := b.srv.File("a.bin", faultserver.Size(32*mib))
		w := newAtWriter(32 * mib)
		b.queue(f, littledl.WithWriterAt(w))
		require.NoError(b, b.start())
		require.NoError(b, faultserver.Compare(bytes.NewReader(w.data), f.Content()))
		require.False(b, w.twice)
		require.False(b, slices.IsSorted(w.order), "out of order")
	})
}

// TestWriterAtHash: where a digest is to be judged it has them in order, still from several
// connections.
func TestWriterAtHash(t *testing.T) {
	writerBubble(t, func(b *writerBed) {
		f := b.srv.File("a.bin", faultserver.Size(32*mib))
		w := newAtWriter(32 * mib)
		b.queue(f, littledl.WithWriterAt(w), enhHash(f.Content()))
		require.NoError(b, b.start())
		require.NoError(b, faultserver.Compare(bytes.NewReader(w.data), f.Content()))
		require.True(b, slices.IsSorted(w.order))
		require.Equal(b, 4, b.srv.MaxInFlight())
	})
}

// TestWriterDecodes: what is sent encoded is decoded on its way.
func TestWriterDecodes(t *testing.T) {
	writerBubble(t, func(b *writerBed) {
		b.conf.ContentEncoding = littledl.EncodingDecode
		f := b.srv.File("a.txt", faultserver.Size(2*mib), faultserver.Behave(faultserver.Gzip(), faultserver.First(1, faultserver.ShortBody(mib))))
		to := &atOnce{t: b}
		b.to(f, to, enhHash(f.Content()))
		require.NoError(b, b.start())
		b.got(&to.Buffer, f)
		require.Len(b, b.srv.Requests("a.txt"), 2)
	})
}

// TestWriterPipe: a pipe into whoever unpacks it, with connections that break.
func TestWriterPipe(t *testing.T) {
	writerBubble(t, func(b *writerBed) {
		var packed bytes.Buffer
		w := tar.NewWriter(&packed)
		want := map[string][]byte{}
		for _, name := range []string{"one", "two", "three"} {
			want[name] = faultserver.Bytes(faultserver.Generate(name, 1, 5*mib))
			require.NoError(b, w.WriteHeader(&tar.Header{Name: name, Size: 5 * mib, Mode: 0o644}))
			_, err := w.Write(want[name])
			require.NoError(b, err)
		}
		require.NoError(b, w.Close())
		f := b.srv.File("all.tar", faultserver.Data(packed.Bytes()), faultserver.Behave(faultserver.Alternate(faultserver.Good(), faultserver.RST(300*kib))))
		r, to := io.Pipe()
		b.to(f, to)
		done := b.background(b.Context())
		in := tar.NewReader(r)
		for range 3 {
			h, err := in.Next()
			require.NoError(b, err)
			got, err := io.ReadAll(in)
			require.NoError(b, err)
			require.True(b, bytes.Equal(want[h.Name], got))
		}
		go io.Copy(io.Discard, r)
		require.NoError(b, <-done)
		require.NoError(b, to.Close(), "whose it is")
	})
}

// TestWriterOptions: what a writer contradicts is refused before anything is touched.
func TestWriterOptions(t *testing.T) {
	var w bytes.Buffer
	to := littledl.WithWriter(&w)
	d, err := littledl.NewBatchDownloader()
	require.NoError(t, err)
	url := "http://files.test/a"
	for name, opts := range map[string][]littledl.URLOption{
		"nil":       {littledl.WithWriter(nil)},
		"nil at":    {littledl.WithWriterAt(nil)},
		"two":       {to, to},
		"two kinds": {to, littledl.WithWriterAt(newAtWriter(1))},
		"a name":    {to, littledl.WithFilename("a")},
	} {
		_, err := d.AddURL(url, opts...)
		require.ErrorIs(t, err, littledl.ErrInvalidOption, name)
		_, err = d.AddURLs([]string{url}, "", opts...)
		require.ErrorIs(t, err, littledl.ErrInvalidOption, name)
	}
	_, err = d.AddURLs([]string{url, url + "b"}, "", to)
	require.ErrorIs(t, err, littledl.ErrInvalidOption)
	require.Empty(t, d.GetAllTasks())
	ids, err := d.AddURLs([]string{url}, "", to)
	require.NoError(t, err)
	require.Len(t, ids, 1)

	for _, p := range policies {
		d, err := littledl.NewBatchDownloader(littledl.WithConfig(littledl.DownloadConfig{Overwrite: p}))
		require.NoError(t, err)
		_, err = d.AddURL(url, to)
		require.Equal(t, p != littledl.OverwriteRename, errors.Is(err, littledl.ErrInvalidOption))
	}
	_, err = littledl.NewBatchDownloader(littledl.WithConfig(littledl.DownloadConfig{MaxReorder: -1}))
	require.ErrorIs(t, err, littledl.ErrInvalidOption)
}

// TestWriterDuplicates: each writer has its own transfer, and a file on the disk beside them.
func TestWriterDuplicates(t *testing.T) {
	batchBubble(t, func(b *batch) {
		f := b.srv.File("a.bin", faultserver.Size(mib))
		var one, two bytes.Buffer
		for _, w := range []*bytes.Buffer{&one, &two} {
			_, err := b.get().AddURL(f.URL(), littledl.WithWriter(w), littledl.WithSavePath(b.dir))
			require.NoError(b, err)
		}
		id := b.add(f)
		require.NoError(b, b.get().Start(b.Context()))
		require.Equal(b, []string{"a.bin"}, b.list(), "no name is kept for a writer's")
		require.Equal(b, "a.bin", b.task(id).Filename)
		for _, w := range []*bytes.Buffer{&one, &two} {
			require.NoError(b, faultserver.Compare(bytes.NewReader(w.Bytes()), f.Content()))
		}
		require.Len(b, b.srv.Requests("a.bin"), 3)
	})
}
