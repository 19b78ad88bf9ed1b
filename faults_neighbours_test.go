package littledl_test

import (
	"fmt"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/faultdisk"
	. "github.com/littledl/littledl/internal/faultserver"
)

// 176: the digest is known, and files of the same size are at hand. None of it costs a body
// twice, whatever they turn out to be.
func TestNeighboursOfItsSize(t *testing.T) {
	t.Parallel()
	for _, size := range []int64{mib, 7 * mib} {
		for name, has := range map[string]string{
			"176 none is it": "", "176 the last is it": "old2.bin", "176 its name has it": "a.bin", "176 a numbered name has it": "a (1).bin",
		} {
			t.Run(fmt.Sprint(name, " ", size/mib), func(t *testing.T) {
				inBoth(t, func(b *bed) {
					f := b.srv.File("a.bin", Size(size))
					for i := range 3 {
						b.plant(fmt.Sprintf("old%d.bin", i), string(Bytes(Generate(fmt.Sprint("old", i), 1, size))))
					}
					if has == "a (1).bin" {
						b.plant("a.bin", string(Bytes(Generate("other", 1, size))))
					}
					if has != "" {
						b.plant(has, string(Bytes(f.Content())))
					}
					before := len(holds(b, b.dir))
					d := b.another()
					id := b.queue(d, f, enhHash(f.Content()))
					require.NoError(b, b.run(d))
					found := has != "" && (b.enhanced || has != "old2.bin")
					require.LessOrEqual(b, b.srv.BytesSent(), size+size/4)
					require.Equal(b, found, snapshot(b, d, id).Reused)
					if found {
						require.Less(b, b.read.Load(), int64(400*kib), "it was found at once")
					}
					files := holds(b, b.dir)
					require.Contains(b, files[snapshot(b, d, id).Filename], f.Sum())
					want := before + 1
					if found && has != "old2.bin" {
						want = before
					}
					require.Len(b, files, want)
				})
			})
		}
	}
}

// 176: what has the name, and is large and of another size, is not read at all.
func TestLargeNeighbourIsNotRead(t *testing.T) {
	inBoth(t, func(b *bed) {
		f := b.srv.File("a.bin", Size(12*mib))
		b.plant("a.bin", string(Bytes(Generate("other", 1, 13*mib))))
		disk := b.onDisk(faultdisk.Fault{Op: faultdisk.Read, Name: "a.bin", Err: syscall.EIO})
		id := b.add(f, enhHash(f.Content()))
		require.NoError(b, b.start())
		require.Equal(b, "a (1).bin", b.task(id).Filename)
		require.Zero(b, disk.Failed(faultdisk.Read))
	})
}
