// Package backoff says how long to wait before asking again: what the server
// asked for, or else a random delay that grows, so that clients that failed
// together do not come back together.
package backoff

import (
	"math"
	"net/http"
	"strings"
	"time"
)

// least is the shortest delay: a retry is never a busy loop.
const least = time.Millisecond

// Policy is exponential backoff with full jitter: a delay is spread evenly
// between nothing and a ceiling that starts at Base and doubles up to Max.
// The zero value always waits one millisecond.
type Policy struct{ Base, Max time.Duration }

// Delay is the wait after failed attempt number attempt, counted from 0, for a
// random u in [0, 1). It is at least one millisecond, even if Max is less.
func (p Policy) Delay(attempt int, u float64) time.Duration {
	ceiling := max(min(p.Base, p.Max), 0)
	for range attempt {
		if ceiling == 0 || ceiling >= p.Max {
			break
		}
		if ceiling > p.Max/2 {
			ceiling = p.Max // doubling could overflow
		} else {
			ceiling *= 2
		}
	}
	if !(u >= 0) { // also when it is not a number
		u = 0
	}
	if u >= 1 {
		return max(ceiling, least)
	}
	return max(time.Duration(u*float64(ceiling)), least)
}

// RetryAfter reads the Retry-After field of a response (RFC 9110 section
// 10.2.3), in either form. A date is measured against the response's own Date,
// so that a server whose clock is wrong is still understood; without a valid
// Date, against now. It is false when the field is missing, malformed, negative,
// in the past, or too far away for a Duration; a delay of 0 is true.
func RetryAfter(h http.Header, now time.Time) (time.Duration, bool) {
	v := strings.Trim(h.Get("Retry-After"), " \t")
	if d, ok := seconds(v); ok {
		return d, true
	}
	at, err := http.ParseTime(v)
	if err != nil {
		return 0, false
	}
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		now = date
	}
	d := at.Sub(now) // saturates at the ends of the range
	if d < 0 || d == math.MaxInt64 {
		return 0, false
	}
	return d, true
}

// seconds parses delta-seconds: digits only, no sign, no fraction.
func seconds(s string) (time.Duration, bool) {
	if s == "" {
		return 0, false
	}
	const limit = math.MaxInt64 / int64(time.Second)
	var n int64
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
		if n > limit {
			return 0, false
		}
	}
	return time.Duration(n) * time.Second, true
}
