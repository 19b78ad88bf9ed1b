package littledl_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
)

// metaFile is a file of a Metalink.
type metaFile struct {
	name    string
	content faultserver.Content // whose size and digests are told
	pieces  int64               // length; 0: none
	whole   bool                // the digest of all of it is told
	urls    []string            // in the order of their priorities
}

// meta4 is a document of some files.
func meta4(files ...metaFile) string {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?><metalink xmlns="urn:ietf:params:xml:ns:metalink">`)
	for _, f := range files {
		fmt.Fprintf(&b, `<file name="%s">`, f.name)
		if f.content != nil {
			fmt.Fprintf(&b, "<size>%d</size>", f.content.Size())
		}
		if f.whole {
			fmt.Fprintf(&b, `<hash type="sha-256">%s</hash>`, faultserver.Sum(f.content))
		}
		if f.pieces > 0 {
			fmt.Fprintf(&b, `<pieces length="%d" type="sha-256">`, f.pieces)
			for lo := int64(0); lo < f.content.Size(); lo += f.pieces {
				h := sha256.New()
				_, _ = io.Copy(h, io.NewSectionReader(f.content, lo, min(f.pieces, f.content.Size()-lo)))
				fmt.Fprintf(&b, "<hash>%s</hash>", hex.EncodeToString(h.Sum(nil)))
			}
			b.WriteString("</pieces>")
		}
		for i, u := range f.urls {
			fmt.Fprintf(&b, `<url priority="%d">%s</url>`, i+1, u)
		}
		b.WriteString("</file>")
	}
	b.WriteString("</metalink>")
	return b.String()
}

// meta queues a document.
func (b *enhBed) meta(files ...metaFile) []string {
	b.Helper()
	ids, err := b.get().AddMetalink(strings.NewReader(meta4(files...)), littledl.WithSavePath(b.dir))
	require.NoError(b, err)
	require.Len(b, ids, len(files))
	for i, f := range files {
		b.want[ids[i]] = f.content
	}
	return ids
}

// lying is content with other bytes from off on.
func lying(c faultserver.Content, off, n int64) faultserver.FileOption {
	data := faultserver.Bytes(c)
	for i := off; i < off+n; i++ {
		data[i] ^= 0x55
	}
	return faultserver.Data(data)
}

// TestMetalink: names, directories, sizes, hashes and sources are as the document has them.
func TestMetalink(t *testing.T) {
	enhBubble(t, func(b *enhBed) {
		a, c := b.origin("a.test"), b.origin("b.test")
		one := a.File("x", faultserver.Size(mib))
		two := c.File("y", faultserver.Size(2*mib))
		gone := a.URL("gone")
		ids := b.meta(
			metaFile{name: "docs/one.bin", content: one.Content(), whole: true, urls: []string{one.URL()}},
			metaFile{name: "two.bin", content: two.Content(), urls: []string{gone, two.URL()}},
		)
		require.NoError(b, b.start())
		require.Equal(b, []string{"docs/one.bin", "two.bin"}, b.list())
		require.Equal(b, two.URL(), b.task(ids[1]).Source)
		require.Len(b, b.task(ids[1]).Sources, 2)
		require.Len(b, a.GETs("gone"), 1, "first things first")
	})
}

// TestMetalinkPieces: a mirror that lies in one piece costs that piece, fetched from another one.
func TestMetalinkPieces(t *testing.T) {
	const size, piece = 32 * mib, mib
	for name, whole := range map[string]bool{"pieces": false, "pieces and a hash": true} {
		t.Run(name, func(t *testing.T) {
			enhBubble(t, func(b *enhBed) {
				a, c := b.origin("a.test"), b.origin("b.test")
				good := c.File("f.bin", faultserver.Size(size))
				a.File("f.bin", append(sameAs(good), lying(good.Content(), 20*mib+5, 1))...)
				b.rates["b.test:80"] = mib // it has little of the file before
				id := b.meta(metaFile{name: "f.bin", content: good.Content(), pieces: piece, whole: whole, urls: []string{a.URL("f.bin"), good.URL()}})[0]
				require.NoError(b, b.start())
				require.Less(b, a.BytesSent()+c.BytesSent(), int64(size+6*mib))
				var last []faultserver.Record
				for _, r := range c.GETs() {
					if first, end := askedRange(r); first >= 20*mib && end < 21*mib {
						last = append(last, r)
					}
				}
				if len(last) == 0 { // it was b's from the beginning
					return
				}
				require.Contains(b, b.dropped(id), "a.test")
			})
		})
	}
}

// TestMetalinkPieceOfOne: one source at a time, of which the first lies: the second is asked for
// the wrong pieces alone.
func TestMetalinkPieceOfOne(t *testing.T) {
	enhBubble(t, func(b *enhBed) {
		const size, piece = 8 * mib, 512 * kib
		b.option(littledl.WithMaxTotalThreads(1))
		a, c := b.origin("a.test"), b.origin("b.test")
		good := c.File("f.bin", faultserver.Size(size))
		a.File("f.bin", lying(good.Content(), 3*mib, mib+1))
		id := b.meta(metaFile{name: "f.bin", content: good.Content(), pieces: piece, urls: []string{a.URL("f.bin"), good.URL()}})[0]
		require.NoError(b, b.start())
		require.EqualValues(b, 3*piece, c.BytesSent())
		for _, r := range c.GETs() {
			first, last := askedRange(r)
			require.True(b, first >= 3*mib && last < 3*mib+3*piece, r.Range)
		}
		require.Equal(b, []string{"a.test"}, b.dropped(id))
	})
}

// TestMetalinkAllLie: each in another piece: what each has right is used.
func TestMetalinkAllLie(t *testing.T) {
	enhBubble(t, func(b *enhBed) {
		const size, piece = 24 * mib, mib
		servers := []*faultserver.Server{b.origin("a.test"), b.origin("b.test"), b.origin("c.test")}
		content := faultserver.Generate("f", 1, size)
		var urls []string
		for i, s := range servers {
			s.File("f.bin", lying(content, int64(i)*7*mib, 100))
			urls = append(urls, s.URL("f.bin"))
		}
		b.meta(metaFile{name: "f.bin", content: content, pieces: piece, urls: urls})
		require.NoError(b, b.start())
		require.Less(b, servers[0].BytesSent()+servers[1].BytesSent()+servers[2].BytesSent(), int64(size+16*mib))
	})
}

// TestMetalinkWrong: a size or a hash that no source has is an error, and leaves nothing.
func TestMetalinkWrong(t *testing.T) {
	enhBubble(t, func(b *enhBed) {
		a, c := b.origin("a.test"), b.origin("b.test")
		f := a.File("f.bin", faultserver.Size(9*mib))
		c.File("f.bin", sameAs(f)...)
		both := []string{f.URL(), c.URL("f.bin")}
		long := faultserver.Generate("f.bin", 1, 9*mib+1)
		other := faultserver.Generate("f.bin", 2, 9*mib)
		ids := b.meta(
			metaFile{name: "size.bin", content: long, urls: both},
			metaFile{name: "piece.bin", content: other, pieces: 4 * mib, urls: both},
			metaFile{name: "hash.bin", content: other, whole: true, urls: both},
		)
		err := b.start()
		require.Len(b, failures(b, err), 3)
		require.ErrorIs(b, b.task(ids[0]).Err, littledl.ErrSizeMismatch)
		require.ErrorIs(b, b.task(ids[1]).Err, littledl.ErrHashMismatch)
		require.ErrorIs(b, b.task(ids[2]).Err, littledl.ErrHashMismatch)
		require.Empty(b, b.list())
	})
}

// TestMetalinkSizeOfOne: a source of another size is passed over.
func TestMetalinkSizeOfOne(t *testing.T) {
	enhBubble(t, func(b *enhBed) {
		a, c := b.origin("a.test"), b.origin("b.test")
		a.File("f.bin", faultserver.Size(10*mib))
		f := c.File("f.bin", faultserver.Size(9*mib))
		b.meta(metaFile{name: "f.bin", content: f.Content(), urls: []string{a.URL("f.bin"), f.URL()}})
		require.NoError(b, b.start())
		require.Less(b, a.BytesSent(), int64(mib))
	})
}

// TestMetalinkResumed: what a process before this one has left with a wrong piece costs the piece.
func TestMetalinkResumed(t *testing.T) {
	enhBubble(t, func(b *enhBed) {
		const size, piece = 16 * mib, mib
		a := b.origin("a.test")
		f := a.File("f.bin", faultserver.Size(size))
		b.rates["a.test:80"] = mib
		b.conf.Retry.MaxRetries = -1
		doc := metaFile{name: "f.bin", content: f.Content(), pieces: piece, urls: []string{f.URL()}}
		right := f.Content()
		f.Set(lying(right, 100, 50), faultserver.ETag(`"same"`))
		b.meta(doc)
		go func() {
			time.Sleep(700 * time.Millisecond)
			_ = b.get().Cancel()
		}()
		require.ErrorIs(b, b.start(), littledl.ErrCancelled)
		f.Set(faultserver.Data(faultserver.Bytes(right)), faultserver.ETag(`"same"`))
		a.ResetRecords()
		b.d = nil
		b.meta(doc)
		require.NoError(b, b.start())
		require.Less(b, a.BytesSent(), int64(size), "what was right is kept")
		require.True(b, slices.ContainsFunc(a.GETs(), func(r faultserver.Record) bool {
			first, last := askedRange(r)
			return first == 0 && last == piece-1
		}), "and what was wrong fetched again")
	})
}

// TestMetalinkRefused: all or none, before anything is touched.
func TestMetalinkRefused(t *testing.T) {
	enhBubble(t, func(b *enhBed) {
		f := metaFile{name: "a", urls: []string{"http://a.test/a"}}
		broken := errors.New("broken")
		taken, err := b.get().AddURL("http://a.test/z", littledl.WithFilename("taken"), littledl.WithSavePath(b.dir))
		require.NoError(b, err)
		add := func(text string, opts ...littledl.URLOption) error {
			_, err := b.get().AddMetalink(strings.NewReader(text), append(opts, littledl.WithSavePath(b.dir))...)
			return err
		}
		with := func(name, url string) string {
			return meta4(f, metaFile{name: name, urls: []string{url}})
		}
		require.ErrorIs(b, add(with("../x", "http://a.test/x")), littledl.ErrUnsafeName)
		require.ErrorIs(b, add(with("/x", "http://a.test/x")), littledl.ErrUnsafeName)
		require.ErrorIs(b, add(with("C:/x", "http://a.test/x")), littledl.ErrUnsafeName)
		require.ErrorIs(b, add(with("taken", "http://a.test/x")), littledl.ErrDuplicateTarget)
		require.ErrorIs(b, add(with("x", "http://")), littledl.ErrInvalidURL)
		require.ErrorIs(b, add(with("a", "http://a.test/x")), littledl.ErrInvalidOption)
		require.ErrorIs(b, add("<!DOCTYPE html><html>"), littledl.ErrInvalidOption)
		require.ErrorContains(b, add("<!DOCTYPE html><html>"), "HTML")
		require.ErrorIs(b, add(meta4(f), littledl.WithFilename("x")), littledl.ErrInvalidOption)
		require.ErrorIs(b, add(meta4(f), littledl.WithWriter(io.Discard)), littledl.ErrInvalidOption)
		require.ErrorIs(b, add(meta4(f), littledl.WithBackupURLs("http://b.test/x")), littledl.ErrInvalidOption)
		require.ErrorIs(b, add(meta4(f), nil), littledl.ErrInvalidOption)
		_, err = b.get().AddMetalink(iotest.ErrReader(broken))
		require.ErrorIs(b, err, broken)
		require.Len(b, b.get().GetAllTasks(), 1)
		require.Equal(b, taken, b.get().GetAllTasks()[0].TaskID)

		require.NoError(b, add(meta4(f)), "the name is still free")
		require.NoError(b, b.get().Stop())
		require.ErrorIs(b, add(meta4(metaFile{name: "b", urls: f.urls})), littledl.ErrStopped)
	})
}

// TestMetalinkSources: with WithMultiSource(false) the first source alone is asked.
func TestMetalinkSources(t *testing.T) {
	enhBubble(t, func(b *enhBed) {
		b.option(littledl.WithMultiSource(false))
		a, c := b.origin("a.test"), b.origin("b.test")
		f := c.File("f.bin", faultserver.Size(mib))
		a.File("f.bin", faultserver.Behave(faultserver.Status(http.StatusNotFound)))
		b.meta(metaFile{name: "f.bin", content: f.Content(), urls: []string{a.URL("f.bin"), f.URL()}})
		require.Error(b, b.start())
		require.Empty(b, c.Requests())
	})
}
