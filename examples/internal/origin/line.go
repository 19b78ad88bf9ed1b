package origin

import (
	"context"
	"time"
)

// lineKey finds a connection's line in the context of its requests.
type lineKey struct{}

// line is how one connection behaves. Requests on a connection follow each other,
// so it needs no lock; where they do not, over HTTP/2, it only reads.
type line struct {
	rate  int64     // bytes per second; 0: unlimited
	paid  time.Time // when all that was sent so far may have arrived
	known bool      // the handshake is behind it
}

const (
	maxPiece = 32 << 10
	minPiece = 4 << 10

	// catchUp is how much time a line that was late may make up for.
	catchUp = 20 * time.Millisecond
)

// piece is how many bytes to send at once, so that a slow line trickles instead
// of bursting.
func (l *line) piece() int {
	if l.rate == 0 {
		return maxPiece
	}
	return int(min(max(l.rate/100, minPiece), maxPiece))
}

// travel waits a round trip, or two on a new connection. The error is that the
// client gave up.
func (l *line) travel(ctx context.Context, rtt time.Duration) error {
	if rtt == 0 {
		return nil
	}
	if !l.known {
		l.known = true
		rtt *= 2
	}
	return wait(ctx, rtt)
}

// send waits until n bytes more fit the rate.
func (l *line) send(ctx context.Context, n int) error {
	if l.rate == 0 {
		return nil
	}
	now := time.Now()
	if earliest := now.Add(-catchUp); l.paid.Before(earliest) {
		l.paid = earliest
	}
	l.paid = l.paid.Add(time.Duration(n) * time.Second / time.Duration(l.rate))
	return wait(ctx, l.paid.Sub(now))
}

func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
