package littledl_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/littledl/littledl"
	. "github.com/littledl/littledl/internal/faultserver"
)

// A script is one whole story of a batch, made from a string of bytes: what it
// downloads, how the servers behave, what the user does meanwhile. No bytes make the
// dullest story, and any bytes make some story, so that a fuzzer can write them.
type script struct {
	raw      []byte
	enhanced bool
	mirrors  int // for each file, beside the first source
	files    []scriptFile
	events   []event

	atOnce, chunks   int // limits of files, and of requests per file
	total, perHost   int // limits of requests; 0: none given
	minChunk         int64
	link             int
	overwrite        littledl.OverwritePolicy
	adaptive         bool
	durable, discard bool
	trusted, noReuse bool
	speed            int64
}

// scriptFile is one file of a script, with its sources.
type scriptFile struct {
	size      int64
	hash      int  // the version whose digest is known; 0: none is
	named     bool // by the caller
	duplicate bool // its URL is queued a second time
	planted   planting
	sources   []scriptSource
}

// planting is what has a file's name before the first Start.
type planting int

const (
	noPlanting planting = iota
	otherContent
	sameContent // of version 1, with its time
	directory
)

type scriptSource struct {
	manners []chosen
	head    chosen
	mishaps []chosen
	again   bool // the last mishap meets all later requests too
	other   bool // it has another file of that name: version 3
}

// event is what happens at a time, counted from the beginning.
type event struct {
	at   time.Duration
	what happening
	long time.Duration // where it has an end
	file int
}

type happening int

const (
	pause happening = iota
	cancel
	cancelContext
	resetAll
	outage
	newVersion
	happenings // how many there are
)

func (h happening) String() string {
	return [...]string{"pause", "cancel", "cancel the context", "reset all", "outage", "new version"}[h]
}

// makeFair gives a digest to the files whose servers do what nobody can see without one.
func (s *script) makeFair() {
	for i := range s.files {
		f := &s.files[i]
		if f.hash == 2 && !s.changing(i) {
			f.hash = 1
		}
		if f.hash != 0 {
			continue
		}
		is := s.is(i)
		if s.changing(i) {
			is |= changes
		}
		if is&blind != 0 || is&changes != 0 && is&hides != 0 || is&cuts != 0 && is&extends != 0 || f.changesTwice() {
			f.hash = 1
		}
	}
}

// changesTwice tells whether a source may answer with two second versions at once: one has the first
// one's ETag, the other its time, and together nothing shows which version it is.
func (f scriptFile) changesTwice() bool {
	return slices.ContainsFunc(f.sources, func(src scriptSource) bool {
		n := 0
		for _, c := range slices.Concat(src.manners, src.mishaps) {
			if c.is&changes != 0 {
				n++
			}
		}
		return n > 1
	})
}

// is what anything about a file is.
func (s *script) is(file int) (t trait) {
	for _, src := range s.files[file].sources {
		for _, c := range slices.Concat(src.manners, src.mishaps) {
			t |= c.is
		}
	}
	return t
}

// changing tells whether there is a second version of a file.
func (s *script) changing(file int) bool {
	return s.is(file)&changes != 0 || slices.ContainsFunc(s.events, func(e event) bool { return e.what == newVersion && e.file == file })
}

// cancels is how often the batch is cancelled, at most.
func (s *script) cancels() (n int) {
	for _, e := range s.events {
		if e.what == cancel || e.what == cancelContext {
			n++
		}
	}
	return n
}

// patience is what a file must bear without failing.
const maxCost = 3

// mustSucceed tells whether the first source of each file is good enough for it to come
// through, whatever the others do.
func (s *script) mustSucceed() bool {
	for _, e := range s.events {
		if e.what == outage {
			return false
		}
	}
	resets := 0
	for _, e := range s.events {
		if e.what == resetAll {
			resets++
		}
	}
	for i, f := range s.files {
		cost, restarts := resets, 0
		if s.changing(i) && f.hash != 0 || f.planted == directory || f.planted != noPlanting && s.overwrite == littledl.OverwriteError || s.unlike(i) {
			return false
		}
		for _, c := range slices.Concat(f.sources[0].manners, f.sources[0].mishaps) {
			cost += c.cost
			if c.is&changes != 0 {
				restarts++
			}
		}
		for _, e := range s.events {
			if e.what == newVersion && e.file == i {
				restarts++
			}
		}
		undone := s.is(i)&cuts != 0 && s.is(i)&(extends|ends) != 0 // what comes of that has another digest
		if f.sources[0].again || cost > maxCost || restarts > 1 || undone || s.mirrors > 0 && s.is(i)&^ends != 0 {
			return false
		}
	}
	return true
}

// versions are all contents that a file may turn out to have.
func (s *script) versions(file int) (all []Content) {
	f := s.files[file]
	if f.hash != 0 {
		return []Content{s.version(file, f.hash)}
	}
	all = append(all, s.version(file, 1))
	if s.changing(file) {
		all = append(all, s.version(file, 2), Generate(s.seed(file), 1, bigger(f.size)), Generate(s.seed(file), 2, bigger(f.size)))
	}
	for _, src := range f.sources {
		if src.other {
			all = append(all, s.version(file, 3))
		}
	}
	if s.is(file)&page != 0 {
		all = append(all, strings.NewReader(sorryPage))
	}
	return all
}

// seed is what a file's content is made from, whatever its path.
func (s *script) seed(file int) string { return fmt.Sprintf("/f%d.bin", file) }

func (s *script) version(file, n int) Content {
	return Generate(s.seed(file), n, s.files[file].size)
}

// links are what connections are like, by script.link.
var links = []func() func(int, string) Link{
	func() func(int, string) Link { return Same(line(8 * mib)) },
	func() func(int, string) Link { return Same(RTT(time.Millisecond)) },
	func() func(int, string) Link {
		l := RTT(100 * time.Millisecond)
		l.Rate = mib
		return Same(l)
	},
	func() func(int, string) Link {
		l := RTT(20 * time.Millisecond)
		l.Shared = NewBottleneck(4 * mib)
		return Same(l)
	},
	func() func(int, string) Link { return Rates(8*mib, mib/4, 8*mib, 0) },
}

// String tells the story.
func (s *script) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "enhanced=%v files=%d chunks=%d total=%d host=%d minChunk=%d link=%d overwrite=%d adaptive=%v durable=%v discard=%v trusted=%v noReuse=%v speed=%d\n",
		s.enhanced, s.atOnce, s.chunks, s.total, s.perHost, s.minChunk, s.link, s.overwrite, s.adaptive, s.durable, s.discard, s.trusted, s.noReuse, s.speed)
	for i, f := range s.files {
		fmt.Fprintf(&b, "  f%d: size=%d hash=%d named=%v duplicate=%v planted=%d\n", i, f.size, f.hash, f.named, f.duplicate, f.planted)
		for _, src := range f.sources {
			fmt.Fprintf(&b, "    always %v, HEAD %v, then %v again=%v other=%v\n", src.manners, src.head, src.mishaps, src.again, src.other)
		}
	}
	for _, e := range s.events {
		fmt.Fprintf(&b, "  at %v: %v (%v) f%d\n", e.at, e.what, e.long, e.file)
	}
	fmt.Fprintf(&b, "  must succeed: %v\n  bytes: %x", s.mustSucceed(), s.raw)
	return b.String()
}

// blocked tells whether a file's name is taken and stays so.
func (s *script) blocked(i int) bool {
	switch s.files[i].planted {
	case noPlanting:
		return false
	case directory:
		return s.overwrite == littledl.OverwriteError || s.overwrite == littledl.OverwriteReplace
	}
	return s.overwrite == littledl.OverwriteError || s.unlike(i)
}

// unlike tells whether what has a file's name stays there, though it has not the digest that
// was given.
func (s *script) unlike(i int) bool {
	f := s.files[i]
	return s.overwrite == littledl.OverwriteSkip && f.hash != 0 && (f.planted == otherContent || f.planted == sameContent && f.hash != 1)
}
