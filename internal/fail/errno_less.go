//go:build plan9 || wasip1

package fail

// What the system says, by what it means: in words, or nothing.
var shortage, full, refused, unreachable, closed []error
