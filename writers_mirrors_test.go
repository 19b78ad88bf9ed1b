package littledl_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
)

// TestWriterFailover: a mirror of the same strong ETag goes on behind what was delivered, with no
// byte twice; one with another is not asked for more than its version.
func TestWriterFailover(t *testing.T) {
	enhBubble(t, func(b *enhBed) {
		const size = 24 * mib
		a, other, same := b.origin("a.test"), b.origin("other.test"), b.origin("same.test")
		f := a.File("f.bin", faultserver.Size(size), faultserver.Behave(faultserver.After(3, faultserver.Status(404))))
		other.File("f.bin", enhOther("f.bin", size))
		same.File("f.bin", sameAs(f)...)
		to := &atOnce{t: b}
		id, err := b.get().AddURL(a.URL("f.bin"), littledl.WithWriter(to), littledl.WithBackupURLs(other.URL("f.bin"), same.URL("f.bin")))
		require.NoError(b, err)
		require.NoError(b, b.get().Start(b.Context()))
		require.NoError(b, faultserver.Compare(&to.Buffer, f.Content()))
		require.Contains(b, b.dropped(id), "other.test")
		require.NotContains(b, b.dropped(id), "same.test")
		require.Less(b, a.BytesSent()+same.BytesSent(), int64(size+4*mib))
		for _, r := range same.GETs() {
			require.Equal(b, f.Representation().ETag, r.IfRange)
			require.Positive(b, rangeStart(r))
		}
	})
}

// TestWriterNoMirror: where all that are left have another version, the file ends.
func TestWriterNoMirror(t *testing.T) {
	enhBubble(t, func(b *enhBed) {
		const size = 24 * mib
		a, other := b.origin("a.test"), b.origin("other.test")
		f := a.File("f.bin", faultserver.Size(size), faultserver.Behave(faultserver.After(2, faultserver.Status(404))))
		other.File("f.bin", enhOther("f.bin", size))
		var to bytes.Buffer
		_, err := b.get().AddURL(a.URL("f.bin"), littledl.WithWriter(&to), littledl.WithBackupURLs(other.URL("f.bin")))
		require.NoError(b, err)
		require.ErrorIs(b, b.get().Start(b.Context()), littledl.ErrNoSource)
		require.True(b, bytes.Equal(to.Bytes(), faultserver.Bytes(f.Content())[:to.Len()]))
		require.Zero(b, other.BytesSent("f.bin")/size)
	})
}

// TestWriterMirrors: several sources serve one writer at once, where a digest is known.
func TestWriterMirrors(t *testing.T) {
	enhBubble(t, func(b *enhBed) {
		const size = 32 * mib
		b.rates["a.test:80"], b.rates["b.test:80"] = mib, mib
		a, c := b.origin("a.test"), b.origin("b.test")
		f := a.File("f.bin", faultserver.Size(size), faultserver.Behave(faultserver.ConnLimit(4, faultserver.Status(429))))
		c.File("f.bin", append(sameAs(f), faultserver.Behave(faultserver.ConnLimit(4, faultserver.Status(429))))...)
		to := &atOnce{t: b}
		to.Grow(size)
		_, err := b.get().AddURL(a.URL("f.bin"), littledl.WithWriter(to), littledl.WithBackupURLs(c.URL("f.bin")), enhHash(f.Content()))
		require.NoError(b, err)
		require.NoError(b, b.get().Start(b.Context()))
		require.NoError(b, faultserver.Compare(&to.Buffer, f.Content()))
		require.Greater(b, c.BytesSent(), int64(size/4))
	})
}

// TestWriterChaos: whatever breaks, and however little may be held back: what is complete is
// right, and what is not is the beginning of it.
func TestWriterChaos(t *testing.T) {
	for seed := range uint64(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			enhBubble(t, func(b *enhBed) {
				dice := rand.New(rand.NewPCG(seed, 17))
				b.conf.MaxReorder = 1 << (16 + dice.IntN(10))
				b.opts = append(b.opts, littledl.WithMaxTotalThreads(1+dice.IntN(8)), littledl.WithMaxConcurrentFiles(1+dice.IntN(4)), littledl.WithTrustedMirrors(dice.IntN(2) == 0))
				b.rates["one.test:80"], b.rates["two.test:80"] = 4*mib, 4*mib
				one, two := b.origin("one.test"), b.origin("two.test")
				trouble := func() faultserver.Behaviour {
					return []faultserver.Behaviour{
						faultserver.Good(), faultserver.First(3, faultserver.RST(mib)), faultserver.Alternate(faultserver.Good(), faultserver.ShortBody(200*kib)),
						faultserver.Nth(2, faultserver.Stall(100*kib)), faultserver.First(2, faultserver.Status(503)), faultserver.NoRangeAfter(4), faultserver.NoRange(),
						faultserver.ConnLimit(2, faultserver.Status(429)), faultserver.RangeCap(700 * kib), faultserver.WeakETag(), faultserver.ETagChange(6), faultserver.Slow(mib),
					}[dice.IntN(12)]
				}
				type pair struct {
					f  *faultserver.File
					to *atOnce
					at *atWriter
					id string
				}
				var all []pair
				for i := range 4 {
					name := fmt.Sprint(i)
					size := dice.Int64N(12 * mib)
					f := one.File(name, faultserver.Size(size), faultserver.Behave(trouble()))
					two.File(name, faultserver.Size(size), faultserver.Behave(trouble()))
					to := &atOnce{t: b}
					to.Grow(int(size))
					if dice.IntN(3) == 0 {
						rate := int64(1+dice.IntN(16)) * mib
						to.slow = func(n int) time.Duration { return time.Duration(int64(n) * int64(time.Second) / rate) }
					}
					opts := append(hashIf(dice.IntN(2) == 0, f), littledl.WithBackupURLs(two.URL(name)))
					at := newAtWriter(size)
					if dice.IntN(4) == 0 {
						opts = append(opts, littledl.WithWriterAt(at))
					} else {
						opts = append(opts, littledl.WithWriter(to))
					}
					id, err := b.get().AddURL(f.URL(), opts...)
					require.NoError(b, err)
					all = append(all, pair{f, to, at, id})
				}
				done := make(chan error)
				go func() { done <- b.get().Start(b.Context()) }()
				for range dice.IntN(4) {
					time.Sleep(time.Duration(dice.Int64N(int64(time.Second))))
					require.NoError(b, b.get().Pause())
					time.Sleep(time.Second)
					require.NoError(b, b.get().Resume())
				}
				<-done
				for _, p := range all {
					want := faultserver.Bytes(p.f.Content())
					require.False(b, p.at.twice, p.f.Name())
					switch {
					case !b.task(p.id).IsCompleted():
						t.Log(b.task(p.id).Err)
					case p.at.order != nil:
						require.True(b, bytes.Equal(p.at.data, want), p.f.Name())
						continue
					default:
						require.Len(b, p.to.Bytes(), len(want))
					}
					require.True(b, bytes.Equal(p.to.Bytes(), want[:p.to.Len()]), p.f.Name())
				}
			})
		})
	}
}
