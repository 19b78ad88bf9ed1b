package main

import (
	"slices"
	"time"

	"github.com/littledl/littledl/internal/faultserver"
)

const (
	kib = 1 << 10
	mib = 1 << 20

	usualSize = 8 * mib
	usualPath = "a.bin"
	usualRate = 16 * mib // bytes/s of one answer, so that connections overlap
	usualTime = 15 * time.Second
	longTime  = 30 * time.Second // where all tries of a patient client are to be seen
)

// fault is one way in which things go wrong. Its zero fields mean the usual: a file of
// 8 MiB at a.bin, over http, that must arrive as it is.
type fault struct {
	number int    // in the catalogue that the tests of the library follow
	what   string // goes wrong
	ours   string // is what this library does

	does   []faultserver.Behaviour
	file   []faultserver.FileOption
	path   string
	server []faultserver.Option
	trust  bool                  // the certificate is given to the client
	want   []faultserver.Content // any of these is right; nil: what the server has in the end
	digest bool                  // nothing but a digest can tell: clients that take one get it
	header string                // that is to be sent
	named  bool                  // the server chooses the name
	goOn   bool                  // the client is asked to go on with what is there
	later  func(*stage)          // the client is killed halfway, this is done, and it is asked to go on
	set    func(*stage) error    // what else there is; may change the URL

	// happened says what must not have happened, whatever the client says; "" if it has not.
	happened func(*stage) string

	limit time.Duration
	ends  verdict // of this library; right if it is ""
}

// faults is all of them, in the order of the table.
func faults() []fault {
	return slices.Concat(probeFaults(), rangeFaults(), transportFaults(), statusFaults(), identityFaults(),
		encodingFaults(), killFaults(), diskFaults(), nameFaults(), redirectFaults())
}

// expected is what a client of this library should end with.
func (f fault) expected() verdict {
	if f.ends != "" {
		return f.ends
	}
	return right
}

func does(b ...faultserver.Behaviour) []faultserver.Behaviour { return b }

// later is a fault of the ranges that do not begin at 0.
func later(b faultserver.Behaviour) []faultserver.Behaviour {
	return does(faultserver.When(faultserver.Beyond, b))
}

// first is a fault of the first k answers.
func first(k int, b faultserver.Behaviour) []faultserver.Behaviour {
	return does(faultserver.First(k, b))
}

func sized(n int64) []faultserver.FileOption { return []faultserver.FileOption{faultserver.Size(n)} }

// versions are contents of the usual file: the first two versions at each size.
func versions(sizes ...int64) (all []faultserver.Content) {
	for _, n := range sizes {
		all = append(all, faultserver.Generate("/"+usualPath, 1, n), faultserver.Generate("/"+usualPath, 2, n))
	}
	return all
}
