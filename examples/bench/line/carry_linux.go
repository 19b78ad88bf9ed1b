package line

import (
	"os"
	"time"
)

// packet is one on its way.
type packet struct {
	arrives time.Time
	data    []byte
}

const (
	// underWay is how many packets of one way may be under way before its reader waits:
	// more than a wire of a Gbit/s holds in half a second.
	underWay = 1 << 16

	// slabSize is how much is allocated at once, for many packets.
	slabSize = 64 << 10
)

// carry moves the packets of one way until the line is closed.
func (l *Line) carry(from, to *os.File, w *wire) {
	way := make(chan packet, underWay)
	l.carriers.Go(func() {
		defer close(way)
		var slab []byte
		for {
			if len(slab) < mtu {
				slab = make([]byte, slabSize)
			}
			n, err := from.Read(slab)
			if err != nil {
				return // closed
			}
			arrives, ok := w.offer(time.Now(), n)
			if !ok {
				continue
			}
			select {
			case way <- packet{arrives, slab[:n:n]}:
				slab = slab[n:]
			case <-l.stop:
				return
			}
		}
	})
	l.carriers.Go(func() {
		timer := time.NewTimer(0)
		defer timer.Stop()
		for p := range way {
			if early := time.Until(p.arrives); early > 0 {
				timer.Reset(early)
				select {
				case <-timer.C:
				case <-l.stop:
					return
				}
			}
			to.Write(p.data) // what cannot be received is lost, as it would be elsewhere
		}
	})
}
