package littledl_test

import (
	"compress/gzip"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	. "github.com/littledl/littledl/internal/faultserver"
)

// Answers that are encoded, and digests that servers tell.

// 80 to 83: digests that the server tells, and bodies that are encoded.
func TestDigestsAndEncodings(t *testing.T) {
	t.Parallel()
	const n = 8
	small := []FileOption{Size(100 * kib)} // compressing takes time
	testFaults(t, []fault{
		{name: "80 Repr-Digest is right", does: always(ReprDigest(true)), least: 4, gets: n, then: inRanges},
		{name: "80 Repr-Digest is wrong, the caller's right", does: always(ReprDigest(false)), hash: true, least: 4, gets: n, then: inRanges},
		{name: "81 gzip", does: always(Gzip()), file: small, err: littledl.ErrEncoding, gets: 1, within: time.Second},
		{name: "81 gzip without length", does: []Behaviour{NoLength(), Gzip()}, file: small, err: littledl.ErrEncoding, gets: 1, within: time.Second},
		{name: "81 gzip of what is named .gz", does: always(Gzip()), file: small, path: "a.gz", want: whatever, gets: 1, then: storedAsSent},
		{name: "81 gzip later", does: []Behaviour{When(Beyond, Label("gzip")), When(Beyond, NoRange())}, err: littledl.ErrEncoding, least: 2, gets: 4, within: time.Second},
		{name: "81 gzip in ranges", does: always(GzipMislabel()), err: littledl.ErrEncoding, gets: 1, within: time.Second},
		{name: "81 another encoding", does: always(Label("br")), path: "a.gz", err: littledl.ErrEncoding, gets: 1, within: time.Second},
		{name: "81 two encodings", does: always(Label("gzip, gzip")), path: "a.gz", err: littledl.ErrEncoding, gets: 1, within: time.Second},
		{name: "81 identity", does: always(Label("identity")), least: 4, gets: n, then: inRanges},
		{name: "82 mislabelled", does: always(GzipMislabel()), path: "a.tar.gz", least: 4, gets: n, then: inRanges},
		{name: "82 mislabelled, x-gzip", does: always(Label("x-gzip")), path: "a.TGZ", least: 4, gets: n, then: inRanges},
		{name: "82 mislabelled, no ranges", does: []Behaviour{GzipMislabel(), NoRange()}, path: "a.tgz", gets: 1},
		{name: "82 mislabelled, no length", does: []Behaviour{GzipMislabel(), NoLength()}, path: "a.tgz", err: littledl.ErrEncoding, gets: 1, within: time.Second},
		{name: "83 bomb", does: always(GzipBomb(4 * mib)), file: small, err: littledl.ErrEncoding, gets: 1, within: time.Second, then: readsLittle},
		{name: "83 bomb named .gz", does: always(GzipBomb(4 * mib)), file: small, path: "a.gz", want: whatever, gets: 1, then: storedAsSent},
	})
}

// storedAsSent says that the file is what came over the line, not what is in it.
func storedAsSent(b *bed, task littledl.FileTask) {
	require.Equal(b, b.srv.BytesSent(), task.FileSize)
	f, err := os.Open(task.Path())
	require.NoError(b, err)
	defer f.Close()
	_, err = gzip.NewReader(f)
	require.NoError(b, err)
}

// 80: what the server says of the whole file counts, unless the caller has said it.
func TestServersDigest(t *testing.T) {
	inBoth(t, func(b *bed) {
		b.add(b.srv.File("a.bin", Size(8*mib), Behave(ReprDigest(false))))
		require.ErrorIs(b, b.start(), littledl.ErrHashMismatch)
		finals, parts := b.listing()
		require.Empty(b, parts)
		require.Empty(b, finals)
	})
	inBoth(t, func(b *bed) {
		b.add(b.srv.File("a.bin", Behave(ReprDigest(true))), enhHash(Generate("x", 1, 9)))
		require.ErrorIs(b, b.start(), littledl.ErrHashMismatch)
		finals, parts := b.listing()
		require.Empty(b, append(finals, parts...))
	})
}
