//go:build race

package faultserver

import (
	"runtime"
	"unsafe"
)

// raceRead tells the race detector that b is read.
func raceRead(b []byte) {
	runtime.RaceReadRange(unsafe.Pointer(unsafe.SliceData(b)), len(b))
}

// raceWrite tells the race detector that b is written.
func raceWrite(b []byte) {
	runtime.RaceWriteRange(unsafe.Pointer(unsafe.SliceData(b)), len(b))
}
