package batch

import (
	"time"

	"github.com/littledl/littledl/internal/meter"
	"github.com/littledl/littledl/internal/transfer"
)

// reporter is a run's only clock: at every tick it looks after the transfers,
// samples speeds, and has progress told when it is time. Nothing else polls.
type reporter struct {
	r     *Run
	speed *meter.Meter
	held  []any // scratch
	files []*transfer.File
}

const (
	tickTime      = 100 * time.Millisecond
	speedHalfLife = 2 * time.Second
)

func newReporter(r *Run) *reporter { return &reporter{r: r, speed: meter.New(speedHalfLife)} }

func (p *reporter) loop(stop <-chan struct{}) {
	interval, told := p.r.Interval, time.Now()
	p.speed.Sample(told, 0)
	every := max(min(tickTime, interval, p.r.engine.Stall/4), 5*time.Millisecond)
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-stop:
			return
		case now := <-ticker.C:
			if p.r.quiet.now() {
				ticker.Stop()
				select {
				case <-stop:
					return
				case <-p.r.quiet.rouse:
				}
				ticker.Reset(every)
				p.speed, told = meter.New(speedHalfLife), time.Now()
				p.speed.Sample(told, p.r.engine.Client.Received())
				continue
			}
			p.tick(now)
			if late := now.Sub(told); late >= interval {
				told = now.Add(-(late % interval)) // what the tick is late by does not add up
				p.r.notify.progress()
			}
		}
	}
}

// lookAside has a file that crawls give its place to another, and its connections but one.
func (p *reporter) lookAside(f *transfer.File, now time.Time) {
	if f.Drips(now) && p.r.Table.StandAside(f.Task()) {
		p.r.Wake()
	}
	if p.r.Table.Aside(f.Task()) {
		f.StoodAside()
	}
}

func (p *reporter) tick(now time.Time) {
	p.speed.Sample(now, p.r.engine.Client.Received())
	p.r.speed.Store(int64(p.speed.Speed()))
	p.held, p.files = p.r.Table.Active(p.held[:0]), p.files[:0]
	for _, f := range p.held {
		p.files = append(p.files, f.(*transfer.File))
	}
	for _, f := range p.files {
		f.Watch(now)
		f.Hurry(now)
		f.Measure(now)
		p.lookAside(f, now)
	}
	p.r.engine.Origins.Tick(now)
	if p.r.Share != nil {
		p.r.Share.tick(p.files, p.r.Allowed())
	}
}
