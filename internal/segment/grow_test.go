package segment

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// line is a network on which a plan is worked on: bytes arrive at a speed that depends on
// how many connections there are.
type line struct {
	p       *Plan
	speed   func(connections int) float64
	latency time.Duration
	now     time.Duration
	out     Scaling // in all
	current []*Segment
	since   map[*Segment]time.Duration
	ended   map[*Segment]error
}

func newLine(p *Plan, speed func(connections int) float64) *line {
	return &line{p: p, speed: speed, latency: 20 * time.Millisecond, since: map[*Segment]time.Duration{}, ended: map[*Segment]error{}}
}

// take has as many workers as are counted have a request each.
func (l *line) take() {
	for len(l.current) < l.p.Workers() {
		s := l.p.Take(Worker{Latency: l.latency}, at(l.now))
		if s == nil {
			return
		}
		l.p.Begin(s, 0, func(why error) { l.ended[s] = why }, l.latency, at(l.now))
		l.current, l.since[s] = append(l.current, s), l.now
	}
}

// run lets time pass, with a tick every tenth of a second.
func (l *line) run(d time.Duration, now func(Now) Now) {
	for end := l.now + d; l.now < end; {
		l.now += 10 * time.Millisecond
		var flowing []*Segment
		var rest []*Segment
		for _, s := range l.current {
			switch {
			case l.ended[s] != nil:
				l.p.End(s, at(l.now))
				l.p.Return(s)
				l.p.Quit()
				delete(l.ended, s)
				continue
			case l.now-l.since[s] >= l.latency:
				flowing = append(flowing, s)
			}
			rest = append(rest, s)
		}
		l.current = rest
		for _, s := range flowing {
			n := int64(l.speed(len(flowing)) * 0.01 / float64(len(flowing)))
			if !s.flows() {
				n = 1
			}
			if arrive(l.p, s, n, at(l.now)) {
				l.count(l.p.Grow(now(freely(l.now))))
			}
		}
		if l.now%(100*time.Millisecond) == 0 {
			l.count(l.p.Tick(now(freely(l.now))))
		}
		l.take()
	}
}

func (l *line) count(out Scaling) {
	l.out.Regular, l.out.Extra = l.out.Regular+out.Regular, l.out.Extra+out.Extra
	if out.Best > 0 {
		l.out.Best = out.Best
	}
}

func asIs(n Now) Now { return n }

// large is a plan of one file that takes long, with so many workers.
func large(workers int, down bool) *Plan {
	p := sized(1 << 40)
	p.LayOut(Layout{Segments: workers, Workers: workers, Down: down}, nil, freely(0))
	return p
}

const mib = 1 << 20

// each is a line on which connections do not hinder each other, sum one that they share.
func each(n int) float64 { return float64(n) * mib }
func sum(int) float64    { return mib }

// TestGrows: where each connection has a speed of its own they are doubled up to the limit.
func TestGrows(t *testing.T) {
	p := large(2, false)
	l := newLine(p, each)
	l.take()
	l.run(5*time.Second, asIs)
	require.Equal(t, 16, p.Workers())
	require.Equal(t, 14, l.out.Extra)
	require.Zero(t, l.out.Regular)
	require.Equal(t, 16, l.out.Best)
	require.NoError(t, p.check())
}

// TestDoesNotPay: what brought nothing is given back, for good.
func TestDoesNotPay(t *testing.T) {
	p := large(2, false)
	l := newLine(p, sum)
	l.take()
	l.run(5*time.Second, asIs)
	require.Equal(t, 2, p.Workers())
	require.Equal(t, 2, l.out.Extra)
	require.Equal(t, 2, l.out.Best)
	l.run(10*time.Second, asIs)
	require.Equal(t, 2, l.out.Extra, "it is not tried again")
	require.NoError(t, p.check())
}

// TestComesBack: a number that was better after all, since the line has changed meanwhile,
// is taken up again, for good.
func TestComesBack(t *testing.T) {
	p := large(2, false)
	changed := false
	l := newLine(p, func(n int) float64 {
		changed = changed || n == 4
		if changed && n < 4 {
			return mib / 4
		}
		return mib
	})
	l.take()
	l.run(5*time.Second, asIs)
	require.Equal(t, 4, p.target)
	require.True(t, p.growth.over)
}

// TestProbesDown: one that may begin with many takes all that is idle, and gives back by
// halves while that costs nothing.
func TestProbesDown(t *testing.T) {
	p := large(4, true)
	l := newLine(p, sum)
	l.take()
	most := 0
	for range 80 {
		l.run(100*time.Millisecond, asIs)
		most = max(most, p.Workers())
	}
	require.Equal(t, 16, most)
	require.Equal(t, 1, p.Workers())
	require.NoError(t, p.check())
}

// TestShares: of what is idle it takes its part.
func TestShares(t *testing.T) {
	p := large(1, true)
	l := newLine(p, each)
	l.take()
	l.run(200*time.Millisecond, func(n Now) Now { n.Idle, n.Files = 15, 3; return n })
	require.Equal(t, 6, p.Workers())
}

// TestMayNotGrow: no more workers join than there is room for.
func TestMayNotGrow(t *testing.T) {
	for name, c := range map[string]struct {
		now  func(Now) Now
		want int
	}{
		"limit reached":       {func(n Now) Now { n.Limit = 2; return n }, 2},
		"a limit":             {func(n Now) Now { n.Limit = 5; return n }, 5},
		"others need some":    {func(n Now) Now { n.Limit, n.Others = 5, 2; return n }, 3},
		"nothing is idle":     {func(n Now) Now { n.Idle = 0; return n }, 2},
		"others go first":     {func(n Now) Now { n.MayGrow = false; return n }, 2},
		"others need all":     {func(n Now) Now { n.Others = 100; return n }, 2},
		"nothing is in order": {func(Now) Now { return Now{} }, 2},
	} {
		t.Run(name, func(t *testing.T) {
			p := large(2, false)
			l := newLine(p, each)
			l.take()
			l.run(5*time.Second, func(n Now) Now {
				changed := c.now(n)
				changed.Time = n.Time
				return changed
			})
			require.Equal(t, c.want, p.Workers())
		})
	}
}

// TestSettled: where the number is not to be found out it stays.
func TestSettled(t *testing.T) {
	p := sized(1 << 40)
	p.LayOut(Layout{Segments: 2, Workers: 2, Settled: true}, nil, freely(0))
	l := newLine(p, each)
	l.take()
	l.run(5*time.Second, asIs)
	require.Equal(t, 2, p.Workers())
}

// TestGrowsAtOnce: the trial does not wait for a tick when the last connection flows.
func TestGrowsAtOnce(t *testing.T) {
	p, s := inParts(1<<40, 2)
	arrive(p, s[0], 1, at(0))
	require.Zero(t, p.Grow(freely(0)))
	arrive(p, s[1], 1, at(0))
	require.Equal(t, Scaling{Extra: 2}, p.Grow(freely(0)))
	require.Equal(t, 4, p.Workers())
}

// TestSmallFile: one request has all of it.
func TestSmallFile(t *testing.T) {
	p, s := inParts(config.Whole-1, 1)
	require.False(t, p.Divided())
	arrive(p, s[0], 1, at(0))
	require.Zero(t, p.Grow(freely(0)))
	require.Zero(t, p.Tick(freely(5*time.Second)))
}
