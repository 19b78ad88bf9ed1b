package line

import (
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// wire decides what becomes of the packets of one way. It has no clock. Its packets are
// offered by one goroutine; the counts may be read by any.
type wire struct {
	delay   time.Duration
	rate    float64 // bytes/s; 0: no limit
	waiting float64 // bytes that may wait
	loss    float64
	dice    *rand.Rand
	free    time.Time // when all that it was given has been sent

	carried, bytes, lost, dropped atomic.Int64
}

func newWire(c Config, loss float64) *wire {
	return &wire{
		delay: c.RTT / 2, rate: c.Rate, waiting: float64(c.Queue) * mtu,
		loss: loss, dice: rand.New(rand.NewPCG(c.Seed, 0)),
	}
}

// offer is when a packet of n bytes that comes now arrives; false: never.
func (w *wire) offer(now time.Time, n int) (arrives time.Time, ok bool) {
	if w.loss > 0 && w.dice.Float64() < w.loss {
		w.lost.Add(1)
		return now, false
	}
	if w.free.Before(now) {
		w.free = now
	}
	if w.rate > 0 {
		if w.free.Sub(now).Seconds()*w.rate > w.waiting {
			w.dropped.Add(1)
			return now, false
		}
		w.free = w.free.Add(time.Duration(float64(n) / w.rate * float64(time.Second)))
	}
	w.carried.Add(1)
	w.bytes.Add(int64(n))
	return w.free.Add(w.delay), true
}

func (w *wire) counts() Counts {
	return Counts{Carried: w.carried.Load(), Bytes: w.bytes.Load(), Lost: w.lost.Load(), Dropped: w.dropped.Load()}
}
