package littledl_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	. "github.com/littledl/littledl/internal/faultserver"
)

// 185: what is left of a URL is gone on from whatever the server calls the file this time, though
// other URLs are after the same name. It does not pile up.
func TestLeftoversUnderChangingNames(t *testing.T) {
	t.Parallel()
	inBoth(t, func(b *bed) {
		var files []*File
		for _, dir := range []string{"one", "two"} {
			files = append(files, b.srv.File(dir+"/get", Size(16*mib)))
		}
		run := func(i int) error {
			b.d, b.want = nil, map[string][]Content{}
			for n, f := range files {
				f.Behave(Disposition(fmt.Sprintf("attachment; filename=%d-%d.bin", i, n)), Slow(mib))
				b.add(f)
			}
			return b.d.Start(b.Context())
		}
		for i := range 4 {
			time.AfterFunc(time.Second, func() { b.d.Cancel() })
			require.ErrorIs(b, run(i), littledl.ErrCancelled)
			finals, parts := b.listing()
			require.Empty(b, finals)
			require.Len(b, parts, 2, "one for each")
		}
		b.read.Store(0)
		require.NoError(b, run(5))
		require.Less(b, b.read.Load(), int64(24*mib), "they were gone on from")
		require.Len(b, holds(b, b.dir), 2)
		b.assertFiles(nil)
	})
}

// 185: several tasks for one URL, signed differently, and parts of each: none fails because
// another goes on from its part.
func TestLeftoversOfOneURL(t *testing.T) {
	t.Parallel()
	inBoth(t, func(b *bed) {
		f := b.srv.File("get", Size(8*mib))
		run := func(i int) error {
			b.d, b.want = nil, map[string][]Content{}
			f.Behave(Disposition("attachment; filename=x.bin"), Slow(mib))
			for n := range 3 {
				id, err := b.downloader().AddURL(fmt.Sprintf("%s?token=%d", f.URL(), 3*i+n), littledl.WithSavePath(b.dir))
				require.NoError(b, err)
				b.want[id] = []Content{f.Content()}
			}
			return b.d.Start(b.Context())
		}
		for i := range 3 {
			time.AfterFunc(400*time.Millisecond, func() { b.d.Cancel() }) // three times that are not enough
			require.ErrorIs(b, run(i), littledl.ErrCancelled)
			_, parts := b.listing()
			require.LessOrEqual(b, len(parts), 3)
		}
		require.NoError(b, run(4))
		require.Len(b, holds(b, b.dir), 3)
		b.assertFiles(nil)
	})
}

// 186: a URL that is signed anew each time is gone on from, by whatever the signature is called:
// where a digest, or its validators and the bytes, prove that it is the same file. Parts do not
// pile up where nothing does.
func TestLeftoversOfSignedURLs(t *testing.T) {
	t.Parallel()
	dateless, bare := []FileOption{LastModified(time.Time{})}, []FileOption{ETag(""), LastModified(time.Time{})}
	for name, c := range map[string]struct {
		param string
		opts  []FileOption
		hash  bool
		lost  bool
	}{
		"186 q-signature": {param: "q-signature", opts: dateless}, "186 x-oss-signature": {param: "x-oss-signature", opts: dateless},
		"186 access_token": {param: "access_token", opts: dateless}, "186 verify": {param: "verify", opts: dateless}, "186 hdnts": {param: "hdnts", opts: dateless},
		"186 validators": {param: "s3cr3t"}, "186 digest": {param: "s3cr3t", opts: bare, hash: true}, "186 ETag alone": {param: "s3cr3t", opts: dateless, lost: true},
	} {
		t.Run(name, func(t *testing.T) {
			inBoth(t, func(b *bed) {
				f := b.srv.File("a.bin", append(c.opts, Size(8*mib))...)
				run := func(i int) error {
					f.Behave(Slow(mib))
					return b.runOnce(fmt.Sprintf("%s?id=7&%s=%d", f.URL(), c.param, i), f.Content(), hashIf(c.hash, f)...)
				}
				for i := range 4 {
					time.AfterFunc(500*time.Millisecond, func() { b.d.Cancel() })
					require.ErrorIs(b, run(i), littledl.ErrCancelled)
					_, parts := b.listing()
					require.LessOrEqual(b, len(parts), 2)
				}
				b.read.Store(0)
				require.NoError(b, run(5))
				_, parts := b.listing()
				require.LessOrEqual(b, len(parts), map[bool]int{false: 0, true: 1}[c.lost])
				require.Equal(b, c.lost, b.read.Load() > 7*mib)
			})
		})
	}
}

// 186: a signature may be in the path, or the host be another each time: that is another URL, of
// which nothing is gone on from. Parts of one name do not pile up all the same.
func TestLeftoversOfSignedPaths(t *testing.T) {
	t.Parallel()
	inBoth(t, func(b *bed) {
		for i := range 5 {
			f := b.srv.File(fmt.Sprintf("signed-%d/a.bin", i), Size(8*mib), Behave(Slow(mib)))
			time.AfterFunc(500*time.Millisecond, func() { b.d.Cancel() })
			require.ErrorIs(b, b.runOnce(f.URL(), f.Content()), littledl.ErrCancelled)
			_, parts := b.listing()
			require.LessOrEqual(b, len(parts), 2)
		}
	})
}

// runOnce fetches a URL with a downloader that knows of nothing.
func (b *bed) runOnce(url string, want Content, opts ...littledl.URLOption) error {
	b.d, b.want = nil, map[string][]Content{}
	id, err := b.downloader().AddURL(url, append(opts, littledl.WithSavePath(b.dir))...)
	require.NoError(b, err)
	b.d.SetProgressCallback(nil)
	b.want[id] = []Content{want}
	err = b.d.Start(b.Context())
	if err == nil {
		require.NoError(b, b.compare(b.task(id)))
	}
	return err
}

// 186: what differs in the query alone may be another file, of the same size and even with the
// same validators: its part is not gone on with, and not thrown away.
func TestLeftoversOfAnotherQuery(t *testing.T) {
	t.Parallel()
	inBoth(t, func(b *bed) {
		other := Bytes(Generate("another", 1, 16*mib))
		f := b.srv.File("get", Size(16*mib), Behave(Slow(mib)))
		g := b.origin("g.test:80").File("get", Data(other))
		f.Behave(Slow(mib), Do(func(req *Request, next Handler) *Response {
			if req.URL.Query().Get("id") == "2" {
				req.Rep.Content = g.Content()
			}
			return next(req)
		}))
		run := func(id string, want Content) error { return b.runOnce(f.URL()+"?id="+id, want) }
		time.AfterFunc(time.Second, func() { b.d.Cancel() })
		require.ErrorIs(b, run("1", f.Content()), littledl.ErrCancelled)
		require.NoError(b, run("2", g.Content()))
		_, parts := b.listing()
		require.Len(b, parts, 1)
		b.read.Store(0)
		require.NoError(b, run("1", f.Content()))
		require.Less(b, b.read.Load(), int64(14*mib), "its own was still there")
	})
}
