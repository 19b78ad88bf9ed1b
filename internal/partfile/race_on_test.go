//go:build race

package partfile_test

const raceEnabled = true
