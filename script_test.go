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
	size    int64
	hash    int  // the version whose digest is known; 0: none is
	named   bool // by the caller
	twin    bool // its URL is queued a second time
	planted planting
	sources []scriptSource
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

// dice are the bytes that a script is made from; behind them all throws are 0.
type dice []byte

func (d *dice) n(sides int) int {
	if len(*d) == 0 {
		return 0
	}
	v := int((*d)[0]) % sides
	*d = (*d)[1:]
	return v
}

// yes is true one time in so many.
func (d *dice) yes(in int) bool { return d.n(in) == in-1 }

// choose takes one of the first as often as any of all.
func (d *dice) choose(from []mishap, first int) chosen {
	if d.n(2) == 0 {
		from = from[:first]
	}
	i, n := d.n(len(from)), d.n(256)
	return chosen{&from[i], n}
}

// decode makes the script of some bytes.
func decode(raw []byte) *script {
	d := dice(raw)
	s := &script{raw: raw}
	s.enhanced = d.yes(2)
	if s.enhanced {
		s.mirrors = d.n(3)
		s.trusted = d.yes(4)
	}
	large := 0
	for range 1 + d.n(4) {
		f := d.file(s.mirrors)
		if f.size >= mib {
			if large++; large > 1 { // one of them is enough, and takes long enough
				f.size %= mib
			}
		}
		s.files = append(s.files, f)
	}
	for range d.n(4) {
		s.events = append(s.events, event{
			at:   time.Duration(d.n(256)) * 20 * time.Millisecond,
			what: happening(d.n(int(happenings))),
			long: time.Duration(1+d.n(30)) * 100 * time.Millisecond,
			file: d.n(len(s.files)),
		})
	}
	slices.SortStableFunc(s.events, func(a, b event) int { return int(a.at - b.at) })
	s.atOnce, s.chunks = 1+d.n(4), 1+d.n(6)
	s.total = []int{0, 0, 1, 2, 3, 6}[d.n(6)]
	s.perHost = []int{0, 0, 0, 1, 2}[d.n(5)]
	s.minChunk = []int64{64 * kib, 0, 4 * kib, 512 * kib}[d.n(4)]
	s.link = d.n(len(links))
	s.overwrite = littledl.OverwritePolicy(d.n(4))
	s.adaptive = !d.yes(3)
	s.durable, s.discard = d.yes(16), d.yes(4)
	if d.yes(8) {
		s.speed = 4 * mib
	}
	s.noReuse = s.enhanced && d.yes(4)
	s.makeFair()
	return s
}

func (d *dice) file(mirrors int) scriptFile {
	f := scriptFile{size: d.size()}
	f.hash = []int{0, 0, 0, 1, 1, 2}[d.n(6)]
	f.named, f.twin = d.yes(4), d.yes(6)
	f.planted = []planting{noPlanting, noPlanting, noPlanting, noPlanting, noPlanting, otherContent, sameContent, directory}[d.n(8)]
	for i := range 1 + mirrors {
		var s scriptSource
		for range d.n(4) {
			s.manners = append(s.manners, d.choose(manners, commonManners))
		}
		s.head = d.choose(heads, len(heads))
		for range []int{0, 1, 2, 3, 4, 5, 6, 10}[d.n(8)] {
			s.mishaps = append(s.mishaps, d.choose(mishaps, commonMishaps))
		}
		s.again = d.yes(12)
		s.other = i > 0 && d.yes(4)
		f.sources = append(f.sources, s)
	}
	return f
}

// size is small more often than not; from 5 MiB on a file is fetched in segments.
func (d *dice) size() int64 {
	class, n := d.n(16), int64(d.n(256))
	switch {
	case class == 1:
		return 0
	case class == 2:
		return n
	case class <= 9:
		return n * kib
	case class <= 12:
		return n*2*kib + 1
	case class == 13:
		return 5*mib - 128 + n
	}
	return 5*mib + n*6*kib
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
		if is&blind != 0 || is&changes != 0 && is&hides != 0 || is&cuts != 0 && is&extends != 0 {
			f.hash = 1
		}
	}
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
const patience = 3

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
		if s.changing(i) && f.hash != 0 || f.planted == directory || f.planted != noPlanting && s.overwrite == littledl.OverwriteError {
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
		undone := s.is(i)&cuts != 0 && s.is(i)&extends != 0 // what comes of that has another digest
		if f.sources[0].again || cost > patience || restarts > 1 || undone || s.mirrors > 0 && s.is(i) != 0 {
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
		fmt.Fprintf(&b, "  f%d: size=%d hash=%d named=%v twin=%v planted=%d\n", i, f.size, f.hash, f.named, f.twin, f.planted)
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
