//go:build !race

package littledl_test

// queued is how many URLs the test of memory queues.
const queued = 1_000_000

// crowd is how many small files the test of many fetches.
const crowd = 10_000

// underRace tells tests that take long to do less.
const underRace = false

const usualScripts = 120
