//go:build !linux

package line

import (
	"context"
	"fmt"
	"net"
	"runtime"
)

// Line is a way between two ends: clients are near, servers far. There is none here.
type Line struct{}

// Start says that there is none.
func Start(c Config) (*Line, error) {
	if _, err := c.check(); err != nil {
		return nil, err
	}
	return nil, fmt.Errorf("%w: it takes Linux, and this is %s", ErrUnavailable, runtime.GOOS)
}

// Close does nothing.
func (*Line) Close() error { return nil }

// Near does nothing.
func (*Line) Near(func() error) error { return ErrUnavailable }

// Dial does nothing.
func (*Line) Dial(context.Context, string, string) (net.Conn, error) { return nil, ErrUnavailable }

// Listen does nothing.
func (*Line) Listen() (net.Listener, error) { return nil, ErrUnavailable }

// Counts are none.
func (*Line) Counts() (up, down Counts) { return Counts{}, Counts{} }
