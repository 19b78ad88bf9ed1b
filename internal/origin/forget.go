package origin

import "time"

// A batch that lasts may ask more hosts than anybody wants to know of at once. Beyond some those
// are forgotten that nobody has asked for a while and that are in no trouble.

const (
	maxKnown = 10_000
	idleTime = time.Minute
)

// forgetIdle forgets them. Whoever has one of them in hand goes on with it.
func (t *Table) forgetIdle(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.all) <= maxKnown || now.Sub(t.looked) < idleTime/4 {
		return
	}
	t.looked = now
	kept := make([]*Origin, 0, len(t.all)) // others may be looking at the list there is
	for _, o := range t.all {
		if o.isIdle(now) {
			delete(t.byName, o.name)
			t.conf.Served.forget(o.name)
			continue
		}
		kept = append(kept, o)
	}
	t.all = kept
	for k, o := range t.byURL {
		if t.byName[o.name] != o {
			delete(t.byURL, k)
		}
	}
}

func (o *Origin) isIdle(now time.Time) bool {
	group, lanes := o.group.Usage(), o.lanes.Usage()
	o.mu.Lock()
	defer o.mu.Unlock()
	return group.Used+group.Waiting+lanes.Used+lanes.Waiting == 0 && o.health.InFlight == 0 &&
		o.health.Until <= o.table.At(now) && now.Sub(o.asked) >= idleTime
}
