package littledl_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
)

// Who has waited for a request at one of two mirrors that are equally good makes it, and does not go
// and wait for the other.

// halves is two mirrors of two files.
func halves(b *enhBed) (one, two *faultserver.Server) {
	b.opts = append(b.opts, littledl.WithMaxTotalThreads(8), littledl.WithTrustedMirrors(true))
	one, two = b.origin("one.test"), b.origin("two.test")
	for _, name := range []string{"a.bin", "b.bin"} {
		f := one.File(name, faultserver.Size(20*mib))
		two.File(name, sameAs(f)...)
		b.mirrored(name, f.Content(), nil, one, two)
	}
	return one, two
}

func TestAcquireHostOfMirrors(t *testing.T) {
	enhBubble(t, func(b *enhBed) {
		g := newBudget(t, 8, "http://one.test:80", "http://two.test:80")
		b.conf.AcquireHost = g.acquire
		one, two := halves(b)
		require.NoError(b, b.start())
		require.Positive(b, len(two.GETs()))
		require.LessOrEqual(b, len(g.granted), 3*(len(one.GETs())+len(two.GETs())))
	})
}

func TestHostIntervalOfMirrors(t *testing.T) {
	enhBubble(t, func(b *enhBed) {
		b.conf.Hosts = map[string]littledl.HostConfig{"one.test": {Interval: time.Second}, "two.test": {Interval: time.Second}}
		_, two := halves(b)
		require.NoError(b, b.start())
		require.Positive(b, len(two.GETs()))
		require.Less(b, b.took, 11*time.Second) // a turn that is not used is a second lost
	})
}
