package littledl_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	. "github.com/littledl/littledl/internal/faultserver"
)

func stores(b *bed)  { b.conf.ContentEncoding = littledl.EncodingStore }
func decodes(b *bed) { b.conf.ContentEncoding = littledl.EncodingDecode }

func sent(encode func([]byte) []byte, size int64) []Content {
	return []Content{bytes.NewReader(encode(Bytes(Generate("/a.bin", 1, size))))}
}

// 156: what is sent is the file, where the caller says so.
func TestEncodedIsStored(t *testing.T) {
	t.Parallel()
	small := []FileOption{Size(100 * kib)}
	as := func(b []byte) []byte { return bytes.Repeat(b, 2) }
	testFaults(t, []fault{
		{name: "156 gzip", prep: stores, does: always(Gzip()), file: small, want: sent(Gzipped, 100*kib), gets: 1, then: storedAsSent},
		{name: "156 without length", prep: stores, does: []Behaviour{NoLength(), Gzip()}, file: small, want: sent(Gzipped, 100*kib), gets: 1},
		{name: "156 whatever it is", prep: stores, does: always(Encoded("foo, bar", as)), file: small, want: sent(as, 100*kib), gets: 1},
		{name: "156 in ranges", prep: stores, does: always(EncodedRanges("br", as)), want: sent(as, 8*mib), least: 4, gets: 10, then: inRanges},
		{name: "156 and then not", prep: stores, does: always(First(1, EncodedRanges("br", as))), least: 2, gets: 12, restarts: 1},
		{name: "156 only then", prep: stores, does: always(After(1, Label("br"))), least: 3, gets: 12, restarts: 2},
		{name: "156 empty", prep: stores, does: always(Label("gzip")), file: []FileOption{Size(0)}, gets: 1},
		{name: "156 cut", prep: stores, does: []Behaviour{First(2, ShortBody(50*kib)), Gzip()}, file: small, want: sent(Gzipped, 100*kib), gets: 3},
	})
}

// half is an encoding whose end is missing, spoilt one with a wrong byte, more one with too many.
func half(b []byte) []byte    { z := Gzipped(b); return z[:len(z)/2] }
func noCheck(b []byte) []byte { z := Gzipped(b); return z[:len(z)-4] }
func more(b []byte) []byte    { return append(Deflated(b), "more"...) }
func spoilt(b []byte) []byte  { z := Gzipped(b); z[len(z)-6] ^= 1; return z }
func twice(b []byte) []byte   { return Gzipped(Deflated(b)) }
func empty([]byte) []byte     { return nil }

func members(b []byte) []byte { return append(Gzipped(b[:1000]), Gzipped(b[1000:])...) }

// xored is an encoding of somebody's own.
func xored(b []byte) []byte {
	x := slices.Clone(b)
	for i := range x {
		x[i] ^= 0x5a
	}
	return x
}

type xorReader struct{ io.Reader }

func (r xorReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	copy(p, xored(p[:n]))
	return n, err
}

// besideIt decodes in a goroutine of its own, which Close waits for.
func besideIt(r io.Reader) (io.ReadCloser, error) {
	out, in := io.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, err := io.Copy(in, xorReader{r})
		in.CloseWithError(err)
	}()
	return aside{out, done}, nil
}

type aside struct {
	*io.PipeReader
	done chan struct{}
}

func (a aside) Close() error {
	err := a.PipeReader.Close()
	<-a.done
	return err
}

// 157: what is in it is the file.
func TestDecoded(t *testing.T) {
	t.Parallel()
	small := []FileOption{Size(100 * kib)}
	own := func(decode func(io.Reader) (io.ReadCloser, error)) func(*bed) {
		return func(b *bed) {
			decodes(b)
			b.conf.Decoders = map[string]func(io.Reader) (io.ReadCloser, error){"Xor": decode, "br": decode}
		}
	}
	right := own(func(r io.Reader) (io.ReadCloser, error) { return io.NopCloser(xorReader{r}), nil })
	beside := own(besideIt)
	first := func(n int, bad func([]byte) []byte) Behaviour { // bad ones, then good ones
		return func(next Handler) Handler { return First(n, over(Encoded("gzip", bad)(next)))(Gzip()(next)) }
	}
	testFaults(t, []fault{
		{name: "157 gzip", prep: decodes, does: always(Gzip()), file: small, hash: true, gets: 1, then: askedForIdentity},
		{name: "157 large", prep: decodes, does: always(Gzip()), file: []FileOption{Size(6 * mib)}, hash: true, gets: 1},
		{name: "157 x-gzip", prep: decodes, does: always(Encoded("X-GZip", Gzipped)), file: small, gets: 1},
		{name: "157 deflate", prep: decodes, does: always(Encoded("deflate", Deflated)), file: small, gets: 1},
		{name: "157 deflate, bare", prep: decodes, does: always(Encoded("deflate", Inflatable)), file: small, gets: 1},
		{name: "157 two codings", prep: decodes, does: always(Encoded("deflate, gzip", twice)), file: small, gets: 1},
		{name: "157 beside what means nothing", prep: decodes, does: always(Encoded("utf-8, gzip, identity", Gzipped)), file: small, gets: 1},
		{name: "157 in members", prep: decodes, does: always(Encoded("gzip", members)), file: small, gets: 1},
		{name: "157 empty", prep: decodes, does: []Behaviour{NoRange(), Label("gzip")}, file: []FileOption{Size(0)}, hash: true, gets: 1},
		{name: "157 empty, the caller's", prep: right, does: []Behaviour{NoRange(), Label("xor")}, file: []FileOption{Size(0)}, gets: 1},
		{name: "157 no length", prep: decodes, does: []Behaviour{NoLength(), Gzip()}, file: small, hash: true, gets: 1},
		{name: "157 identity", prep: decodes, does: nil, least: 4, gets: 8, then: inRanges},
		{name: "157 stored all the same", prep: decodes, does: always(Label("gzip")), path: "a.tar.gz", least: 4, gets: 8, then: inRanges},
		{name: "157 in ranges", prep: decodes, does: always(EncodedRanges("gzip", Gzipped)), file: small, hash: true, gets: 2, restarts: 1},
		{name: "157 now and then", prep: decodes, does: []Behaviour{When(Beyond, NoRange()), When(Beyond, Gzip())}, hash: true, least: 2, gets: 8, restarts: 2},
		{name: "157 the caller's", prep: right, does: always(Encoded("xor", xored)), file: small, hash: true, gets: 1},
		{name: "157 the caller's, in gzip", prep: right, does: always(Encoded("br, gzip", func(b []byte) []byte { return Gzipped(xored(b)) })), file: small, gets: 1},
		{name: "157 the caller's, beside", prep: beside, does: always(Encoded("xor", xored)), file: small, hash: true, gets: 1},
		{name: "157 the caller's, beside, stalls", prep: beside, does: []Behaviour{First(1, Stall(50*kib)), Encoded("xor", xored)}, file: small, gets: 2, within: time.Minute},
		{name: "157 the caller's, beside, cut", prep: beside, does: []Behaviour{First(1, ShortBody(50*kib)), Encoded("xor", xored)}, file: small, gets: 2},
		{name: "157 unknown", prep: decodes, does: always(Encoded("br", xored)), file: small, err: littledl.ErrEncoding, gets: 1, within: time.Second},
		{name: "157 one of two unknown", prep: decodes, does: always(Encoded("br, gzip", Gzipped)), file: small, err: littledl.ErrEncoding, gets: 1, within: time.Second},
		{name: "157 Repr-Digest of what is sent", prep: decodes, does: []Behaviour{ReprDigest(false), Gzip()}, file: small, gets: 1},
		{name: "157 another file", prep: decodes, does: []Behaviour{Become(Version(2)), Gzip()}, file: small, hash: true, err: littledl.ErrHashMismatch, gets: 1},

		// Broken off, or broken.
		{name: "157 cut", prep: decodes, does: []Behaviour{First(2, ShortBody(50*kib)), Gzip()}, file: small, hash: true, gets: 3},
		{name: "157 cut without a length", prep: decodes, does: []Behaviour{First(2, ChunkedBroken(50*kib)), NoLength(), Gzip()}, file: small, gets: 3},
		{name: "157 cut behind its end", prep: decodes, does: always(first(1, half)), file: small, hash: true, gets: 2, restarts: 1},
		{name: "157 cut where nothing tells", prep: decodes, does: []Behaviour{NoLength(), first(1, noCheck)}, file: small, gets: 2, restarts: 1},
		{name: "157 spoilt", prep: decodes, does: always(first(2, spoilt)), file: small, gets: 3, restarts: 2},
		{name: "157 spoilt for ever", prep: decodes, does: always(Encoded("gzip", spoilt)), file: small, err: littledl.ErrEncoding, gets: 11},
		{name: "157 more behind its end", prep: decodes, does: always(Encoded("deflate", more)), file: small, err: littledl.ErrEncoding, gets: 11},
		{name: "157 no gzip at all", prep: decodes, does: []Behaviour{NoRange(), Label("gzip")}, file: small, err: littledl.ErrEncoding, gets: 4},
		{name: "157 cut for ever", prep: decodes, does: always(Encoded("gzip", half)), file: small, err: io.ErrUnexpectedEOF, gets: 4},
		{name: "157 nothing", prep: decodes, does: []Behaviour{NoLength(), Encoded("gzip", empty)}, file: small, err: io.ErrUnexpectedEOF, gets: 4},
		{name: "157 stalls", prep: decodes, does: []Behaviour{First(1, Stall(50*kib)), Gzip()}, file: small, gets: 2, waits: 30 * time.Second, within: time.Minute},
		{name: "157 slow", prep: func(b *bed) { decodes(b); b.conf.StallTimeout = 5 * time.Second }, does: []Behaviour{Drip(200, time.Second), Gzip()}, file: small, gets: 1, within: 10 * time.Minute},
		{name: "157 a decoder that fails", prep: own(func(io.Reader) (io.ReadCloser, error) { return nil, errEnough }), does: always(Encoded("xor", xored)), file: small, err: errEnough, gets: 4},
		{name: "157 a decoder that brings nothing", prep: own(func(io.Reader) (io.ReadCloser, error) { return io.NopCloser(lazy{}), nil }), does: always(Encoded("xor", xored)), file: small, err: io.ErrNoProgress, gets: 4},
	})
}

// over is a behaviour that asks another handler than the next.
func over(h Handler) Behaviour { return func(Handler) Handler { return h } }

type lazy struct{}

func (lazy) Read([]byte) (int, error) { return 0, nil }

func askedForIdentity(b *bed, task littledl.FileTask) {
	require.EqualValues(b, 100*kib, task.FileSize)
	require.Equal(b, "identity", b.srv.GETs()[0].Header.Get("Accept-Encoding"))
	require.Equal(b, b.srv.BytesSent(), b.d.GetStats().ReceivedBytes, "bytes off the network are those")
}

// 157: a bomb goes no further than MaxFileSize, and never into memory.
func TestDecodedBomb(t *testing.T) {
	inBoth(t, func(b *bed) {
		decodes(b)
		b.conf.MaxFileSize = 8 * mib
		b.add(b.srv.File("a.bin", Behave(GzipBomb(64*mib))))
		runtime.GC()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		require.ErrorIs(b, b.start(), littledl.ErrFileTooLarge)
		runtime.ReadMemStats(&after)
		require.Len(b, b.srv.GETs(), 1)
		require.Less(b, after.TotalAlloc-before.TotalAlloc, uint64(8*mib))
		finals, parts := b.listing()
		require.Empty(b, append(finals, parts...))
	})
}

// 157: MaxSpeed is of what comes off the network, decoders are closed, and what was decoded is
// neither gone on from nor taken for another in the next Start.
func TestDecodedInPeace(t *testing.T) {
	inBoth(t, func(b *bed) {
		decodes(b)
		b.conf.MaxSpeed = 20 * kib
		closed := 0
		b.conf.Decoders = map[string]func(io.Reader) (io.ReadCloser, error){"x-gzip": func(r io.Reader) (io.ReadCloser, error) {
			z, err := gzip.NewReader(r)
			return closer{z, &closed}, err
		}}
		text := strings.NewReader(strings.Repeat("hello ", 100_000))
		f := b.srv.File("a.bin", Data([]byte(strings.Repeat("hello ", 100_000))), Behave(Gzip()))
		b.add(f)
		b.add(b.srv.File("b.bin", Size(100*kib), Behave(First(1, ShortBody(50*kib)), Gzip())))
		require.NoError(b, b.start())
		require.EqualValues(b, text.Size(), b.task("task-1").FileSize)
		require.Less(b, b.took, 12*time.Second, "the text is not what is slow")
		require.Greater(b, b.took, 5*time.Second)
		require.Equal(b, 3, closed)

		first := b.d
		b.d = nil
		b.want = map[string][]Content{}
		for _, task := range first.GetAllTasks() {
			text, err := os.ReadFile(task.Path())
			require.NoError(b, err)
			b.theirs[task.Path()] = string(text)
		}
		b.srv.ResetRecords()
		b.add(f)
		require.NoError(b, b.start())
		finals, _ := b.listing()
		require.Len(b, finals, 2, "it is the same, and no copy is left of it")
	})
}

type closer struct {
	io.ReadCloser
	closed *int
}

func (c closer) Close() error { *c.closed++; return c.ReadCloser.Close() }

// 156: mirrors that keep it encoded serve at once, and one that does not is another file's.
func TestStoredFromMirrors(t *testing.T) {
	for _, digest := range []bool{false, true} {
		enhBubble(t, func(b *enhBed) { storedFromMirrors(b, digest) })
	}
}

// storedFromMirrors has a digest vouch for the mirrors, or samples.
func storedFromMirrors(b *enhBed, digest bool) {
	const size = 8 * mib
	b.conf.ContentEncoding = littledl.EncodingStore
	b.option(littledl.WithTrustedMirrors(!digest))
	encoded := xored(Bytes(Generate("/f", 1, size)))
	a, good, plain := b.origin("a.test"), b.origin("good.test"), b.origin("plain.test")
	for _, s := range []*Server{a, good} {
		b.rates[s.Origin()[7:]+":80"] = 700 * kib
		s.File("f", Data(encoded), Behave(Label("br")))
		s.Behave(ConnLimit(3, Status(503)))
	}
	plain.File("f", Size(size))
	want := bytes.NewReader(encoded)
	var opts []littledl.URLOption
	if digest {
		opts = append(opts, enhHash(want))
	}
	id := b.mirrored("f", want, opts, a, good, plain)
	require.NoError(b, b.start())
	require.Equal(b, []string{"plain.test"}, b.dropped(id))
	require.Greater(b, b.task(id).Sources[1].Bytes, int64(size/4))
}
