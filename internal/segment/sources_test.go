package segment

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestAwaitsAndBrings: who refuses one request beside another is told apart from a source that has
// nothing for anybody, also where bodies come long after their heads, and between two ticks.
func TestAwaitsAndBrings(t *testing.T) {
	const late = 3 * time.Second / 2
	p, s := inParts(1000, 2)
	p.End(s[0], at(0))
	awaits := func() bool { return p.Awaits(0, s[1]) }
	brings := func(d time.Duration) bool { yes, _ := p.Bringing(0, s[1], at(d)); return yes }
	require.False(t, awaits())
	p.Begin(s[0], 0, func(error) {}, 0, at(0))
	require.True(t, awaits())
	require.False(t, brings(0))
	p.Answered(s[0], at(0))
	require.True(t, awaits(), "its first byte")
	require.True(t, brings(0), "it is about to")
	require.True(t, awaits() && !brings(p.cfg.Stall/2+late))
	from, _ := p.Range(s[0])
	p.Wrote(s[0], from, 10)
	p.FirstByte(s[0], at(p.cfg.Stall/2+late))
	require.False(t, awaits())
	require.True(t, brings(p.cfg.Stall/2+late+1), "though no tick has looked since")
	p.End(s[0], at(p.cfg.Stall+late))
	require.False(t, awaits() || brings(p.cfg.Stall+late))
}
