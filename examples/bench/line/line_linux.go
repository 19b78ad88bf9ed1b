package line

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// The addresses of the two ends, which nobody else can see.
const (
	nearAddress = "10.77.0.1"
	farAddress  = "10.77.0.2"
)

// Line is a way between two ends: clients are near, servers far.
type Line struct {
	control   string
	near, far *end
	up, down  *wire
	carriers  sync.WaitGroup
	stop      chan struct{}
	once      sync.Once
}

// Start makes a line. The caller closes it.
func Start(c Config) (*Line, error) {
	c, err := c.check()
	if err != nil {
		return nil, err
	}
	near, err := newEnd(nearAddress)
	if err != nil {
		return nil, err
	}
	far, err := newEnd(farAddress)
	if err != nil {
		near.close()
		return nil, err
	}
	l := &Line{control: c.Control, near: near, far: far, up: newWire(c, 0), down: newWire(c, c.Loss), stop: make(chan struct{})}
	l.carry(near.device, far.device, l.up)
	l.carry(far.device, near.device, l.down)
	return l, nil
}

// Close ends the line. What is still open at its ends hears nothing more.
func (l *Line) Close() error {
	var err error
	l.once.Do(func() {
		close(l.stop)
		err = errors.Join(l.near.close(), l.far.close())
		l.carriers.Wait()
	})
	return err
}

// Near runs f so that the sockets it makes, and the processes it starts, are at the near end;
// what f leaves to other goroutines is not.
func (l *Line) Near(f func() error) error { return l.near.run(f) }

// Dial connects to the far end, as net.Dialer.DialContext does. The address is one of numbers.
func (l *Line) Dial(ctx context.Context, network, address string) (c net.Conn, err error) {
	err = l.near.run(func() error {
		c, err = (&net.Dialer{}).DialContext(ctx, network, address)
		return err
	})
	return c, err
}

// Listen listens at the far end.
func (l *Line) Listen() (listener net.Listener, err error) {
	control := func(_, _ string, c syscall.RawConn) error {
		var err error
		return errors.Join(c.Control(func(fd uintptr) {
			err = os.NewSyscallError("setsockopt", unix.SetsockoptString(int(fd), unix.IPPROTO_TCP, unix.TCP_CONGESTION, l.control))
		}), err)
	}
	config := net.ListenConfig{Control: control}
	config.SetMultipathTCP(false)
	err = l.far.run(func() error {
		listener, err = config.Listen(context.Background(), "tcp4", farAddress+":0")
		return err
	})
	return listener, err
}

// Counts are what has been carried so far: to the far end, and to the near one.
func (l *Line) Counts() (up, down Counts) { return l.up.counts(), l.down.counts() }
