package littledl_test

import (
	"compress/gzip"
	"fmt"
	"os"
	"strings"
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
		{name: "82 mislabelled, no length", does: []Behaviour{GzipMislabel(), NoLength()}, path: "a.tgz", gets: 1},
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

// 154: what stands in Content-Encoding and is no coding.
func TestEncodingsThatMeanNothing(t *testing.T) {
	t.Parallel()
	small := []FileOption{Size(300 * kib)}
	rows := []fault{{name: "154 in ranges", does: always(Label("none")), least: 4, gets: 8, then: inRanges}}
	for _, word := range []string{
		"", ",", " , ", "identity, identity", "Identity,", "none", "NONE", "null", "utf-8", "UTF8", "iso-8859-1", "windows-1252", "us-ascii", "Shift_JIS", "charset=utf-8",
		"binary", "8bit", "base64", "aws-chunked", "aws-chunked, identity", "text/plain", "application/octet-stream", `"identity"`,
		"latin2", "cp932", "ms936", "ansi", "ANSI_X3.4-1968", "MacRoman", "x-sjis", "x-euc-jp", "ks_c_5601-1987", "iso-ir-100", "csISOLatin1", "dos-866", "l1", "x-user-defined", "hz-gb-2312",
		"quoted-printable", "unknown", "uncompressed", "identity;q=1", "utf-8;q=1, x-gbk",
	} {
		rows = append(rows, fault{name: fmt.Sprintf("154 %q", word), does: always(Label(word)), file: small, gets: 1})
	}
	for _, word := range []string{"gzip", "aws-chunked,gzip", "gzip, identity", "UTF-8, br", "zstd", "dcb", "foo", "compress", "exi", "utf-8 gzip", "gzip;q=1", "7z", "x-macbinary"} {
		rows = append(rows, fault{name: fmt.Sprintf("81 %q", word), does: always(Label(word)), file: small, err: littledl.ErrEncoding, gets: 1, within: time.Second})
	}
	testFaults(t, rows)
}

// 155: what is itself compressed, and labelled so, by any of its names.
func TestLabelledByItsType(t *testing.T) {
	t.Parallel()
	small := []FileOption{Size(300 * kib)}
	var rows []fault
	for path, label := range map[string]string{
		"a.gz": "x-gzip", "a.TGZ": "GZIP", "a.svgz": "gzip", "a.tar.bz2": "x-bzip2", "a.tbz2": "bzip2", "a.xz": "xz", "a.txz": "x-xz", "a.zst": "zstd", "a.tzst": "zstd",
		"a.br": "br", "a.js.br": "br", "a.Z": "x-compress", "a.tar.Z": "compress", "a.lzma": "lzma", "a.lz4": "lz4", "a.gz ": "gzip", "b.tar.gz": "aws-chunked, gzip",
		"a.crate": "gzip", "a.RDS": "gzip", "a.dict.dz": "x-gzip", "a.unitypackage": "gzip", "a.mgz": "gzip", "a.ipk": "gzip", "a.gz/download": "gzip",
		"a.zip": "zip", "a.7z": "7z", "a.cbz": "x-zip", "a.tar.lzo": "lzop", "a.lrz": "lrzip", "a.sz": "snappy",
	} {
		if path = strings.TrimSpace(path); path != "a.gz" || label == "x-gzip" {
			rows = append(rows, fault{name: fmt.Sprintf("155 %s is %s", path, label), does: always(Label(label)), file: small, path: path, gets: 1})
		}
	}
	for path, label := range map[string]string{"a.gz": "br", "a.bz2": "gzip", "a.svg": "gzip", "a.xz": "xz, gzip", "gz": "gzip", "a.gz.bin": "gzip", "a.zip": "gzip", "a.apk": "gzip", "a.woff2": "br", "a.gz/info": "gzip"} {
		rows = append(rows, fault{name: fmt.Sprintf("81 %s is %s", path, label), does: always(Label(label)), file: small, path: path, err: littledl.ErrEncoding, gets: 1, within: time.Second})
	}
	rows = append(rows,
		fault{name: "155 in ranges", does: always(Label("xz")), path: "a.txz", least: 4, gets: 8, then: inRanges},
		fault{name: "155 labelled now and then", does: always(Alternate(Label("zstd"), Good())), path: "a.zst", least: 4, gets: 8, then: inRanges},
		fault{name: "155 by its disposition", does: []Behaviour{Label("gzip"), Disposition(`attachment; filename="x.tar.gz"`)}, path: "dl", file: small, gets: 1},
	)
	testFaults(t, rows)
	t.Run("155 by where it was, and by the name that is given", func(t *testing.T) {
		inBoth(t, func(b *bed) {
			b.restarts = 1 // the redirect has a text
			f := b.srv.File("blob", Size(1000), Behave(Label("gzip")))
			b.addURL(b.srv.File("a.tgz", Behave(RedirectTo("/blob", 302))).URL(), f.Content())
			b.add(b.srv.File("dl", Size(1000), Behave(Label("br"))), littledl.WithFilename("x.br"))
			require.NoError(b, b.start())
		})
	})
}
