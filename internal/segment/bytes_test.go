package segment

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestComplete: only a file whose size is known, and no byte of which is missing.
func TestComplete(t *testing.T) {
	p := New(&config)
	p.SetSources(1)
	require.False(t, p.Complete())
	p.Adopt(1000, pairs{{0, 300}, {500, 1000}}.spans())
	require.False(t, p.Complete())
	require.EqualValues(t, 800, p.Len())
	require.EqualValues(t, 300, p.Prefix())
	require.Equal(t, pairs{{300, 500}}.spans(), p.There().Gaps(0, 1000))
	p.Adopt(1000, pairs{{300, 500}}.spans())
	require.True(t, p.Complete())
	require.EqualValues(t, 1, p.Forget(999, 2000))
	require.False(t, p.Complete())
	require.EqualValues(t, 999, p.Reset())
	require.Zero(t, p.Len())
	require.False(t, p.Complete())
}

// TestWroteTwice: bytes that come a second time do not count again.
func TestWroteTwice(t *testing.T) {
	p, s := inParts(1000, 1)
	added, first := p.Wrote(s[0], 0, 100)
	require.EqualValues(t, 100, added)
	require.True(t, first)
	p.FirstByte(s[0], at(0))
	added, first = p.Wrote(s[0], 50, 100)
	require.EqualValues(t, 50, added)
	require.False(t, first)
	require.EqualValues(t, 150, p.Bytes(0))
	n, answered := p.Brought(s[0])
	require.EqualValues(t, 150, n)
	require.True(t, answered)
	require.Zero(t, p.Last())
}

// TestStream: an answer that is the whole file, of a size that only its end tells.
func TestStream(t *testing.T) {
	p := New(&config)
	p.SetSources(1)
	p.Adopt(5000, pairs{{0, 100}, {2000, 3000}}.spans())
	p.Round()
	p.Ask(100, 1000)
	s := p.Take(Worker{}, at(0))
	require.False(t, p.Shared())
	p.Begin(s, 0, func(error) {}, 0, at(0))
	p.Sized(-1, false)
	p.Stream(s, ToEnd)
	require.False(t, p.Divided())
	require.Greater(t, p.Room(s, 1<<40), int64(1<<40))
	arrive(p, s, 2500, at(0))
	require.Nil(t, p.Take(Worker{}, at(0)))
	require.EqualValues(t, 500, p.Close(2500), "what was behind its end")
	require.True(t, p.Complete())
	require.EqualValues(t, 2500, p.Len())
}

// TestRefetch: bytes that were there and are no good are somebody's again, once.
func TestRefetch(t *testing.T) {
	p := New(&config)
	p.SetSources(1)
	p.Adopt(4000, pairs{{0, 1000}, {2000, 4000}}.spans())
	p.Round()
	p.LayOut(Layout{Segments: 1, Workers: 1}, nil, freely(0))
	require.EqualValues(t, 1500, p.Refetch(500, 3000))
	require.Equal(t, pairs{{1000, 2000}, {500, 1000}, {2000, 3000}}, ranges(p.pending...))
	require.Zero(t, p.Refetch(500, 3000))
	require.NoError(t, p.check())

	p.Round()
	p.Refetch(3000, 3500) // before it is known how the rest is fetched
	p.LayOut(Layout{Segments: 1, Workers: 1}, nil, freely(0))
	require.Equal(t, pairs{{3000, 3500}, {500, 3000}}, ranges(p.pending...))
	require.NoError(t, p.check())
}

// TestAttribution: a byte on the disk is of the source that wrote it last.
func TestAttribution(t *testing.T) {
	p, s := inParts(1000, 2)
	p.SetSources(2)
	p.Begin(s[1], 1, func(error) {}, 0, at(0))
	p.Wrote(s[0], 0, 300)
	p.Wrote(s[1], 200, 300)
	require.Equal(t, pairs{{0, 200}}.spans(), p.Written(0).Ranges())
	require.Equal(t, pairs{{200, 500}}.spans(), p.Written(1).Ranges())
	require.EqualValues(t, 300, p.Bytes(0))
	require.EqualValues(t, 200, p.Bytes(1))
	require.Equal(t, 1, p.Last())
	require.NoError(t, p.check())
	p.Reset()
	require.Zero(t, p.Written(0).Len())
	require.EqualValues(t, 300, p.Bytes(0), "what it has brought, it has")

	p.SetSources(1)
	require.Zero(t, p.Bytes(0))
}

// TestRate: the fastest of a source that flows, else what was seen last.
func TestRate(t *testing.T) {
	p, s, _ := crew(map[int][]float64{0: {100, 300}, 1: {50}})
	require.EqualValues(t, 300, p.Rate(0))
	require.Zero(t, p.Latest(0))
	p.End(s[1], at(0))
	require.EqualValues(t, 100, p.Rate(0))
	p.End(s[0], at(0))
	require.EqualValues(t, 100, p.Rate(0))
	require.EqualValues(t, 100, p.Latest(0))

	p.Expect(0, 500)
	p.Expect(0, 400)
	require.EqualValues(t, 500, p.Rate(0), "it has not served yet")
	arrive(p, s[1], 1, at(0))
	p.Expect(0, 9000)
	require.EqualValues(t, 500, p.Latest(0))
}

// TestWorkersAt: how many are at a source.
func TestWorkersAt(t *testing.T) {
	p := sized(1000)
	p.SetSources(2)
	p.Join(1)
	p.Join(1)
	p.Leave(1)
	require.Zero(t, p.WorkersAt(0))
	require.Equal(t, 1, p.WorkersAt(1))
}

// TestRound: what was under way is nobody's any more; what is there stays.
func TestRound(t *testing.T) {
	p, s := inParts(4000, 4)
	arrive(p, s[1], 500, at(0))
	p.Round()
	require.Equal(t, 1, p.Workers())
	require.False(t, p.Shared())
	p.LayOut(Layout{Segments: 1, Workers: 1}, nil, freely(0))
	require.Equal(t, pairs{{0, 1000}, {1500, 4000}}, ranges(p.pending...))
	require.NoError(t, p.check())
}
