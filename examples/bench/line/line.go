// Package line is a way between two ends of this machine that is as long, as narrow and as
// lossy as one asks for, with the system's own TCP over it.
//
// Each end is a network namespace with one interface, a TUN device. What the kernel sends at
// one end is read here, packet by packet, waits for its turn on the wire and for the way, and
// is written to the other end. So connections begin slowly, lose packets, fill the queue in
// front of the wire and share it, as they do in the world, which no delay inside a server
// shows.
//
// The namespaces have no names: they are there as long as this process holds them, or a
// process that was started in one lives. So nothing is left of a line whose process was
// killed, lines do not know of each other, and nothing outside changes.
//
// It needs Linux, root (CAP_SYS_ADMIN and CAP_NET_ADMIN) and /dev/net/tun; elsewhere Start
// returns an error that is ErrUnavailable.
package line

import (
	"cmp"
	"errors"
	"fmt"
	"time"
)

// ErrUnavailable is that this system, or this user, can make no line.
var ErrUnavailable = errors.New("no line can be made here")

// Config is what a line is like. The zero value of a field is no limit of that kind.
type Config struct {
	RTT   time.Duration // there and back, where nothing waits
	Rate  float64       // bytes/s each way, headers of IP and TCP included
	Queue int           // packets that may wait for the wire; 0: 256
	Loss  float64       // share of the packets to the near end that is lost, 0..1
	Seed  uint64        // of the dice for that

	// Control is the congestion control of what is sent over Listen's connections: cubic,
	// reno, or what else the kernel has; "": cubic. It is never left to the system's
	// choice, so that figures can be compared.
	Control string
}

// Counts are the packets of one way.
type Counts struct {
	Carried int64
	Bytes   int64 // of the carried
	Lost    int64 // by the dice
	Dropped int64 // because the queue was full
}

const (
	mtu          = 1500
	defaultQueue = 256
	cubic        = "cubic"
)

// check returns the config with its defaults.
func (c Config) check() (Config, error) {
	if c.RTT < 0 || !(c.Rate >= 0) || c.Queue < 0 || !(c.Loss >= 0 && c.Loss <= 1) {
		return c, fmt.Errorf("line: %+v: no number may be negative, and Loss is at most 1", c)
	}
	c.Queue = cmp.Or(c.Queue, defaultQueue)
	c.Control = cmp.Or(c.Control, cubic)
	return c, nil
}
