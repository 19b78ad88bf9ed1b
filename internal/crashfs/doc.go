// Package crashfs is a disk for tests that forgets. It implements partfile.Disk in
// memory with two images: what processes see, and what is on the platter. Until a file
// is synced, each of its pages, or single sectors of them, its length and its time may
// reach the platter or not, in any order; until the directory is synced, so may each
// of its names. What is left after a crash is another disk, made by one of
//
//	fs.Killed()    // the process was killed: the system goes on and loses nothing
//	fs.Cut()       // the power was cut: what was not synced is lost
//	fs.CutAt(rng)  // the power was cut: any part of that has survived
//
// which leave fs as it is, so that many ends of one story can be told. Tap shows every
// operation that changes something to a test, which may let it fail or crash there.
package crashfs
