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
	served  int // at once, at most
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
				l.count(l.p.Grow(now(l.free())))
			}
		}
		if l.now%(100*time.Millisecond) == 0 {
			l.count(l.p.Tick(now(l.free())))
		}
		l.take()
	}
}

// free is freely, at a host that may be tried with twice as many as it has been seen to serve.
func (l *line) free() Now {
	n := freely(l.now)
	l.served = max(l.served, flowing(l.p.running))
	n.Room = max(2*l.served-l.p.Workers(), 0)
	return n
}

func flowing(running []*Segment) (n int) {
	for _, s := range running {
		if s.flows() {
			n++
		}
	}
	return n
}

func (l *line) count(out Scaling) {
	l.out.Regular, l.out.Extra = l.out.Regular+out.Regular, l.out.Extra+out.Extra
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

// TestGrows: they are doubled up to the limit, one round trip after the other, and stay: all of
// them, or, with one that is probing down, where each has a speed of its own.
func TestGrows(t *testing.T) {
	for _, down := range []bool{false, true} {
		p := large(2, down)
		l := newLine(p, each)
		l.take()
		l.run(3*l.latency+50*time.Millisecond, asIs)
		require.Equal(t, 16, p.Workers())
		require.Equal(t, 14, l.out.Extra)
		l.run(10*time.Second, asIs)
		require.Equal(t, 16, p.Workers())
		require.Zero(t, l.out.Regular)
		require.NoError(t, p.check())
	}
}

// TestDoesNotPay: what brings nothing is given back, for good.
func TestDoesNotPay(t *testing.T) {
	p := large(2, true)
	l := newLine(p, func(n int) float64 { return float64(min(n, 4)) * mib })
	l.take()
	l.run(10*time.Second, asIs)
	require.Equal(t, 4, p.Workers())
	extra := l.out.Extra
	l.run(10*time.Second, asIs)
	require.Equal(t, extra, l.out.Extra, "it is not tried again")
	require.NoError(t, p.check())
}

// TestComesBack: a number that was better after all, since the line has changed meanwhile,
// is taken up again, for good.
func TestComesBack(t *testing.T) {
	p := large(2, true)
	changed := false
	l := newLine(p, func(n int) float64 {
		changed = changed || n == 4 && p.growth.from > 0
		if changed && n < 4 {
			return mib / 4
		}
		return mib
	})
	l.take()
	l.run(10*time.Second, asIs)
	require.Equal(t, 4, p.target)
	require.True(t, p.growth.over)
}

// TestSecondLook: what did well for a moment only is given up for all that there were.
func TestSecondLook(t *testing.T) {
	p := large(16, true)
	p.growth.wider = true
	fell := false
	l := newLine(p, func(n int) float64 {
		fell = fell || n <= 4
		if n < 8 || n < 16 && fell {
			return mib / 4
		}
		return mib
	})
	l.take()
	l.run(10*time.Second, asIs)
	require.True(t, fell)
	require.Equal(t, 16, p.target)
	require.True(t, p.growth.over)
	require.NoError(t, p.check())
}

// TestFewLeft: nothing is tried with a file that will soon be there.
func TestFewLeft(t *testing.T) {
	for size, tried := range map[int64]bool{16 * mib: true, 2 * mib: false} {
		p := sized(size)
		p.LayOut(Layout{Segments: 16, Workers: 2, Most: 8, Down: true}, nil, freely(0))
		l := newLine(p, sum)
		l.take()
		l.run(1500*time.Millisecond, asIs)
		require.Equal(t, tried, p.growth.from > 0)
	}
}

// TestOneIsLate: a connection of many that begins late keeps the others from joining for a moment
// only; several do so for as long as they may.
func TestOneIsLate(t *testing.T) {
	for late, wait := range map[int]time.Duration{1: growthWindow, 2: growthWait} {
		p, s := inParts(1<<40, 8)
		p.Round()
		p.LayOut(Layout{Segments: 8, Workers: 8}, nil, freely(0))
		for i := range s {
			s[i] = p.Take(Worker{}, at(0))
			p.Begin(s[i], 0, func(error) {}, 0, at(0))
		}
		for _, s := range s[late:] {
			arrive(p, s, 1, at(0))
		}
		require.Zero(t, p.Grow(freely(wait-1)))
		require.Equal(t, late == 1, p.Grow(freely(wait)).Extra == 8)
		require.Zero(t, p.Grow(freely(wait+growthWait)), "others are not to be had")
	}
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
	l.run(200*time.Millisecond, func(n Now) Now { n.Idle, n.Files = max(6-p.Workers(), 0)*3, 3; return n })
	require.Equal(t, 6, p.Workers())

	p = large(8, true)
	l = newLine(p, each)
	l.take()
	l.run(l.latency+10*time.Millisecond, func(n Now) Now { n.Idle, n.Room, n.Files = 15, 15, 4; return n })
	require.Equal(t, 12, p.Workers())
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
	now := freely(0)
	now.Room = 2
	require.Equal(t, Scaling{Extra: 2}, p.Grow(now))
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
