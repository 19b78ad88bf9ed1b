package segment

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestNarrow: a file that is narrow keeps one request, and gets its others back afterwards.
func TestNarrow(t *testing.T) {
	p := large(4, false)
	l := newLine(p, sum)
	l.take()
	four := func(n Now) Now { n.Limit = 4; return n }
	l.run(5*time.Second, four)
	require.Equal(t, 4, p.Workers())
	p.Narrow(true)
	require.Len(t, l.ended, 3)
	for _, why := range l.ended {
		require.ErrorIs(t, why, ErrShed)
	}
	l.run(5*time.Second, four)
	require.Equal(t, 1, p.Workers(), "no others join")
	p.Narrow(true)
	p.Narrow(false)
	l.run(time.Second, four)
	require.Equal(t, 4, p.Workers())
	require.NoError(t, p.check())

	p.Narrow(true)
	p.Round()
	p.LayOut(Layout{Segments: 4, Workers: 4}, nil, freely(l.now))
	require.Equal(t, 4, p.Workers(), "a round begins as it is laid out")
}

// TestNarrowKeepsTheOwner: the request that is kept is of the worker that the round cannot do
// without, who would ask again otherwise.
func TestNarrowKeepsTheOwner(t *testing.T) {
	p := large(3, false)
	ended := map[int]error{}
	for i, additional := range []bool{true, false, true} {
		s := p.Take(Worker{Additional: additional}, at(0))
		p.Begin(s, 0, func(why error) { ended[i] = why }, 0, at(0))
	}
	p.Narrow(true)
	require.Len(t, ended, 2)
	require.NotContains(t, ended, 1)
}

// TestWaits: what waits for its server has an answer, of which no byte need be there.
func TestWaits(t *testing.T) {
	p := large(1, false)
	s := p.Take(Worker{}, at(0))
	p.Begin(s, 0, func(error) {}, 0, at(0))
	require.False(t, p.Waits())
	p.Answered(s, at(0))
	require.True(t, p.Waits())
	p.Throttle(s, true, at(0))
	require.False(t, p.Waits())
	p.Throttle(s, false, at(0))
	p.End(s, at(time.Second))
	require.False(t, p.Waits())
}
