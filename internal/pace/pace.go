// Package pace keeps a crowd of transfers below one speed.
package pace

import (
	"context"
	"sync"
	"time"
)

// Limiter spaces bytes in time. A nil Limiter does not limit. Safe for concurrent use.
type Limiter struct {
	rate float64 // bytes per second

	mu   sync.Mutex
	next time.Time // when everything let through so far is paid for
}

// slack is how much unused time may be made up for later.
const slack = 50 * time.Millisecond

// New returns a limiter of rate bytes per second; nil for 0.
func New(rate int64) *Limiter {
	if rate <= 0 {
		return nil
	}
	return &Limiter{rate: float64(rate)}
}

// Burst is how many bytes should be taken at once at most, given a buffer's size,
// so that one transfer does not shut out the others for long.
func (l *Limiter) Burst(buffer int) int {
	if l == nil {
		return buffer
	}
	return min(buffer, max(int(l.rate/20), 4<<10))
}

// Wait blocks until n bytes that have just been moved are paid for, or ctx ends;
// then it returns the context's cause.
func (l *Limiter) Wait(ctx context.Context, n int) error {
	if l == nil {
		return nil
	}
	now := time.Now()
	l.mu.Lock()
	if floor := now.Add(-slack); l.next.Before(floor) {
		l.next = floor
	}
	l.next = l.next.Add(time.Duration(float64(n) / l.rate * float64(time.Second)))
	wait := l.next.Sub(now)
	l.mu.Unlock()
	if wait <= 0 {
		return nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
