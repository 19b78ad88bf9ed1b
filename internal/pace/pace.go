// Package pace keeps a crowd of transfers below one speed.
package pace

import (
	"context"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Limiter spaces bytes in time: they are taken before they are moved. The rate may change while
// some are waited for. The zero Limiter does not limit, nor does a nil one. Safe for concurrent
// use.
type Limiter struct {
	rate atomic.Int64 // bytes per second; 0: any

	mu      sync.Mutex
	at      time.Time     // when all below was so
	allowed float64       // bytes that might have been moved
	taken   float64       // that were taken; above allowed are those that are waited for
	waiting []*float64    // for each who waits, in their order: what was taken when it came
	changed chan struct{} // closed when somebody may have to wait longer or less long; nil: nobody waits
}

// slack is how much unused time may be made up for later; grain is how long what is taken at
// once may take.
const (
	slack = 20 * time.Millisecond
	grain = 10 * time.Millisecond
)

// leastGrain is how many bytes are worth a read, however slow they are to be.
const leastGrain = 512

// New returns a limiter of rate bytes per second; 0: it does not limit.
func New(rate int64) *Limiter {
	l := new(Limiter)
	l.rate.Store(rate)
	return l
}

// Set changes the rate, for those, too, who wait.
func (l *Limiter) Set(rate int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if rate == l.rate.Load() {
		return
	}
	l.advance(time.Now())
	l.rate.Store(rate)
	l.wake()
}

// wake has all who wait look again how long.
func (l *Limiter) wake() {
	if l.changed != nil {
		close(l.changed)
		l.changed = nil
	}
}

// Grain is how many bytes are to be taken at once, so that one transfer does not shut out the
// others for long; 0: nothing is to be taken.
func (l *Limiter) Grain() int64 {
	if l == nil {
		return 0
	}
	rate := l.rate.Load()
	if rate == 0 {
		return 0
	}
	return max(int64(float64(rate)*grain.Seconds()), leastGrain)
}

// Take blocks until n bytes may be moved, or ctx ends; then it returns the context's cause.
func (l *Limiter) Take(ctx context.Context, n int64) error {
	if l.Grain() == 0 {
		return nil
	}
	l.mu.Lock()
	now := time.Now()
	l.advance(now)
	l.taken += float64(n)
	mine := l.taken
	l.waiting = append(l.waiting, &mine)
	for {
		wait := l.until(mine)
		if wait <= 0 {
			l.leave(&mine)
			l.mu.Unlock()
			return nil
		}
		if l.changed == nil {
			l.changed = make(chan struct{})
		}
		changed := l.changed
		l.mu.Unlock()
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-changed:
		case <-ctx.Done():
			timer.Stop()
			l.mu.Lock()
			defer l.mu.Unlock()
			l.leave(&mine)
			l.giveBack(n, mine)
			return context.Cause(ctx)
		}
		timer.Stop()
		l.mu.Lock()
		l.advance(time.Now())
	}
}

// Return gives back what was taken, and not moved. Without a limit nothing is owed to anybody.
func (l *Limiter) Return(n int64) {
	if l == nil || n <= 0 || l.rate.Load() == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.giveBack(n, math.Inf(-1))
}

// leave ends a wait.
func (l *Limiter) leave(mine *float64) {
	i := slices.Index(l.waiting, mine)
	l.waiting = slices.Delete(l.waiting, i, i+1)
}

// giveBack is for what was taken up to there: who came later moves up. Otherwise it would wait for
// bytes that nobody takes, and that are never allowed.
func (l *Limiter) giveBack(n int64, upTo float64) {
	l.taken -= float64(n)
	for _, w := range l.waiting {
		if *w > upTo {
			*w -= float64(n)
		}
	}
	l.wake()
}

// advance brings the account to a time. Without a limit all that was taken is allowed.
func (l *Limiter) advance(now time.Time) {
	rate := float64(l.rate.Load())
	if rate == 0 {
		l.allowed = max(l.allowed, l.taken)
	} else if !l.at.IsZero() {
		l.allowed = min(l.allowed+now.Sub(l.at).Seconds()*rate, max(l.allowed, l.taken+slack.Seconds()*rate))
	}
	l.at = now
}

// until is how long it takes until so many bytes are allowed.
func (l *Limiter) until(bytes float64) time.Duration {
	rate := float64(l.rate.Load())
	if rate == 0 || bytes <= l.allowed {
		return 0
	}
	return time.Duration(min(math.Ceil((bytes-l.allowed)/rate*float64(time.Second)), float64(time.Hour)))
}
