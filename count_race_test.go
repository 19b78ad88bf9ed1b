//go:build race

package littledl_test

// queued is how many URLs the test of memory queues: fewer under the race detector,
// which makes each cost ten times as much.
const queued = 50_000

// crowd is how many small files the test of many fetches.
const crowd = 1_000

// underRace tells tests that take long to do less.
const underRace = true

// usualScripts is how many scripts TestDifferential plays, for the same reason.
const usualScripts = 20
