package littledl_test

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
)

// TestHostKeys: an origin or a host has one key, however it is spelled.
func TestHostKeys(t *testing.T) {
	t.Parallel()
	type hosts = map[string]littledl.HostConfig
	var none littledl.HostConfig
	for name, h := range map[string]hosts{
		"two of a host":             {"files.test": none, "FILES.test.": none},
		"two of a port":             {"https://files.test": none, "https://files.test:443/": none},
		"two in two alphabets":      {"bücher.test": none, "xn--bcher-kva.test": none},
		"two of an address":         {"[::1]": none, "::0:1": none},
		"a port without a scheme":   {"files.test:80": none},
		"another scheme":            {"ftp://files.test": none},
		"a path":                    {"https://files.test/a": none},
		"a user":                    {"https://me@files.test": none},
		"nothing":                   {"": none},
		"a dot":                     {".": none},
		"no name":                   {"a b": none},
		"a name in brackets":        {"[files.test]": none},
		"half a bracket":            {"[::1": none},
		"too many connections":      {"a": {MaxConnections: 1 << 16}},
		"fewer than no connections": {"a": {MaxConnections: -1}},
		"a negative speed":          {"a": {MaxSpeed: -1}},
		"a negative interval":       {"a": {Interval: -1}},
		"an endless interval":       {"a": {Interval: math.MaxInt64}},
	} {
		_, err := littledl.NewBatchDownloader(littledl.WithConfig(littledl.DownloadConfig{Hosts: h}))
		require.ErrorIs(t, err, littledl.ErrInvalidOption, name)
	}
	_, err := littledl.NewBatchDownloader(littledl.WithConfig(littledl.DownloadConfig{Hosts: hosts{
		"files.test": none, "http://files.test": none, "https://files.test": none, "http://files.test:443": none, "::1": none, "http://[::1]:8080": none, "10.0.0.1": none,
	}}))
	require.NoError(t, err)
}

// TestHostConnections: a host's limit is for all of its ports together, but for an origin that has
// one of its own; one that has none is bounded as any other.
func TestHostConnections(t *testing.T) {
	t.Parallel()
	inBoth(t, func(b *bed) {
		b.files, b.chunks = 40, 1
		b.conf.MaxConnections, b.conf.MaxConnectionsPerHost = 15, 4
		b.conf.Hosts = map[string]littledl.HostConfig{
			"Files.Test.":           {MaxConnections: 3},
			"http://files.test:82/": {MaxConnections: 5},
			"http://other.test":     {MaxConnections: 6},
			"third.test":            {MaxSpeed: 1 << 40},
		}
		b.opts = append(b.opts, littledl.WithSmallFilePriority(false))
		ports := []*faultserver.Server{b.srv, b.origin("files.test:81"), b.origin("files.test:82"), b.origin("other.test:80"), b.origin("third.test:80"), b.origin("fourth.test:80")}
		for i := range 40 {
			for _, s := range ports {
				s.Behave(faultserver.Delay(100 * time.Millisecond))
				b.add(s.File(fmt.Sprint(i, s.Origin()), faultserver.Size(kib)))
			}
		}
		var most highest
		for i := range 200 {
			time.AfterFunc(time.Duration(i)*20*time.Millisecond, func() { most.see(ports[0].InFlight() + ports[1].InFlight()) })
		}
		require.NoError(b, b.start())
		require.EqualValues(b, 3, most.Load())
		for i, n := range []int{3, 3, 5, 6, 4, 4} {
			require.LessOrEqual(b, ports[i].MaxInFlight(), n, i)
		}
	})
}

// TestHostConnectionsAtOnce: who has a limit of its own may have more than others.
func TestHostConnectionsAtOnce(t *testing.T) {
	t.Parallel()
	batchBubble(t, func(b *batch) {
		b.conf.MaxConnectionsPerHost = 2
		b.conf.Hosts = map[string]littledl.HostConfig{"files.test": {MaxConnections: 7}}
		b.opts = append(b.opts, littledl.WithSmallFilePriority(false), littledl.WithMaxConcurrentFiles(10))
		b.srv.Behave(faultserver.Delay(100 * time.Millisecond))
		for i := range 50 {
			b.file(fmt.Sprint(i), kib)
		}
		require.NoError(b, b.start())
		require.Equal(b, 7, b.srv.MaxInFlight())
	})
}

// TestHostInterval: requests to a host are kept apart, whatever they are: HEADs, retries, hops of
// redirects; others' go on meanwhile.
func TestHostInterval(t *testing.T) {
	t.Parallel()
	inBoth(t, func(b *bed) {
		b.files, b.chunks = 3, 2
		b.conf.MaxConnections = 3 // so none may be held meanwhile
		b.conf.Hosts = map[string]littledl.HostConfig{"files.test": {Interval: 300 * time.Millisecond}}
		other, second := b.origin("other.test:80"), b.origin("files.test:81")
		other.Behave(faultserver.Delay(20 * time.Millisecond))
		b.srv.File("/flaky", faultserver.Size(kib))
		b.srv.Lookup("flaky").Behave(faultserver.First(2, faultserver.Status(503)))
		b.add(b.srv.Lookup("flaky"))
		target := b.srv.File("target", faultserver.Size(3*kib))
		via := other.File("via", faultserver.Size(kib), faultserver.Behave(faultserver.RedirectTo(target.URL(), 302)))
		b.addURL(via.URL(), target.Content())
		within := b.srv.File("within", faultserver.Size(kib), faultserver.Behave(faultserver.RedirectTo(target.URL(), 302)))
		b.addURL(within.URL(), target.Content())
		b.add(b.srv.File("large", faultserver.Size(20*mib)))
		for i := range 8 {
			b.add(b.srv.File(fmt.Sprint("small", i), faultserver.Size(kib)))
			b.add(second.File(fmt.Sprint("second", i), faultserver.Size(kib)))
			b.add(other.File(fmt.Sprint("other", i), faultserver.Size(kib)))
		}
		require.NoError(b, b.d.Start(b.Context()))
		require.Equal(b, b.d.GetStats().TotalFiles, b.d.GetStats().CompletedFiles)
		all := append(b.srv.Requests(), second.Requests()...)
		slices.SortFunc(all, func(x, y faultserver.Record) int { return cmp.Compare(x.Start.UnixNano(), y.Start.UnixNano()) })
		require.GreaterOrEqual(b, len(all), 20)
		for i := 1; i < len(all); i++ {
			require.GreaterOrEqual(b, all[i].Start.Sub(all[i-1].Start), 299*time.Millisecond, "%s %s", all[i-1].Path, all[i].Path)
		}
	})
}

// TestHostIntervalIsNoMore: as many requests as it allows are made.
func TestHostIntervalIsNoMore(t *testing.T) {
	t.Parallel()
	batchBubble(t, func(b *batch) {
		b.conf.Hosts = map[string]littledl.HostConfig{"files.test": {Interval: 100 * time.Millisecond}}
		b.srv.Behave(faultserver.Delay(350 * time.Millisecond))
		b.opts = append(b.opts, littledl.WithSmallFilePriority(false))
		for i := range 40 {
			b.file(fmt.Sprint(i), kib)
		}
		began := time.Now()
		require.NoError(b, b.start())
		require.InDelta(b, 4.4, time.Since(began).Seconds(), 0.3)
	})
}

// TestHostSpeed: what comes from a host's ports together, and a file's requests together, keep
// below their speeds in each second, and reach them; the batch's holds over all.
func TestHostSpeed(t *testing.T) {
	t.Parallel()
	second := time.Second
	window := func(b *batch, at time.Duration, ids ...string) func() float64 {
		have := func() (n int64) {
			for _, id := range ids {
				n += b.task(id).Downloaded
			}
			return n
		}
		var n atomic.Int64
		time.AfterFunc(at, func() { n.Add(-have()) })
		time.AfterFunc(at+second, func() { n.Add(have()) })
		return func() float64 { return float64(n.Load()) }
	}
	for name, most := range map[string]int64{"the batch's": 1 << 20, "a host's and a file's": 0} {
		t.Run(name, func(t *testing.T) {
			batchBubble(t, func(b *batch) {
				b.conf.MaxSpeed = most
				b.conf.Hosts = map[string]littledl.HostConfig{"slow.test": {MaxSpeed: 500 * kib}}
				b.opts = append(b.opts, littledl.WithMaxConcurrentFiles(10))
				one, two := faultserver.Start(b, faultserver.On(b.net, "slow.test:80")), faultserver.Start(b, faultserver.On(b.net, "slow.test:81"))
				slow := []string{b.add(one.File("a", faultserver.Size(6*mib))), b.add(two.File("b", faultserver.Size(6*mib)))}
				own := b.add(b.srv.File("own", faultserver.Size(6*mib)), littledl.WithMaxSpeed(300*kib))
				rest := b.add(b.srv.File("rest", faultserver.Size(60*mib)))
				var check []func()
				for at := time.Duration(0); at < 6*second; at += 370 * time.Millisecond {
					host, file := window(b, at, slow...), window(b, at, own)
					all := window(b, at, append(slow, own, rest)...)
					check = append(check, func() {
						low := 0.95
						if at < second { // they begin
							low = 0.5
						}
						holds := func(want, got float64, reached bool) {
							require.LessOrEqual(b, got, 1.05*want, "%v from %v", want, at)
							require.True(b, got >= low*want || !reached, "%v of %v from %v", got, want, at)
						}
						holds(500*kib, host(), most == 0)
						holds(300*kib, file(), most == 0)
						if most > 0 {
							holds(float64(most), all(), true)
						}
					})
				}
				require.NoError(b, b.start())
				for _, c := range check {
					c()
				}
			})
		})
	}
}

// TestHostSpeedOfMany: many connections do not begin with a burst.
func TestHostSpeedOfMany(t *testing.T) {
	t.Parallel()
	batchBubble(t, func(b *batch) {
		b.conf.MaxSpeed = 50 * kib
		b.opts = append(b.opts, littledl.WithMaxConcurrentFiles(20), littledl.WithSmallFilePriority(false))
		for i := range 40 {
			b.file(fmt.Sprint(i), 20*kib)
		}
		var first atomic.Int64
		b.get()
		time.AfterFunc(time.Second, func() { first.Store(b.d.GetStats().ReceivedBytes) })
		began := time.Now()
		require.NoError(b, b.start())
		require.LessOrEqual(b, float64(first.Load()), 1.05*50*kib)
		require.InEpsilon(b, 16, time.Since(began).Seconds(), 0.05)
	})
}

func TestWithMaxSpeedInvalid(t *testing.T) {
	d, err := littledl.NewBatchDownloader()
	require.NoError(t, err)
	_, err = d.AddURL("http://files.test/a", littledl.WithMaxSpeed(-1))
	require.ErrorIs(t, err, littledl.ErrInvalidOption)
	_, err = d.AddURL("http://files.test/a", littledl.WithMaxSpeed(0))
	require.NoError(t, err)
}
