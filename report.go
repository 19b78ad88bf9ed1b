package littledl

import (
	"time"

	"github.com/littledl/littledl/internal/meter"
)

// reporter is a run's only clock: at every tick it looks after the transfers,
// samples speeds, and has progress told when it is time. Nothing else polls.
type reporter struct {
	r     *run
	begun time.Time
	speed *meter.Meter
	files []*file // scratch
}

const (
	tickTime      = 100 * time.Millisecond
	speedHalfLife = 2 * time.Second
)

func (p *reporter) loop(stop <-chan struct{}) {
	cfg := p.r.d.set.cfg
	p.begun = time.Now()
	p.speed = meter.New(speedHalfLife)
	p.speed.Sample(p.begun, 0)
	ticker := time.NewTicker(max(min(tickTime, cfg.ProgressInterval, cfg.StallTimeout/4), 5*time.Millisecond))
	defer ticker.Stop()
	told := p.begun
	for {
		select {
		case <-stop:
			return
		case now := <-ticker.C:
			p.tick(now)
			if late := now.Sub(told); late >= cfg.ProgressInterval {
				told = now.Add(-(late % cfg.ProgressInterval)) // what the tick is late by does not add up
				p.r.notify.progress()
			}
		}
	}
}

func (p *reporter) tick(now time.Time) {
	d := p.r.d
	p.speed.Sample(now, p.r.received.Load())
	d.mu.Lock()
	d.totals.speed = p.speed.Speed()
	p.files = p.files[:0]
	for f := range p.r.active {
		p.files = append(p.files, f)
	}
	d.mu.Unlock()
	for _, f := range p.files {
		f.watch(now)
		f.measure(now)
	}
	p.r.pool.adapt(now)
	if p.r.sharing != nil {
		p.r.sharing.tick(p.files)
	}
}

// measure smooths the speed that FileTask shows.
func (f *file) measure(now time.Time) {
	if f.speed == nil {
		f.speed = meter.New(speedHalfLife)
	}
	f.speed.Sample(now, f.received.Load())
	f.t.speed.Store(int64(f.speed.Speed()))
}

// averageSpeed stands in for a smoothed speed where a batch ended before the first tick.
func (r *run) averageSpeed() float64 {
	if s := time.Since(r.begun).Seconds(); s > 0 {
		return float64(r.received.Load()) / s
	}
	return 0
}
