package segment

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPieces: what runs, what is there and what nobody has begun are the whole file.
func TestPieces(t *testing.T) {
	p := New(&config)
	p.SetSources(1)
	p.Round()
	require.Equal(t, []Piece{{0, ToEnd, 0, -1}}, p.Pieces())
	p.Sized(100*mib, true)
	p.LayOut(Layout{Segments: 4, Workers: 4}, nil, Now{Time: at(0), Limit: 4, Idle: 4, Room: 4, Files: 1, MayGrow: true})
	require.Equal(t, []Piece{{0, 100 * mib, 0, -1}}, p.Pieces())
	a := p.Take(Worker{}, at(0))
	b := p.Take(Worker{}, at(0))
	p.Begin(a, 0, func(error) {}, 0, at(0))
	p.Wrote(a, 0, mib)
	require.Equal(t, []Piece{{0, 25 * mib, mib, 0}, {25 * mib, 100 * mib, 0, -1}}, p.Pieces())
	p.Begin(b, 0, func(error) {}, 0, at(0))
	p.Wrote(b, 25*mib, 2*mib)
	p.End(a, at(1))
	require.Equal(t, []Piece{
		{0, mib, mib, 0}, {mib, 25 * mib, 0, -1}, {25 * mib, 50 * mib, 2 * mib, 0}, {50 * mib, 100 * mib, 0, -1},
	}, p.Pieces())
}
