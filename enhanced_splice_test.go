package littledl_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	. "github.com/littledl/littledl/internal/faultserver"
)

// Where one source's bytes end and another's begin, without a digest.

// TestEndAtTheSplice: a batch that ends while a backup is being compared does not go on in
// its next Start as if that had come out well.
func TestEndAtTheSplice(t *testing.T) {
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

// TestFirstRequestAtTheSplice: a backup whose first request fails is asked again, and what
// was fetched is kept.
func TestFirstRequestAtTheSplice(t *testing.T) {
	t.Parallel()
	const size = 4 * mib
	for name, does := range map[string]Behaviour{
		"500": Status(500), "503": Status(503, RetryAfter("2")), "429": Status(429), "reset": RSTNow(), "closed": EmptyReply(),
		"stall": Stall(1000), "silent": StallHeader(), "cut": ShortBody(1000),
	} {
		t.Run(name, func(t *testing.T) {
			enhBubble(t, func(b *enhBed) {
				b.conf.HeaderTimeout, b.conf.StallTimeout = 2*time.Second, 2*time.Second
				b.rates["a.test:80"] = 50 * kib
				a, backup := b.origin("a.test"), b.origin("b.test")
				f := a.File("f", Size(size))
				backup.File("f", append(sameAs(f), Behave(First(1, does)))...)
				id := b.mirrored("f", f.Content(), nil, a, backup)
				time.AfterFunc(3*time.Second, a.Close)
				require.NoError(b, b.start())
				require.LessOrEqual(b, b.read.Load(), int64(size+2*mib))
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

// TestEnhSplice: what the primary served before it died is kept if the backup provably
// has the same file, else the file starts over.
func TestEnhSplice(t *testing.T) {
	t.Parallel()
	const name, size = "f.bin", 10 * mib
	same := Generate("/"+name, 1, size)
	spoilt := Bytes(same)
	for i := 0; i < len(spoilt); i += 1000 {
		spoilt[i] ^= 1
	}
	tag := ETag(`"same"`)
	for what, c := range map[string]struct {
		primary, backup []FileOption
		kept            bool
	}{
		"same":                {kept: true},
		"other ETag":          {backup: []FileOption{ETag(`"other"`)}},
		"weak ETag":           {primary: []FileOption{ETag(`W/"same"`)}, backup: []FileOption{ETag(`W/"same"`)}},
		"other Last-Modified": {backup: []FileOption{LastModified(time.Date(1998, 1, 1, 0, 0, 0, 0, time.UTC))}},
		"other bytes":         {backup: []FileOption{Data(spoilt)}},
		"other size":          {backup: []FileOption{Data(spoilt[:size-1])}},
	} {
		t.Run(what, func(t *testing.T) {
			enhBubble(t, func(b *enhBed) {
				b.rates["a.test:80"] = 512 * kib
				a, m := b.origin("a.test"), b.origin("b.test")
				a.File(name, append([]FileOption{Size(size), tag}, c.primary...)...)
				backup := m.File(name, append([]FileOption{Size(size), tag}, c.backup...)...)
				id := b.mirrored(name, backup.Content(), nil, a, m)
				time.AfterFunc(1500*time.Millisecond, a.Close)
				require.NoError(b, b.start())
				require.Equal(b, []string{"a.test"}, b.dropped(id))
				require.Greater(b, b.task(id).Sources[0].Bytes, int64(mib), "the primary did serve")
				asked := enhAsked(m.GETs())
				if c.kept {
					require.LessOrEqual(b, asked, int64(size-b.task(id).Sources[0].Bytes+size/2))
					require.EqualValues(b, size, b.task(id).Sources[0].Bytes+b.task(id).Sources[1].Bytes)
				} else {
					require.EqualValues(b, backup.Content().Size(), b.task(id).Sources[1].Bytes, "all of it is the backup's")
				}
			})
		})
	}
}

// TestEnhSpliceBehindDeadOne: a dead backup between the primary and the next costs none
// of the bytes that are there.
func TestEnhSpliceBehindDeadOne(t *testing.T) {
	enhBubble(t, func(b *enhBed) {
		b.rates["a.test:80"] = 512 * kib
		a, dead, c := b.origin("a.test"), b.origin("dead.test"), b.origin("c.test")
		f := a.File("f", Size(10*mib))
		c.File("f", Size(10*mib))
		id := b.mirrored("f", f.Content(), nil, a, dead, c)
		time.AfterFunc(1500*time.Millisecond, a.Close)
		require.NoError(b, b.start())
		require.EqualValues(b, 10*mib, b.task(id).Sources[0].Bytes+b.task(id).Sources[2].Bytes)
		require.Equal(b, []string{"a.test", "dead.test"}, b.dropped(id))
	})
}

// TestLongTroubleAtTheSplice: what was fetched is kept however long, up to MaxElapsed, the
// only source that is left cannot be compared with it, and nobody is pestered meanwhile.
func TestLongTroubleAtTheSplice(t *testing.T) {
	t.Parallel()
	const size = 8 * mib
	for _, how := range []string{"503", "refused", "both refused"} {
		t.Run(how, func(t *testing.T) {
			enhBubble(t, func(b *enhBed) {
				b.rates["a.test:80"] = 100 * kib
				a, backup := b.origin("a.test"), b.origin("b.test")
				f := a.File("f", Size(size))
				backup.File("f", sameAs(f)...)
				id := b.mirrored("f", f.Content(), nil, a, backup)
				time.AfterFunc(3*time.Second, func() {
					switch how {
					case "503":
						a.Close()
						backup.Behave(Status(503))
					case "refused":
						a.Close()
						b.net.FailDial("b.test:80", errRefused)
					default:
						b.net.Outage(true)
					}
				})
				time.AfterFunc(43*time.Second, func() {
					backup.Behave()
					b.net.FailDial("b.test:80", nil)
					b.net.Outage(false)
				})
				require.NoError(b, b.start())
				require.NotZero(b, b.task(id).Sources[0].Bytes, "they are kept")
				require.LessOrEqual(b, b.read.Load(), int64(size+4*mib))
				require.LessOrEqual(b, b.net.Dials("a.test:80")+b.net.Dials("b.test:80"), 120)
				require.LessOrEqual(b, len(backup.GETs()), 60)
			})
		})
	}
}

// TestAttemptAfterAnOutageAtTheSplice: what an outage has cost is not counted against the
// attempt behind it.
func TestAttemptAfterAnOutageAtTheSplice(t *testing.T) {
	const size = 8 * mib
	enhBubble(t, func(b *enhBed) {
		b.rates["a.test:80"] = 100 * kib
		a, backup := b.origin("a.test"), b.origin("b.test")
		f := a.File("f", Size(size))
		backup.File("f", append(sameAs(f), Behave(First(1, Status(500))))...)
		b.mirrored("f", f.Content(), nil, a, backup)
		time.AfterFunc(3*time.Second, func() {
			a.Behave(Status(404))
			b.net.ResetAll()
			b.net.FailDial("b.test:80", errRefused)
		})
		time.AfterFunc(23*time.Second, func() { b.net.FailDial("b.test:80", nil) })
		require.NoError(b, b.start())
		require.LessOrEqual(b, b.read.Load(), int64(size+mib/2))
	})
}
