// Package wait adds up waiting.
//
// Whoever is out of reach is waited for by many at once, for a while, and then by nobody
// since all are busy elsewhere. What that has cost is neither a number of failures nor the
// time on the clock: it is the time in which somebody really waited, and where several did,
// that time once.
package wait

import "time"

// Account is how long something was waited for in vain. The zero value is an empty one, and
// equal accounts compare equal. Times are on any one clock that begins at zero.
type Account struct {
	waited     time.Duration
	failures   int           // each is charged a tick
	upTo       time.Duration // counted as far as this
	from, till time.Duration // the wait that was imposed last
}

// tick is what a failure costs at least, so that none is free.
const tick = time.Millisecond

// Failed counts a request that was begun at start and failed at now, and as much of the
// wait imposed before it as had passed by its start. No further request shall begin before
// till: that is noted, and counted as soon as somebody has waited for it.
func (a *Account) Failed(start, now, till time.Duration) {
	a.count(a.from, min(a.till, start))
	a.count(start, now)
	a.failures++
	a.from, a.till = now, max(a.till, till)
}

// count adds a stretch of time, but for what is counted already.
func (a *Account) count(from, to time.Duration) {
	a.waited += max(to-max(from, a.upTo), 0)
	a.upTo = max(a.upTo, to)
}

// Exhaust has at least so much counted, for a wait that nobody will wait out.
func (a *Account) Exhaust(d time.Duration) { a.waited = max(a.waited, d) }

// Waited is the sum of the time.
func (a Account) Waited() time.Duration { return a.waited }

// Spent is Waited, and a tick for each failure: it grows with every one, whatever the clock
// says.
func (a Account) Spent() time.Duration { return a.waited + time.Duration(a.failures)*tick }

// Clear empties the account; what was waited before now never counts again.
func (a *Account) Clear(now time.Duration) { *a = Account{upTo: now} }

// Rebase moves the account to a clock that begins later, by so much. Times before that
// beginning become the beginning, as which they count the same.
func (a *Account) Rebase(by time.Duration) {
	a.upTo, a.from, a.till = max(a.upTo-by, 0), max(a.from-by, 0), max(a.till-by, 0)
	if a.from >= a.till { // it has been waited out
		a.from, a.till = 0, 0
	}
}
