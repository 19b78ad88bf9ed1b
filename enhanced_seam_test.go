package littledl_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	. "github.com/littledl/littledl/internal/faultserver"
)

// Where one source's bytes end and another's begin, without a digest.

// TestEndAtTheSeam: a batch that ends while a backup is being compared does not go on in
// its next Start as if that had come out well.
func TestEndAtTheSeam(t *testing.T) {
	t.Parallel()
	const size = 8 * mib
	for _, how := range []string{"cancel", "pause and cancel"} {
		t.Run(how, func(t *testing.T) {
			enhBubble(t, func(b *enhBed) {
				b.rates["a.test:80"] = 100 * kib
				a, other := b.origin("a.test"), b.origin("b.test")
				a.File("f", Size(size))
				f := other.File("f", enhOther("f", size), Behave(Delay(5*time.Second)))
				id := b.mirrored("f", f.Content(), nil, a, other)
				time.AfterFunc(3*time.Second, a.Close)
				time.AfterFunc(5*time.Second, func() {
					if how != "cancel" {
						_ = b.d.Pause()
					}
					_ = b.d.Cancel()
				})
				require.ErrorIs(b, b.get().Start(b.Context()), littledl.ErrCancelled)
				require.Positive(b, b.task(id).Downloaded)
				require.NoError(b, b.d.Resume())
				require.NoError(b, b.start())
			})
		})
	}
}

// TestFirstRequestAtTheSeam: a backup whose first request fails is asked again, and what
// was fetched is kept.
func TestFirstRequestAtTheSeam(t *testing.T) {
	t.Parallel()
	const size = 8 * mib
	for name, does := range map[string]Behaviour{
		"500": Status(500), "503": Status(503, RetryAfter("2")), "429": Status(429), "reset": RSTNow(), "closed": EmptyReply(),
		"stall": Stall(1000), "silent": StallHeader(), "cut": ShortBody(1000),
	} {
		t.Run(name, func(t *testing.T) {
			enhBubble(t, func(b *enhBed) {
				b.conf.HeaderTimeout, b.conf.StallTimeout = 2*time.Second, 2*time.Second
				b.rates["a.test:80"] = 100 * kib
				a, backup := b.origin("a.test"), b.origin("b.test")
				f := a.File("f", Size(size))
				backup.File("f", append(sameAs(f), Behave(First(1, does)))...)
				id := b.mirrored("f", f.Content(), nil, a, backup)
				time.AfterFunc(3*time.Second, a.Close)
				require.NoError(b, b.start())
				require.LessOrEqual(b, b.read.Load(), int64(size+4*mib))
				require.NotZero(b, b.task(id).Sources[0].Bytes)
			})
		})
	}
}

// TestSamplesObeyRetryAfter: nobody is asked for samples sooner than he wants.
func TestSamplesObeyRetryAfter(t *testing.T) {
	enhBubble(t, func(b *enhBed) {
		b.option(littledl.WithTrustedMirrors(true))
		b.rates["a.test:80"] = 100 * kib
		a, c := b.origin("a.test"), b.origin("b.test")
		f := a.File("f", Size(8*mib))
		c.File("f", Size(8*mib), Behave(First(1, Status(503, RetryAfter("2")))))
		b.mirrored("f", f.Content(), nil, a, c)
		require.NoError(b, b.start())
		gets := c.GETs()
		require.GreaterOrEqual(b, gets[1].Start.Sub(gets[0].Start), 2*time.Second)
	})
}

// TestShorterMirror: a trusted mirror whose file is shorter, or longer, has another one; it
// serves when the first source is gone for good.
func TestShorterMirror(t *testing.T) {
	for _, by := range []int64{-1000, 1000} {
		enhBubble(t, func(b *enhBed) {
			b.option(littledl.WithTrustedMirrors(true))
			b.conf.Retry.MaxElapsed = 5 * time.Second
			b.rates["a.test:80"] = 100 * kib
			a, c := b.origin("a.test"), b.origin("b.test")
			a.File("f", Size(8*mib))
			f := c.File("f", Size(8*mib+by))
			b.mirrored("f", f.Content(), nil, a, c)
			time.AfterFunc(2*time.Second, a.Close)
			require.NoError(b, b.start())
		})
	}
}

// TestStallBehindTheHeaders: silence right after the headers is a stall, too.
func TestStallBehindTheHeaders(t *testing.T) {
	inBoth(t, func(b *bed) {
		b.conf.StallTimeout, b.conf.HeaderTimeout, b.conf.ConnectTimeout = time.Second, 20*time.Second, 20*time.Second
		b.add(b.srv.File("a.bin", Size(mib), Behave(First(1, Stall(0)))))
		require.NoError(b, b.start())
		require.Less(b, b.took, 4*time.Second)
	})
}

// TestSlowToAnswer: a host that takes a while for every answer is not silent: its requests
// are left alone.
func TestSlowToAnswer(t *testing.T) {
	inBoth(t, func(b *bed) {
		b.srv.Behave(Delay(1500 * time.Millisecond))
		for i := range 2 {
			b.add(b.srv.File(fmt.Sprint(i), Size(8*mib)))
		}
		require.NoError(b, b.start())
		require.LessOrEqual(b, b.drops, 2)
	})
}

// TestLongOutage: one that is shorter than MaxElapsed fails nothing.
func TestLongOutage(t *testing.T) {
	t.Parallel()
	for _, code := range []int{503, 429} {
		for seed := range 2 {
			inBoth(t, func(b *bed) {
				for i := range 20 {
					b.add(b.srv.File(fmt.Sprint(i), Size(int64(1+i%3)*100*kib)))
				}
				begin := time.Duration(45+20*seed) * time.Millisecond
				time.AfterFunc(begin, func() { b.srv.Behave(Status(code)) })
				time.AfterFunc(begin+52*time.Second, func() { b.srv.Behave() })
				require.NoError(b, b.start())
			})
		}
	}
}

// TestGivesWayBetweenRequests: a large file that has its place first leaves it when small
// ones are found to wait.
func TestGivesWayBetweenRequests(t *testing.T) {
	t.Parallel()
	inBoth(t, func(b *bed) {
		b.files, b.chunks = 2, 4
		for i := range 4 {
			b.add(b.srv.File(fmt.Sprint("large", i), Size(8*mib)))
		}
		for i := range 20 {
			b.add(b.srv.File(fmt.Sprint("small", i), Size(10*kib)))
		}
		require.NoError(b, b.start())
		last := time.Time{}
		for i := range 20 {
			if r := b.srv.GETs(fmt.Sprint("small", i))[0]; r.Start.After(last) {
				last = r.Start
			}
		}
		before := 0
		for i := range 4 {
			for _, r := range b.srv.GETs(fmt.Sprint("large", i)) {
				if r.Start.Before(last) {
					before++
				}
			}
		}
		require.LessOrEqual(b, before, 2)
	})
}
