package littledl_test

import (
	"hash"
	"hash/fnv"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	. "github.com/littledl/littledl/internal/faultserver"
)

// What a file must be: digests in other words, its size; and what it gets: its rights, its time,
// its name.

// TestWithSize: another size is refused at the headers; where they do not tell, at the end, or as
// soon as there is more.
func TestWithSize(t *testing.T) {
	for what, c := range map[string]struct {
		has, want int64
		manners   Behaviour
		body      bool // some of it comes
	}{
		"right":                {20 * kib, 20 * kib, Good(), true},
		"right and large":      {8 * mib, 8 * mib, Good(), true},
		"right, untold":        {20 * kib, 20 * kib, NoLength(), true},
		"empty":                {0, 0, Good(), false},
		"larger":               {20 * kib, 20*kib - 1, Good(), false},
		"smaller":              {20 * kib, 20*kib + 1, Good(), false},
		"large":                {8 * mib, 9 * mib, Good(), false},
		"without ranges":       {8 * mib, 9 * mib, NoRange(), false},
		"should be empty":      {1, 0, Good(), false},
		"is empty":             {0, 1, Good(), false},
		"larger, untold":       {2 * mib, mib, NoLength(), true},
		"smaller, untold":      {mib, 2 * mib, NoLength(), true},
		"endless, untold":      {64 * mib, mib, NoLength(), true},
		"without HEAD":         {20 * kib, 20*kib - 1, NoHead(405), false},
		"closed, not untold":   {mib, mib, CloseDelimited(), true},
		"decoded is larger":    {20 * kib, 20 * kib, Gzip(), true},
		"decoded is of a size": {20 * kib, 20*kib + 1, Gzip(), true},
	} {
		t.Run(what, func(t *testing.T) {
			inBoth(t, func(b *bed) {
				b.conf.ContentEncoding = littledl.EncodingDecode
				id := b.add(b.srv.File("a.bin", Size(c.has), Behave(c.manners)), littledl.WithSize(c.want))
				err := b.start()
				if c.has == c.want {
					require.NoError(b, err)
					return
				}
				require.ErrorIs(b, err, littledl.ErrSizeMismatch)
				require.Equal(b, "verify", opOf(err))
				require.Len(b, b.srv.GETs(), 1)
				if !c.body {
					require.Zero(b, b.task(id).Downloaded)
				}
				require.Less(b, b.read.Load(), 4*c.want+6*mib)
				entries, err := os.ReadDir(b.dir)
				require.NoError(b, err)
				require.Empty(b, entries)
			})
		})
	}
}

// TestWithSizeOfOthers: a backup that has the right one serves.
func TestWithSizeOfOthers(t *testing.T) {
	inBubble(t, func(b *bed) {
		b.enhanced = true
		f := b.srv.File("a.bin", Size(20*kib))
		wrong := b.origin("other.test:80").File("a.bin", Size(30*kib))
		b.addURL(wrong.URL(), f.Content(), littledl.WithSize(20*kib), littledl.WithBackupURLs(f.URL()))
		require.NoError(b, b.start())
	})
}

// TestWithSizeKeepsNothingElse: a file of another size is not kept, whatever its mark or the
// policy says.
func TestWithSizeKeepsNothingElse(t *testing.T) {
	for name, policy := range policies {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(b *bed) {
				f := b.srv.File("a.bin", Size(20*kib))
				b.add(f)
				require.NoError(b, b.start())
				b.again()
				b.conf.Overwrite = policy
				b.theirs[filepath.Join(b.dir, "a.bin")] = string(Bytes(f.Content()))
				b.add(f, littledl.WithFilename("a.bin"), littledl.WithSize(20*kib+1))
				require.ErrorIs(b, b.start(), littledl.ErrSizeMismatch)
			})
		})
	}
}

// TestIgnoreServerTime: without the server's time a file is as old as it is, and is known by its
// mark all the same.
func TestIgnoreServerTime(t *testing.T) {
	inBoth(t, func(b *bed) {
		b.conf.IgnoreServerTime = true
		f := b.srv.File("a.bin", Size(20*kib), LastModified(stamped))
		id := b.add(f)
		require.NoError(b, b.d.Start(b.Context()))
		info, err := os.Stat(b.task(id).Path())
		require.NoError(b, err)
		require.False(b, info.ModTime().Equal(stamped))
		require.True(b, b.task(id).LastModified.Equal(stamped))
		gets := b.again()
		id = b.add(f)
		require.NoError(b, b.d.Start(b.Context()))
		require.True(b, b.task(id).Reused)
		require.Len(b, b.srv.GETs(), gets)
	})
}

// TestFinalURLName: a file is called as it is where it was led to, if the caller says so; such a
// name replaces nothing, and Content-Disposition counts for more.
func TestFinalURLName(t *testing.T) {
	for what, c := range map[string]struct {
		opts    []littledl.URLOption
		manners Behaviour
		there   bool
		name    string
	}{
		"as given":         {nil, Good(), false, "latest"},
		"as led to":        {[]littledl.URLOption{littledl.WithFinalURLName()}, Good(), false, "v 2.bin"},
		"taken":            {[]littledl.URLOption{littledl.WithFinalURLName()}, Good(), true, "v 2 (1).bin"},
		"as was given":     {[]littledl.URLOption{littledl.WithFinalURLName(), littledl.WithFilename("x")}, Good(), false, "x"},
		"as it was called": {[]littledl.URLOption{littledl.WithFinalURLName()}, Disposition(`attachment; filename="report.pdf"`), false, "report.pdf"},
	} {
		t.Run(what, func(t *testing.T) {
			inBoth(t, func(b *bed) {
				b.conf.Overwrite = littledl.OverwriteReplace
				if c.there {
					b.plant("v 2.bin", "precious")
				}
				to := b.srv.File("files/v 2.bin", Size(20*kib), Behave(c.manners))
				f := b.srv.File("latest", Data(Bytes(to.Content())), Behave(RedirectTo(to.URL()+"?signature="+secret, http.StatusFound)))
				id := b.add(f, c.opts...)
				require.NoError(b, b.d.Start(b.Context()))
				got := b.task(id)
				require.Equal(b, c.name, got.Filename)
				require.Equal(b, to.URL()+"?signature="+secret, got.FinalURL)
			})
		})
	}
}

// TestToldOfFiles: what answers have said of a file is there in callbacks, and for the latest
// tasks afterwards.
func TestToldOfFiles(t *testing.T) {
	inBoth(t, func(b *bed) {
		f := b.srv.File("a.bin", Size(20*kib), ETag(`"v7"`), LastModified(stamped), Type("image/png"), Behave(ReprDigest(true)))
		id := b.add(f)
		want := func(got littledl.FileTask, verified bool) {
			require.Equal(b, f.URL()+"?key="+secret, got.FinalURL)
			require.Equal(b, `"v7"`, got.ETag)
			require.Equal(b, "image/png", got.ContentType)
			require.True(b, got.LastModified.Equal(stamped))
			if verified {
				require.Equal(b, "sha256:"+Sum(f.Content()), got.Digest)
			}
		}
		called := 0
		b.d.SetFileCompleteCallback(func(got littledl.FileTask) { called++; want(got, true) })
		require.NoError(b, b.d.Start(b.Context()))
		require.Equal(b, 1, called)
		want(b.task(id), true)
		b.again()
		id = b.add(f)
		require.NoError(b, b.d.Start(b.Context()))
		require.True(b, b.task(id).Reused)
		want(b.task(id), true)
		text, err := b.task(id).MarshalJSON()
		require.NoError(b, err)
		require.NotContains(b, string(text), secret)
	})
}

// TestExpectationsAreOneFiles: what the caller's own code looks at, or what is expected to be
// something else, is no other task's.
func TestExpectationsAreOneFiles(t *testing.T) {
	content := Generate("a.bin", 1, 20*kib)
	accept := littledl.WithAccept(func(littledl.Answer) error { return nil })
	for what, c := range map[string]struct {
		one, other []littledl.URLOption
		gets       int
	}{
		"nothing":         {nil, nil, 1},
		"of one size":     {[]littledl.URLOption{littledl.WithSize(20 * kib)}, []littledl.URLOption{littledl.WithSize(20 * kib)}, 1},
		"size and none":   {[]littledl.URLOption{littledl.WithSize(20 * kib)}, nil, 2},
		"two modes":       {[]littledl.URLOption{littledl.WithMode(0o600)}, []littledl.URLOption{littledl.WithMode(0o640)}, 2},
		"own digests":     {[]littledl.URLOption{ownHash(content, false)}, []littledl.URLOption{ownHash(content, false)}, 2},
		"the same hook":   {[]littledl.URLOption{accept}, []littledl.URLOption{accept}, 2},
		"digest and none": {[]littledl.URLOption{enhHash(content)}, nil, 2},
	} {
		t.Run(what, func(t *testing.T) {
			inBubble(t, func(b *bed) {
				f := b.srv.File("a.bin", Data(Bytes(content)))
				b.add(f, append(c.one, littledl.WithFilename("one"))...)
				b.add(f, append(c.other, littledl.WithFilename("other"))...)
				require.NoError(b, b.d.Start(b.Context()))
				require.Len(b, b.srv.GETs(), c.gets)
			})
		})
	}
}

// TestWrongExpectations are refused before anything is touched.
func TestWrongExpectations(t *testing.T) {
	d, err := littledl.NewBatchDownloader()
	require.NoError(t, err)
	fnv64 := func() hash.Hash { return fnv.New64() }
	for what, opts := range map[string][]littledl.URLOption{
		"no integrity":    {littledl.WithIntegrity("")},
		"no base64":       {littledl.WithIntegrity("sha256-????")},
		"another length":  {littledl.WithIntegrity("sha256:00")},
		"none can hold":   {littledl.WithIntegrity(sri384(Generate("a", 1, 1))), littledl.WithIntegrity(sri384(Generate("b", 1, 1)))},
		"no function":     {littledl.WithVerifier(nil, []byte{1})},
		"no sum":          {littledl.WithVerifier(fnv64, nil)},
		"a sum too short": {littledl.WithVerifier(fnv64, []byte{1})},
		"makes nothing":   {littledl.WithVerifier(func() hash.Hash { return nil }, []byte{1})},
		"negative size":   {littledl.WithSize(-1)},
		"a directory":     {littledl.WithMode(os.ModeDir | 0o700)},
		"a set-uid file":  {littledl.WithMode(os.ModeSetuid | 0o700)},
		"no accept hook":  {littledl.WithAccept(nil)},
		"no refresh hook": {littledl.WithRefresh(nil)},
		"no finish hook":  {littledl.WithFinish(nil)},
		"unknown hash":    {littledl.WithHash("crc32", "00000000")},
	} {
		_, err := d.AddURL("http://files.test/a", opts...)
		require.ErrorIs(t, err, littledl.ErrInvalidOption, what)
	}
	for _, c := range []littledl.DownloadConfig{{Overwrite: 5}, {WaitForLock: -1}} {
		_, err := littledl.NewBatchDownloader(littledl.WithConfig(c))
		require.ErrorIs(t, err, littledl.ErrInvalidOption)
	}
	require.Empty(t, d.GetAllTasks())
}
