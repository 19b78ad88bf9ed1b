//go:build !race

package littledl_test

// queued is how many URLs the test of memory queues.
const queued = 1_000_000
