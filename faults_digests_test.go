package littledl_test

import (
	"crypto/md5"
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	. "github.com/littledl/littledl/internal/faultserver"
)

// md5Of is WithHash by another algorithm.
func md5Of(c Content) littledl.URLOption {
	sum := md5.Sum(Bytes(c))
	return littledl.WithHash("md5", hex.EncodeToString(sum[:]))
}

// 170: several digests of one file must all be its own.
func TestSeveralDigests(t *testing.T) {
	wrong := Generate("wrong", 1, 100)
	for name, right := range map[string]func(c Content) (o []littledl.URLOption, all bool){
		"170 both": func(c Content) ([]littledl.URLOption, bool) { return []littledl.URLOption{enhHash(c), md5Of(c)}, true },
		"170 the first": func(c Content) ([]littledl.URLOption, bool) {
			return []littledl.URLOption{enhHash(c), md5Of(wrong)}, false
		},
		"170 the second": func(c Content) ([]littledl.URLOption, bool) {
			return []littledl.URLOption{enhHash(wrong), md5Of(c)}, false
		},
		"170 one, twice": func(c Content) ([]littledl.URLOption, bool) { return []littledl.URLOption{md5Of(c), md5Of(c)}, true },
	} {
		t.Run(name, func(t *testing.T) {
			inBoth(t, func(b *bed) {
				f := b.srv.File("a.bin", Size(8*mib))
				opts, all := right(f.Content())
				b.add(f, opts...)
				err := b.start()
				if all {
					require.NoError(b, err)
					return
				}
				require.ErrorIs(b, err, littledl.ErrHashMismatch)
				require.NotContains(b, holds(b, b.dir), "a.bin")
			})
		})
	}
	t.Run("170 contradictory", func(t *testing.T) {
		d, err := littledl.NewBatchDownloader()
		require.NoError(t, err)
		_, err = d.AddURL("http://files.test/a.bin", md5Of(wrong), md5Of(Generate("more", 1, 100)))
		require.ErrorIs(t, err, littledl.ErrInvalidOption)
	})
}
