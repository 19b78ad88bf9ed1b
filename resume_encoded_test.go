package littledl_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
)

// TestResumeEncoded: another process goes on with what is stored as it is sent, where it is sent
// so again and is still to be stored so. What is only labelled is not told apart by its label.
func TestResumeEncoded(t *testing.T) {
	t.Parallel()
	const refuse, store, decode = littledl.EncodingRefuse, littledl.EncodingStore, littledl.EncodingDecode
	for name, c := range map[string]struct {
		path     string
		was, now littledl.EncodingPolicy
		labels   [2]string // then and now
		digest   bool      // that alone tells versions apart
		resumed  bool
		err      error
	}{
		"stored":                          {"a.js", store, store, [2]string{"br", "br"}, false, true, nil},
		"stored, by digest":               {"a.js", store, store, [2]string{"br", "br"}, true, true, nil},
		"stored, of two codings":          {"a.js", store, store, [2]string{"br, x-gzip", "br, gzip"}, false, true, nil},
		"stored, and sent otherwise":      {"a.js", store, store, [2]string{"br", "gzip"}, false, false, nil},
		"stored, and sent as it is":       {"a.js", store, store, [2]string{"br", ""}, false, false, nil},
		"stored, refused now":             {"a.js", store, refuse, [2]string{"br", "br"}, false, false, littledl.ErrEncoding},
		"stored, refused and not encoded": {"a.js", store, refuse, [2]string{"br", ""}, false, false, nil},
		"stored, to be decoded":           {"a.js", store, decode, [2]string{"br", "br"}, false, false, littledl.ErrEncoding},
		"as it is, encoded now":           {"a.js", refuse, store, [2]string{"", "br"}, false, false, nil},
		"as it is, and still so":          {"a.js", refuse, store, [2]string{"", "none"}, false, true, nil},
		"labelled":                        {"a.tar.gz", refuse, refuse, [2]string{"gzip", "gzip"}, false, true, nil},
		"labelled no more":                {"a.tar.gz", refuse, refuse, [2]string{"gzip", ""}, false, true, nil},
		"labelled now":                    {"a.tar.gz", decode, decode, [2]string{"", "gzip"}, false, true, nil},
		"labelled, stored now":            {"a.tar.gz", refuse, store, [2]string{"gzip", "gzip"}, false, true, nil},
		"labelled, stored, no more":       {"a.tar.gz", store, store, [2]string{"gzip", ""}, false, true, nil},
	} {
		t.Run(name, func(t *testing.T) {
			batchBubble(t, func(b *batch) {
				does := func(label string) faultserver.FileOption {
					both := []faultserver.Behaviour{faultserver.Label(label)}
					if c.digest {
						both = append(both, faultserver.NoValidators())
					}
					return faultserver.Behave(both...)
				}
				f := b.srv.File(c.path, faultserver.Size(leftSize), does(c.labels[0]))
				opts := hashIf(c.digest, f)
				b.conf.ContentEncoding = c.was
				b.interrupted(f, 700*time.Millisecond, opts...)
				require.Greater(b, b.had(), int64(mib))

				f.Set(does(c.labels[1]))
				b.conf.ContentEncoding = c.now
				b.read.Store(0)
				b.add(f, opts...)
				err := b.start()
				if c.err != nil {
					require.ErrorIs(b, err, c.err)
					require.Empty(b, b.list())
					return
				}
				require.NoError(b, err)
				require.Equal(b, []string{c.path}, b.list())
				if c.resumed {
					require.Less(b, b.read.Load(), leftSize-b.had()+int64(4*64*kib), "nothing twice but what was under way")
				} else {
					require.GreaterOrEqual(b, b.read.Load(), int64(leftSize), "it is other bytes")
				}
			})
		})
	}
}
