package littledl_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
)

// TestEnhTrusted: mirrors whose samples agree serve at once; one whose do not is
// dropped; one that is silent holds nothing up.
func TestEnhTrusted(t *testing.T) {
	t.Parallel()
	enhBubble(t, func(b *enhBed) {
		const size = 20 * mib
		b.option(littledl.WithTrustedMirrors(true))
		a, good, bad, silent := b.origin("a.test"), b.origin("good.test"), b.origin("bad.test"), b.origin("silent.test")
		f := a.File("f", faultserver.Size(size))
		good.File("f", faultserver.Size(size))
		bad.File("f", enhOther("f", size))
		silent.File("f", faultserver.Size(size), faultserver.Behave(faultserver.StallHeader()))
		for _, s := range []*faultserver.Server{a, good} {
			b.rates[s.Origin()[7:]+":80"] = 700 * kib
			s.Behave(faultserver.ConnLimit(3, faultserver.Status(503)))
		}
		id := b.mirrored("f", f.Content(), nil, a, good, bad, silent)
		require.NoError(b, b.start())
		require.Contains(b, b.dropped(id), "bad.test")
		require.NotContains(b, b.dropped(id), "good.test")
		require.Less(b, b.took, 8*time.Second, "one alone needs 10 s, both 5 s")
		require.Greater(b, b.task(id).Sources[1].Bytes, int64(size/4))
		require.Zero(b, b.task(id).Sources[2].Bytes)
	})
}

// TestEnhTrustedTooSoon: when the first source dies before a mirror was compared, what
// it had served is not mixed with what that one has.
func TestEnhTrustedTooSoon(t *testing.T) {
	t.Parallel()
	for _, at := range []time.Duration{60, 100, 250} {
		enhBubble(t, func(b *enhBed) {
			b.option(littledl.WithTrustedMirrors(true))
			b.rates["a.test:80"] = mib
			a, c := b.origin("a.test"), b.origin("b.test")
			a.File("f", faultserver.Size(9*mib))
			f := c.File("f", enhOther("f", 9*mib), faultserver.Behave(faultserver.Delay(60*time.Millisecond)))
			b.mirrored("f", f.Content(), nil, a, c)
			time.AfterFunc(at*time.Millisecond, a.Close)
			require.NoError(b, b.start())
		})
	}
}

// TestEnhTrustedThenChanged: a mirror that gets another version after it was compared
// is found out, as any source is.
func TestEnhTrustedThenChanged(t *testing.T) {
	enhBubble(t, func(b *enhBed) {
		b.option(littledl.WithTrustedMirrors(true))
		b.rates["a.test:80"] = 512 * kib
		a, c := b.origin("a.test"), b.origin("b.test")
		f := a.File("f", faultserver.Size(16*mib))
		c.File("f", faultserver.Size(16*mib), faultserver.Behave(faultserver.ETagChange(3)))
		id := b.mirrored("f", f.Content(), nil, a, c)
		require.NoError(b, b.start())
		require.Greater(b, len(c.GETs()), 3)
		require.Equal(b, []string{"b.test"}, b.dropped(id))
	})
}

// TestEnhTrustedSamples: a mirror is asked for the first, the middle and the last 64 KiB
// before anything else, whatever the budget, and found out wherever it differs there.
func TestEnhTrustedSamples(t *testing.T) {
	t.Parallel()
	const size = 11 * mib
	offsets := []int64{0, size / 2, size - 64*kib}
	for _, threads := range []int{2, 15} {
		for i, what := range []string{"start", "middle", "end", "nowhere"} {
			if threads == 2 && i < len(offsets) {
				continue
			}
			t.Run(fmt.Sprint(threads, " ", what), func(t *testing.T) {
				enhBubble(t, func(b *enhBed) {
					b.option(littledl.WithTrustedMirrors(true), littledl.WithMaxTotalThreads(threads))
					a, c := b.origin("a.test"), b.origin("b.test")
					b.rates["a.test:80"] = mib
					f := a.File("f", faultserver.Size(size))
					other := faultserver.Bytes(f.Content())
					if i < len(offsets) {
						other[offsets[i]+32*kib] ^= 1
					}
					c.File("f", faultserver.Data(other), faultserver.LastModified(f.Representation().LastModified))
					id := b.mirrored("f", f.Content(), nil, a, c)
					require.NoError(b, b.start())
					for k, r := range c.GETs()[:3] {
						require.Equal(b, fmt.Sprintf("bytes=%d-%d", offsets[k], offsets[k]+64*kib-1), r.Range)
					}
					if i < len(offsets) {
						require.Equal(b, []string{"b.test"}, b.dropped(id))
						require.Zero(b, b.task(id).Sources[1].Bytes)
					} else {
						require.Empty(b, b.dropped(id))
						require.NotZero(b, b.task(id).Sources[1].Bytes)
					}
					for _, s := range []*faultserver.Server{a, c} {
						require.LessOrEqual(b, s.MaxInFlight(), threads)
					}
				})
			})
		}
	}
}

// TestEnhTrustedAlone: where one request at a time is allowed, one source has it.
func TestEnhTrustedAlone(t *testing.T) {
	enhBubble(t, func(b *enhBed) {
		b.option(littledl.WithTrustedMirrors(true), littledl.WithMaxTotalThreads(1))
		a, c := b.origin("a.test"), b.origin("b.test")
		f := a.File("f", faultserver.Size(12*mib))
		c.File("f", faultserver.Size(12*mib))
		b.mirrored("f", f.Content(), nil, a, c)
		require.NoError(b, b.start())
		require.Empty(b, c.Requests())
	})
}

// TestEnhTrustedLimit: who takes samples of mirrors has the place of one that fetches.
// All sources are on one server here, so that it sees all requests of the file.
func TestEnhTrustedLimit(t *testing.T) {
	t.Parallel()
	for limit := 2; limit <= 4; limit++ {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			enhBubble(t, func(b *enhBed) {
				b.option(littledl.WithTrustedMirrors(true), littledl.WithMaxConcurrentChunksPerFile(limit))
				a := b.origin("a.test")
				a.Behave(faultserver.Delay(60 * time.Millisecond))
				b.rates["a.test:80"] = 300 * kib
				f := a.File("0", faultserver.Size(8*mib))
				var mirrors []string
				for i := 1; i <= 4; i++ {
					name := fmt.Sprint(i)
					a.File(name, faultserver.Data(faultserver.Bytes(f.Content())), faultserver.LastModified(f.Representation().LastModified))
					mirrors = append(mirrors, a.URL(name))
				}
				id := b.add(f.URL(), f.Content(), littledl.WithBackupURLs(mirrors...))
				time.AfterFunc(3*time.Second, func() { _ = b.d.Pause() }) // compared again, in the middle of it
				time.AfterFunc(4*time.Second, func() { _ = b.d.Resume() })
				require.NoError(b, b.start())
				require.Equal(b, limit, a.MaxInFlight())
				theirs := int64(0)
				for _, s := range b.task(id).Sources[1:] {
					require.False(b, s.Dropped)
					theirs += s.Bytes
				}
				if limit > 2 {
					require.NotZero(b, theirs)
				}
			})
		})
	}
}
