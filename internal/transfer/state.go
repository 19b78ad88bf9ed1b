package transfer

import (
	"time"

	"github.com/littledl/littledl/internal/digest"
	"github.com/littledl/littledl/internal/disk"
	"github.com/littledl/littledl/internal/health"
	"github.com/littledl/littledl/internal/httprange"
	"github.com/littledl/littledl/internal/journal"
	"github.com/littledl/littledl/internal/recovery"
	"github.com/littledl/littledl/internal/reuse"
	"github.com/littledl/littledl/internal/segment"
	"github.com/littledl/littledl/internal/wait"
)

// What a File knows, taken apart. Each group is private to File, and under its lock.

// saved is what one round of a task leaves to the next, in this Start or a later one.
type saved struct {
	entity
	supply
	plan      *segment.Plan
	target    *disk.Target // nil: closed, or there is a delivery
	delivery  *delivery    // nil: closed, or there is a target
	left      disk.Left    // its part, for a later Start
	begun     bool         // it was asked for
	idle      int          // rounds in a row in which nobody found anything to do
	locked    time.Time    // since when another has been at it; zero: none is
	unretried int          // failures that no attempt has followed yet

	spent   time.Duration // of the time that its caller gives it, in this Start
	delayed delay         // that is to be counted of it yet

	lastFailure error // why the latest attempt that failed did
	failed      failed

	// Its content among the files at hand.

	searched bool
	found    reuse.Place
	wanted   string // what it is to be called
}

// failed is the latest attempt that has failed, whatever has been answered since.
type failed struct {
	why error
	at  time.Time
}

// endStart forgets what is of one Start only.
func (s *saved) endStart() {
	s.idle, s.locked, s.spent, s.delayed = 0, time.Time{}, 0, delay{}
	s.lastFailure, s.failed = nil, failed{}
}

// entity is what is believed of the file, by what answers have said.
type entity struct {
	pin       *httprange.Pin // the version that is fetched; nil: nothing accepted yet
	promised  digest.Sum     // the server's digest of the whole file
	modified  time.Time      // Last-Modified
	html      bool           // the first answer was a page
	walled    bool           // and set cookies that nobody keeps
	stream    bool           // one response from byte 0 or nothing: ranges do not work here
	whole     bool           // the stream has ended cleanly
	finishing bool           // it is complete and verified, and the caller is yet to say that it may have its name
	leftover
}

// leftover is what an earlier process has left of the file. While it is unconfirmed there is
// one worker, and nothing that was adopted counts before it is proven.
type leftover struct {
	unproven    []journal.Extent // what it noted, and nobody has read yet
	unconfirmed bool             // the server is still to say that it has the same version
	adopted     bool             // some of its bytes are used
}

// supply is the URLs that the file may come from, and what recovery knows of them.
type supply struct {
	rec     recovery.File
	trace   *recovery.Trace  // nil: nobody wants one
	tries   wait.Tries       // of what is to be fetched first
	sources []*source        // the URL as given first, then the backups
	current int              // that has served, or is asked, lately
	pins    []*httprange.Pin // what each of them said, for a later Start
}

// roundState is what a File has only while its workers are at it.
type roundState struct {
	err       error            // what ended it
	hashing   *disk.PrefixHash // nil: the file is hashed when it is complete
	unsampled int              // mirrors that samples are yet to be taken of; each has a place, as far as a worker keeps one
}

// unlogged is what is to be logged yet.
type unlogged struct {
	lastDropped *source // that was left, whether told or not
	dropped     int     // sources that were left
	failures    []error // of attempts
}

// scratch is room for what is made anew for each decision, or that most files have once.
type scratch struct {
	healths []health.Health
	room    [1]health.Health
	first   httprange.Pin
	loads   []recovery.Load
}
