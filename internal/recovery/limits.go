package recovery

import (
	"time"

	"github.com/littledl/littledl/internal/backoff"
	"github.com/littledl/littledl/internal/health"
)

// Limits are the budgets that a file has. Each is finite, and none is ever exceeded.
type Limits struct {
	health.Limits     // of waiting
	Retries       int // of one piece of the file, in a row

	// Of one source.

	recalls      int // coming back after it did not answer
	returns      int // coming back after an outage that others have seen end
	companions   int // requests that were one too many beside others of the file
	turnedAway   int // being turned away in a row
	retryBudget  int // failures that brought next to nothing; and one more for each bytesPerRetry
	forms        int // ways of asking otherwise, where ranges are refused
	refreshes    int // fresh URLs that the caller is asked for, of the first source
	shortAnswers int // answers that brought next to nothing of what was asked
	patience     int // times that it may bring the file too slowly

	// Of the file.

	changes   int // beginning anew since it was changed
	displaced int // connections given up for better ones

	once bool // it is asked once, in one answer: whatever came of that, there is no other

	bytesPerRetry int64 // bytes
	shortestRange int64
	minProgress   int64 // what makes an attempt count as one that got somewhere
	goodProgress  int64 // what a request must have brought so that its failure does not count against the source
}

// NewLimits are the limits of a configuration: of waiting, of retries, of requests that one file
// may have in flight, and of how short a range is worth asking for.
func NewLimits(l health.Limits, retries, requests int, shortest int64) *Limits {
	return &Limits{
		Limits: l, Retries: retries,
		recalls: max(retries, 1), returns: 10, companions: 2 * requests, turnedAway: 10, retryBudget: 10, shortAnswers: 16, patience: retries,
		changes: 2, displaced: 2*requests + 8,
		forms: 24, shortestRange: max(shortest, 64<<10),
		bytesPerRetry: 16 << 20, minProgress: 64 << 10, goodProgress: 256 << 10,
	}
}

// Once are the limits of a file that may be asked for once, and in one answer.
func (l *Limits) Once() *Limits {
	one := *l
	one.once = true
	return &one
}

// Refreshed are the limits of a file whose caller gives fresh URLs.
func (l *Limits) Refreshed() *Limits {
	one := *l
	one.refreshes = 4
	return &one
}

// retry is the wait after so many failures before this one.
func (l *Limits) retry(failures int, jitter float64) time.Duration {
	return backoff.Policy{Base: l.Base, Max: l.MaxDelay}.Delay(failures, jitter)
}

// rest is the wait after being turned away so many times before.
func (l *Limits) rest(times int, jitter float64) time.Duration {
	return backoff.Policy{Base: l.Base, Max: health.MaxBackoff}.Delay(times, jitter)
}

// hope is how long sources are waited for that could go on with so many bytes, rather than
// throw them away for one that has another file: an eighth of MaxElapsed at least, and about as
// long as a slow line takes to bring as many again.
func (l *Limits) hope(bytes int64) time.Duration {
	const slow = 1 << 20 // bytes/s
	return max(l.MaxElapsed/8, time.Duration(bytes/slow)*time.Second)
}
