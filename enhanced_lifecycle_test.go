package littledl_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
	"github.com/littledl/littledl/internal/partfile"
)

// enhPair is two mirrors of one file of 6 MiB, 512 KiB/s a connection, two each.
func (b *enhBed) enhPair(more ...faultserver.FileOption) (servers []*faultserver.Server) {
	for _, host := range []string{"a.test", "b.test"} {
		b.rates[host+":80"] = 512 * kib
		s := b.origin(host)
		s.Behave(faultserver.ConnLimit(2, faultserver.Status(503)))
		s.File("f", append(more, faultserver.Size(6*mib))...)
		servers = append(servers, s)
	}
	return servers
}

func enhSent(servers []*faultserver.Server) (n int64) {
	for _, s := range servers {
		n += s.BytesSent()
	}
	return n
}

// TestEnhPause keeps what is there, for a file from several sources too.
func TestEnhPause(t *testing.T) {
	t.Parallel()
	for what, opts := range map[string][]littledl.Option{"hash": nil, "trusted": {littledl.WithTrustedMirrors(true)}, "failover": nil} {
		t.Run(what, func(t *testing.T) {
			enhBubble(t, func(b *enhBed) {
				b.option(opts...)
				servers := b.enhPair()
				f := servers[0].Lookup("f")
				var url []littledl.URLOption
				if what == "hash" {
					url = append(url, enhHash(f.Content()))
				}
				id := b.mirrored("f", f.Content(), url, servers...)
				for _, at := range []time.Duration{500, 2500} {
					time.AfterFunc(at*time.Millisecond, func() { require.NoError(b, b.get().Pause()) })
					time.AfterFunc((at+1000)*time.Millisecond, func() {
						require.Equal(b, littledl.StatusPaused, b.task(id).Status)
						require.Zero(b, b.get().GetStats().ActiveThreads)
						require.NoError(b, b.get().Resume())
					})
				}
				require.NoError(b, b.start())
				require.Empty(b, b.dropped(id))
				require.Less(b, enhSent(servers), int64(6*mib+2*6*256*kib))
				if what != "failover" {
					require.NotZero(b, b.task(id).Sources[1].Bytes)
					require.Less(b, b.took, 2*time.Second+12*time.Second/2, "both serve after the pause as well")
				}
			})
		})
	}
}

// TestEnhCancelAndStart: the second Start goes on from what both have given.
func TestEnhCancelAndStart(t *testing.T) {
	for _, hash := range []bool{true, false} {
		enhBubble(t, func(b *enhBed) {
			servers := b.enhPair()
			f := servers[0].Lookup("f")
			var url []littledl.URLOption
			if hash {
				url = append(url, enhHash(f.Content()))
			}
			id := b.mirrored("f", f.Content(), url, servers...)
			time.AfterFunc(1500*time.Millisecond, func() { require.NoError(b, b.get().Cancel()) })
			require.ErrorIs(b, b.start(), littledl.ErrCancelled)
			require.Equal(b, littledl.StatusCancelled, b.task(id).Status)
			had := b.task(id).Downloaded
			require.Greater(b, had, int64(mib))
			sent := enhSent(servers)
			require.NoError(b, b.start())
			require.LessOrEqual(b, enhSent(servers)-sent, 6*mib-had+6*256*kib)
			if hash {
				require.NotZero(b, b.task(id).Sources[1].Bytes, "both serve again")
			}
		})
	}
}

// TestEnhChangedBetweenStarts: what an earlier Start has left is not mixed with
// another version of the same size, on whichever source.
func TestEnhChangedBetweenStarts(t *testing.T) {
	t.Parallel()
	for what, first := range map[string]int{"primary": 0, "backup": 1} {
		t.Run(what, func(t *testing.T) {
			enhBubble(t, func(b *enhBed) {
				servers := b.enhPair()
				if first == 1 {
					servers[0].Behave(faultserver.Status(404))
				}
				b.mirrored("f", faultserver.Generate("/f", 2, 6*mib), nil, servers...)
				time.AfterFunc(2*time.Second, func() { require.NoError(b, b.get().Cancel()) })
				require.ErrorIs(b, b.start(), littledl.ErrCancelled)
				for _, s := range servers {
					s.Behave()
					s.File("f", faultserver.Size(6*mib), faultserver.Version(2))
				}
				require.NoError(b, b.start())
			})
		})
	}
}

// TestEnhServersDigestAcrossStarts: what the first server promised holds for what several
// have given, in the next Start too, be it that the wrong one was just being asked alone.
func TestEnhServersDigestAcrossStarts(t *testing.T) {
	t.Parallel()
	for tenths := time.Duration(5); tenths < 60; tenths += 5 {
		enhBubble(t, func(b *enhBed) {
			servers := b.enhPair(faultserver.Behave(faultserver.ReprDigest(true)))
			servers[1].File("f", enhOther("f", 6*mib))
			good := servers[0].Content("f")
			id := b.mirrored("f", good, nil, servers...)
			time.AfterFunc(tenths*time.Second/10, func() { require.NoError(b, b.get().Cancel()) })
			require.ErrorIs(b, b.start(), littledl.ErrCancelled)
			require.NotZero(b, b.task(id).Sources[1].Bytes)
			require.NoError(b, b.start(), "cancelled after %v tenths of a second", int64(tenths))
		})
	}
}

// TestEnhStartAfterFailure asks all sources again.
func TestEnhStartAfterFailure(t *testing.T) {
	enhBubble(t, func(b *enhBed) {
		a, c := b.origin("a.test"), b.origin("b.test")
		want := faultserver.Generate("/f", 1, 8*mib)
		id := b.mirrored("f", want, []littledl.URLOption{enhHash(want)}, a, c)
		require.ErrorIs(b, b.start(), littledl.ErrNoSource)
		for _, s := range []*faultserver.Server{a, c} {
			s.File("f", faultserver.Size(8*mib))
		}
		require.NoError(b, b.start())
		require.Empty(b, b.dropped(id))
	})
}

// TestEnhContextEnds: its cause is in the error.
func TestEnhContextEnds(t *testing.T) {
	enhBubble(t, func(b *enhBed) {
		servers := b.enhPair()
		b.mirrored("f", servers[0].Content("f"), nil, servers...)
		ctx, cancel := context.WithTimeout(b.Context(), time.Second)
		defer cancel()
		require.ErrorIs(b, b.get().Start(ctx), context.DeadlineExceeded)
	})
}

// TestEnhStopAnywhere: whenever it is stopped, Start returns at once and leaves nothing.
func TestEnhStopAnywhere(t *testing.T) {
	t.Parallel()
	for at := time.Millisecond; at < 4*time.Second; at += 190 * time.Millisecond {
		enhBubble(t, func(b *enhBed) {
			b.option(littledl.WithTrustedMirrors(true))
			servers := b.enhPair()
			servers[1].File("f", faultserver.Size(6*mib), faultserver.Behave(faultserver.After(2, faultserver.Stall(mib))))
			f := servers[0].Lookup("f")
			b.mirrored("f", f.Content(), nil, servers...)
			b.add(servers[0].URL("f"), f.Content(), littledl.WithFilename("g"), enhHash(f.Content()), littledl.WithBackupURLs(servers[1].URL("f")))
			time.AfterFunc(at, func() { b.get().Stop() })
			began := time.Now()
			err := b.get().Start(b.Context())
			require.ErrorIs(b, err, littledl.ErrCancelled)
			require.Less(b, time.Since(began)-at, 100*time.Millisecond)
			for _, name := range b.list() {
				require.True(b, partfile.IsOurs(name), name)
			}
			_, err = b.get().AddURL("http://a.test/f")
			require.ErrorIs(b, err, littledl.ErrStopped)
		})
	}
}
