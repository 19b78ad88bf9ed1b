package segment

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestInOrder: the first piece that is missing may always be asked for, what is behind it as far as
// there is room, and whoever finds none is told so.
func TestInOrder(t *testing.T) {
	const piece = 1 << 20
	room := int64(2 * piece)
	p := New(&Config{Least: piece, Part: 64 << 10, Whole: piece, Stall: time.Minute})
	p.SetSources(1)
	p.InOrder(func(lo, hi int64) bool {
		if hi-lo > room {
			return false
		}
		room -= hi - lo
		return true
	})
	now := time.Unix(0, 0)
	p.Round()
	p.Ask(0, piece)
	first := p.Take(Worker{}, now)
	p.Begin(first, 0, func(error) {}, 0, now)
	p.Sized(10*piece, true)
	p.Answered(first, now)
	out := p.LayOut(Layout{Segments: 4, Workers: 4, Piece: piece}, first, Now{Time: now, Limit: 4, Idle: 3, MayGrow: true})
	require.Equal(t, 3, out.Regular, "as many as there are pieces for")
	w := Worker{Additional: true}
	for i := int64(1); i <= 2; i++ {
		s := p.Take(w, now)
		lo, hi := p.Range(s)
		require.Equal(t, []int64{i * piece, (i + 1) * piece}, []int64{lo, hi})
		require.False(t, i == 2 && room > 0)
	}
	require.Nil(t, p.Take(w, now))
	require.True(t, p.HeldBack(w))
	p.Wrote(first, 0, piece) // it is delivered, but the second is not there
	p.Done(first)
	require.Nil(t, p.Take(w, now))
	room = piece / 2
	require.Nil(t, p.Take(w, now), "half a piece is none")
	room = piece
	s := p.Take(w, now)
	lo, _ := p.Range(s)
	require.EqualValues(t, 3*piece, lo)

	p.Return(s) // what was asked for is the first again
	room = piece
	lo, _ = p.Range(p.Take(w, now))
	require.EqualValues(t, 3*piece, lo)
	for i := range 4 {
		p.Quit()
		require.Equal(t, 3-i, p.Workers())
	}

	p.Round() // in another round the head is free of charge
	room = 0
	p.LayOut(Layout{Segments: 1, Workers: 1, Piece: piece}, nil, Now{Time: now, Limit: 4})
	lo, _ = p.Range(p.Take(Worker{}, now))
	require.EqualValues(t, piece, lo)
	require.Nil(t, p.Take(Worker{}, now))
}
