package littledl_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
)

// TestNoRange: such a host is never asked for a range, also where another leads to it, and what
// breaks off there is begun anew.
func TestNoRange(t *testing.T) {
	t.Parallel()
	inBoth(t, func(b *bed) {
		b.conf.Hosts = map[string]littledl.HostConfig{"files.test": {NoRange: true}}
		b.restarts = 2
		other := b.origin("other.test:80")
		b.add(b.srv.File("small", faultserver.Size(kib)))
		b.add(b.srv.File("large", faultserver.Size(20*mib)))
		cut := b.srv.File("cut", faultserver.Size(12*mib), faultserver.Behave(faultserver.First(1, faultserver.RST(7*mib))))
		b.add(cut)
		via := other.File("via", faultserver.Size(kib), faultserver.Behave(faultserver.RedirectTo(b.srv.File("led", faultserver.Size(12*mib)).URL(), 302)))
		b.addURL(via.URL(), b.srv.Content("led"))
		own := b.add(other.File("own", faultserver.Size(20*mib)))
		require.NoError(b, b.d.Start(b.Context()))
		require.Equal(b, 5, b.d.GetStats().CompletedFiles)
		for id, want := range b.want {
			require.NoError(b, b.compare(b.task(id)), want)
		}
		for _, r := range b.srv.Requests() {
			require.Empty(b, r.Range, r.Path)
			require.Empty(b, r.IfRange, r.Path)
		}
		require.True(b, b.task(own).SupportsRange)
	})
}

// TestNoRangeOfABackup: it serves alone, and from the beginning.
func TestNoRangeOfABackup(t *testing.T) {
	t.Parallel()
	enhBubble(t, func(b *enhBed) {
		b.conf.Hosts = map[string]littledl.HostConfig{"b.test": {NoRange: true}}
		b.opts = append(b.opts, littledl.WithTrustedMirrors(true))
		first, second := b.origin("a.test"), b.origin("b.test")
		f := first.File("f", faultserver.Size(20*mib), faultserver.Behave(faultserver.After(3, faultserver.Status(http.StatusNotFound))))
		second.File("f", append(sameAs(f), faultserver.Size(20*mib))...)
		b.mirrored("f", f.Content(), nil, first, second)
		require.NoError(b, b.start())
		require.NotEmpty(b, second.GETs())
		for _, r := range second.Requests() {
			require.Empty(b, r.Range)
		}
	})
}

// TestNoRangeIsNotGoneOnFrom: what an earlier process has left is fetched anew.
func TestNoRangeIsNotGoneOnFrom(t *testing.T) {
	t.Parallel()
	inBubble(t, func(b *bed) {
		f := b.leave()
		before := len(b.srv.GETs())
		b.conf.Hosts = map[string]littledl.HostConfig{"http://files.test": {NoRange: true}}
		f.Behave()
		b.anew(f)
		for _, r := range b.srv.GETs()[before:] {
			require.Empty(b, r.Range)
		}
	})
}

// TestNoHead: nothing is asked for by HEAD there, also where another leads to it.
func TestNoHead(t *testing.T) {
	t.Parallel()
	for _, no := range []bool{false, true} {
		inBoth(t, func(b *bed) {
			b.conf.Hosts = map[string]littledl.HostConfig{"files.test": {NoHead: no}}
			b.files = 2
			other := b.origin("other.test:80")
			for i := range 30 {
				f := b.srv.File(fmt.Sprint(i), faultserver.Size(100*kib))
				b.add(f)
				via := other.File(fmt.Sprint(i), faultserver.Behave(faultserver.RedirectTo(f.URL(), 302)))
				b.addURL(via.URL(), f.Content())
			}
			require.NoError(b, b.start())
			require.Equal(b, no, len(b.srv.HEADs()) == 0)
			b.srv.ResetRecords()
			require.NoError(b, b.d.Start(b.Context()))
			b.anew(b.srv.Lookup("7")) // it is there: is it still the same?
			require.True(b, !no || len(b.srv.HEADs()) == 0)
		})
	}
}
