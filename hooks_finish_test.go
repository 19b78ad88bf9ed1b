package littledl_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	. "github.com/littledl/littledl/internal/faultserver"
)

// TestFinish: the caller reads the file, complete and verified, when nothing has its name; what he
// refuses is not fetched again.
func TestFinish(t *testing.T) {
	for what, manners := range map[string]Behaviour{"ranges": Good(), "none": NoRange(), "untold": NoLength(), "no validators": NoValidators()} {
		for _, size := range []int64{0, 20 * kib, 8 * mib} {
			for _, hash := range []bool{false, true} {
				t.Run(fmt.Sprint(what, " ", size/kib, " ", hash), func(t *testing.T) {
					inBoth(t, func(b *bed) {
						f := b.srv.File("a.bin", Size(size), Behave(manners))
						refuse, calls := true, 0
						id := b.add(f, append(hashIf(hash, f), littledl.WithFinish(func(ctx context.Context, file *os.File, task littledl.FileTask) error {
							calls++
							require.NoError(b, ctx.Err())
							require.NoError(b, Compare(file, f.Content()))
							_, err := file.WriteAt([]byte("x"), 0)
							require.Error(b, err)
							_, err = os.Lstat(filepath.Join(b.dir, "a.bin"))
							require.ErrorIs(b, err, os.ErrNotExist)
							require.Equal(b, "a.bin", task.Filename)
							require.Equal(b, size, task.Downloaded)
							if hash {
								require.Equal(b, "sha256:"+Sum(f.Content()), task.Digest)
							}
							if refuse {
								return errNo
							}
							_, err = file.Seek(0, io.SeekEnd)
							return errors.Join(err, file.Close())
						}))...)
						b.d.SetProgressCallback(nil)
						for n := range 3 {
							require.ErrorIs(b, b.d.Start(b.Context()), errNo)
							require.Equal(b, "verify", opOf(b.task(id).Err))
							require.Equal(b, n+1, calls)
						}
						sent := len(b.srv.Requests())
						refuse = false
						require.NoError(b, b.d.Start(b.Context()))
						require.Len(b, b.srv.Requests(), sent, "nothing is fetched again")
						require.NoError(b, b.compare(b.task(id)))
						finals, parts := b.listing()
						require.Len(b, finals, 1)
						require.Empty(b, parts)
					})
				})
			}
		}
	}
}

// TestFinishHasItsTime: what an earlier Start has taken of WithTimeout does not count.
func TestFinishHasItsTime(t *testing.T) {
	inBoth(t, func(b *bed) {
		calls := 0
		id := b.add(b.srv.File("a.bin", Size(20*kib)), littledl.WithTimeout(time.Minute), littledl.WithFinish(func(context.Context, *os.File, littledl.FileTask) error {
			time.Sleep(40 * time.Second)
			if calls++; calls < 4 {
				return errNo
			}
			return nil
		}))
		b.d.SetProgressCallback(nil)
		for range 3 {
			require.ErrorIs(b, b.d.Start(b.Context()), errNo)
		}
		require.NoError(b, b.d.Start(b.Context()))
		require.True(b, b.task(id).IsCompleted())
	})
}

// TestFinishOfWhatWasTouched: who changes the part meanwhile has it fetched again.
func TestFinishOfWhatWasTouched(t *testing.T) {
	inBoth(t, func(b *bed) {
		f, refuse := b.srv.File("a.bin", Size(20*kib)), true
		id := b.add(f, littledl.WithFinish(func(_ context.Context, file *os.File, _ littledl.FileTask) error {
			require.NoError(b, Compare(file, f.Content()))
			if refuse {
				return errNo
			}
			return nil
		}))
		b.d.SetProgressCallback(nil)
		require.ErrorIs(b, b.d.Start(b.Context()), errNo)
		_, parts := b.listing()
		require.Len(b, parts, 1)
		require.NoError(b, os.WriteFile(parts[0], make([]byte, 20*kib), 0o600))
		refuse = false
		require.NoError(b, b.d.Start(b.Context()))
		require.NoError(b, b.compare(b.task(id)))
	})
}
