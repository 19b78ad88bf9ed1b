package littledl_test

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultdisk"
	. "github.com/littledl/littledl/internal/faultserver"
)

// says has a server say that the whole file has the digest of something else.
func says(c Content) Behaviour {
	raw, _ := hex.DecodeString(Sum(c))
	return Do(func(req *Request, next Handler) *Response {
		res := next(req)
		res.Header.Set("Repr-Digest", "sha-256=:"+base64.StdEncoding.EncodeToString(raw)+":")
		return res
	})
}

// plantAt is plant in a directory below, which nobody else may look into.
func (b *bed) plantAt(name, text string) string {
	b.Helper()
	require.NoError(b, os.MkdirAll(filepath.Join(b.dir, filepath.Dir(name)), 0o700))
	return b.plant(name, text)
}

// 180: a server that says which digest its file has finds out by that of no file that is at
// hand. It sees the same requests whether it has guessed right or wrong, nothing of theirs is
// read, and nothing is copied.
func TestServersDigestIsNoOracle(t *testing.T) {
	t.Parallel()
	for _, size := range []int64{20 * kib, 8 * mib} {
		for name, at := range map[string]string{
			"180 hidden": ".pin", "180 in a hidden directory": ".secret/pin", "180 in a private directory": "keys/pin", "180 its own name": "pin",
		} {
			t.Run(fmt.Sprint(name, " ", size/kib), func(t *testing.T) {
				var asked [2][]string
				for guess, right := range []bool{false, true} {
					inBubble(t, func(b *bed) {
						b.enhanced = true
						theirs := Generate("theirs", 1, size)
						disk := b.onDisk(faultdisk.Fault{Op: faultdisk.Read, Name: "pin"})
						b.plantAt(at, string(Bytes(theirs)))
						told := theirs
						if !right {
							told = Generate("nobody's", 1, size)
						}
						b.add(b.srv.File("pin", Size(size), Behave(says(told))))
						require.ErrorIs(b, b.d.Start(b.Context()), littledl.ErrHashMismatch)
						for _, r := range b.srv.Requests() {
							asked[guess] = append(asked[guess], r.Method+" "+r.Range)
						}
						require.GreaterOrEqual(b, b.srv.BytesSent(), size)
						require.Zero(b, disk.Failed(faultdisk.Read))
						require.Len(b, holds(b, b.dir), 1)
					})
				}
				require.ElementsMatch(t, asked[0], asked[1])
			})
		}
	}
}

// 180: nor of what another server of the batch has sent.
func TestServersDigestOfAnotherServersFile(t *testing.T) {
	inBubble(t, func(b *bed) {
		b.enhanced, b.files = true, 1
		other := b.origin("other.test:80")
		f := b.srv.File("a.bin", Size(8*mib))
		b.add(f)
		g := other.File("b.bin", Size(8*mib), Behave(says(f.Content())))
		id := b.addURL(g.URL(), g.Content())
		require.ErrorIs(b, b.start(), littledl.ErrHashMismatch)
		require.True(b, b.task(id).IsFailed())
	})
}

// 180: what was there and has the name, the size and the date that the server tells is
// fetched and compared; what has come from there before is known by the server's digest, where
// its validators have changed.
func TestServersDigestOfItsOwn(t *testing.T) {
	for _, size := range []int64{20 * kib, 8 * mib} {
		for _, ours := range []bool{false, true} {
			t.Run(fmt.Sprint("180 ours ", ours, " ", size/kib), func(t *testing.T) {
				inBoth(t, func(b *bed) {
					f := b.srv.File("a.bin", Size(size), Behave(ReprDigest(true)))
					if ours {
						b.add(f)
						require.NoError(b, b.start())
						f.Set(ETag(`"another"`), Behave(ReprDigest(true)))
					} else {
						at := b.plant("a.bin", string(Bytes(f.Content())))
						modified := f.Representation().LastModified
						require.NoError(b, os.Chtimes(at, modified, modified))
					}
					b.srv.ResetRecords()
					b.read.Store(0)
					b.d = nil
					id := b.add(f)
					require.NoError(b, b.d.Start(b.Context()))
					require.Equal(b, "a.bin", b.task(id).Filename)
					require.Len(b, holds(b, b.dir), 1)
					if ours {
						require.True(b, b.task(id).Reused)
						require.Less(b, b.read.Load(), int64(400*kib))
					} else {
						require.GreaterOrEqual(b, b.srv.BytesSent(), size)
					}
				})
			})
		}
	}
}

// 180: a digest that nothing has costs the reading of a few files at most, however many there
// are of its size, and however often it is asked for.
func TestBogusDigestReadsLittle(t *testing.T) {
	for name, at := range map[string]string{"180 in the folder": "old%d.bin", "180 below": "s%d/a.bin", "180 numbered": "a (%d).bin"} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(b *bed) {
				b.enhanced = true
				const size = 20 * kib
				disk := b.onDisk(faultdisk.Fault{Op: faultdisk.Read, Name: ".bin"})
				for i := range 50 {
					b.plantAt(fmt.Sprintf(at, i), string(Bytes(Generate(fmt.Sprint(i), 1, size))))
				}
				f := b.srv.File("a.bin", Size(size))
				b.add(f, enhHash(Generate("nobody's", 1, size)))
				require.ErrorIs(b, b.d.Start(b.Context()), littledl.ErrHashMismatch)
				require.LessOrEqual(b, disk.Failed(faultdisk.Read), 5)
			})
		})
	}
}

// 180: what is hidden is not copied, though the caller knows its digest.
func TestHiddenIsNoCandidate(t *testing.T) {
	inBubble(t, func(b *bed) {
		b.enhanced = true
		f := b.srv.File("a.bin", Size(8*mib))
		b.plantAt(".cache/a.bin", string(Bytes(f.Content())))
		b.plantAt("sub/.a.bin", string(Bytes(f.Content())))
		id := b.add(f, enhHash(f.Content()))
		require.NoError(b, b.d.Start(b.Context()))
		require.False(b, b.task(id).Reused)
	})
}
