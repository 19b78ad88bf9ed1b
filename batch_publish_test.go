package littledl_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
	"github.com/littledl/littledl/internal/partfile"
)

// A file gets its name when it is whole and verified.

// TestNothingUnfinishedIsSeen: until it is whole, a file is not under its name, with
// WithHash not until that is verified; afterwards nothing else is left of it.
func TestNothingUnfinishedIsSeen(t *testing.T) {
	batchBubble(t, func(b *batch) {
		b.net.Shape(faultserver.Same(line(1 << 20)))
		modified := time.Date(1998, 7, 6, 5, 4, 3, 0, time.UTC)
		large := b.srv.File("large.bin", faultserver.Size(8<<20), faultserver.LastModified(modified))
		b.add(large, littledl.WithHash("sha256", large.Sum()))
		small := b.srv.File("small.bin", faultserver.Size(2<<20), faultserver.LastModified(modified))
		b.add(small, littledl.WithHash("md5", strings.Repeat("0", 32)))
		done := b.background(b.Context())
		for range 15 {
			time.Sleep(100 * time.Millisecond)
			for _, name := range b.list() {
				require.True(b, strings.HasPrefix(name, "large.bin.") && partfile.IsOurs(name), name)
			}
		}
		err := <-done
		require.ErrorIs(b, err, littledl.ErrHashMismatch)
		require.ErrorContains(b, err, small.URL())
		require.Equal(b, []string{"large.bin"}, b.list())
		b.same(b.task("task-1").Path(), large.Content())
		info, err := os.Stat(b.task("task-1").Path())
		require.NoError(b, err)
		require.True(b, info.ModTime().Equal(modified))
	})
}

// TestHashes of every algorithm are verified, also while ranges arrive in disorder.
func TestHashes(t *testing.T) {
	const text = "abc"
	batchBubble(t, func(b *batch) {
		f := b.srv.File("abc", faultserver.Data([]byte(text)))
		for i, c := range [][2]string{
			{"md5", "900150983cd24fb0d6963f7d28e17f72"},
			{"SHA1", "A9993E364706816ABA3E25717850C26C9CD0D89D"},
			{"sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
			{"sha512", "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
		} {
			b.add(f, littledl.WithHash(c[0], c[1]), littledl.WithFilename(fmt.Sprint(i)))
			b.add(f, littledl.WithHash(c[0], "0"+c[1][1:]), littledl.WithFilename(fmt.Sprint(i, "wrong")))
		}
		failed := failures(b, b.start())
		require.Len(b, failed, 4)
		require.Equal(b, []string{"0", "1", "2", "3"}, b.list())
	})
}

// TestDurable makes no difference that can be seen but the time it takes.
func TestDurable(t *testing.T) {
	batchBubble(t, func(b *batch) {
		b.conf.Durable = true
		b.file("small", 10<<10)
		b.file("large", 6<<20)
		require.NoError(b, b.start())
	})
}
