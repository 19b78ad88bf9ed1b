package recovery

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/littledl/littledl/internal/fail"
	"github.com/littledl/littledl/internal/health"
	"github.com/littledl/littledl/internal/wait"
)

// conduct is what one source does: well, but for a time, and perhaps for good.
type conduct struct {
	origin   int           // which it shares with others, perhaps
	from, to time.Duration // of the trouble
	class    fail.Class
	ask      time.Duration // Retry-After, of a busy one
	once     int           // the trouble is of so many requests at most; 0: of all
	version  int           // of the file that it has
	plain    bool          // it ignores ranges
	lies     bool          // what it sends is not what it says
	rate     int64         // bytes/s of each of its connections; 0: 4 MiB
	breaks   time.Duration // all its answers break off together, each time so much has passed
	capacity int           // connections at once, beyond which it turns away; 0: any number
}

func (c *conduct) troubled(now time.Duration) bool { return now >= c.from && now < c.to }

// sim plays one file against its sources in virtual time, as a transfer would: with several
// workers, pieces that travel between them, rounds that end together.
type sim struct {
	t       testing.TB
	rnd     *rand.Rand
	lim     *Limits
	f       *File
	trace   *Trace
	src     []conduct
	o       []health.Health // of origins
	size    int64
	digest  bool          // is known: the right file is version 0
	timeout time.Duration // for an answer
	others  bool          // other files ask the same origins

	now     time.Duration
	workers []simWorker
	pending []piece
	done    []stretch
	stream  bool // what is under way is one answer
	whole   bool // it has ended
	asked   []request
	ended   *Action
}

// piece is a stretch of the file that nobody has; stretch is one that is there.
type piece struct {
	left  int64
	tries wait.Tries
}

type stretch struct {
	n       int64
	source  int
	version int
}

type simWorker struct {
	piece    *piece
	tries    wait.Tries // of the piece that it has given back
	inFlight bool
	compare  bool
	answered bool
	source   int
	gen      int
	start    time.Duration
	at       time.Duration // its next event, or the end of its wait
	brings   int64
	idle     bool // there is nothing for it
}

// request is what a server has seen.
type request struct {
	source  int
	start   time.Duration
	compare bool
}

const roundTrip = 20 * ms

func seeded(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }

func newSim(t testing.TB, rnd *rand.Rand, size int64, workers int, src ...conduct) *sim {
	s := &sim{t: t, rnd: rnd, lim: usual(), size: size, src: src, timeout: 30 * sec, workers: make([]simWorker, workers)}
	s.o = make([]health.Health, len(src))
	s.f = New(len(src), s.lim)
	s.cut()
	return s
}

// cut has all of the file fetched.
func (s *sim) cut() {
	s.pending = nil
	left := s.size
	for _, d := range s.done {
		left -= d.n
	}
	for each := max(left/16, mib/2); left > 0; left -= each {
		s.pending = append(s.pending, piece{left: min(left, each)})
	}
}

func (s *sim) health(i int) *health.Health { return &s.o[s.src[i].origin] }

func (s *sim) healths() []health.Health {
	h := make([]health.Health, len(s.src))
	for i := range h {
		h[i] = *s.health(i)
	}
	return h
}

// run plays until the file is there, or has failed, and returns whether it is there.
func (s *sim) run() bool {
	for s.ended == nil {
		s.runWorkers()
		if s.ended == nil && !s.step() {
			s.t.Fatalf("nobody has anything to do at %v: %+v", s.now, s.f)
		}
		if s.complete() {
			s.finish()
		}
		if len(s.asked) > 1500 {
			s.t.Fatalf("never ends: %+v", s.src)
		}
	}
	return s.ended.Kind != Fail
}

func (s *sim) complete() bool {
	if s.stream {
		return s.whole
	}
	n := int64(0)
	for _, d := range s.done {
		n += d.n
	}
	return n == s.size
}

// finish looks at the digest, if there is one; if not all must be of one version.
func (s *sim) finish() {
	s.drop()
	delivered, right := make([]int64, len(s.src)), true
	for _, d := range s.done {
		delivered[d.source] += d.n
		right = right && d.version == 0 && !s.src[d.source].lies
		if !s.digest && d.version != s.done[0].version {
			s.t.Fatalf("a mixture of two versions: %+v", s.done)
		}
	}
	if s.digest && !right {
		s.f.Mismatched(s.now, s.size, delivered, &fail.Error{Class: fail.Mismatched, Err: fail.ErrHashMismatch})
		s.whole = false
		return
	}
	s.f.Matched()
	s.ended = &Action{}
}

// drop ends a round.
func (s *sim) drop() {
	for k := range s.workers {
		w := &s.workers[k]
		if w.inFlight {
			s.end(w)
		}
		if w.piece != nil && w.piece.left > 0 {
			s.pending = append([]piece{*w.piece}, s.pending...)
		}
		*w = simWorker{}
	}
}

func (s *sim) end(w *simWorker) {
	if w.answered {
		s.health(w.source).Done()
	}
	s.health(w.source).Ended()
	w.inFlight, w.answered = false, false
}

func (s *sim) restart(a Action) {
	var t wait.Tries
	if len(s.pending) > 0 {
		t = s.pending[0].tries
	}
	s.done = slices.DeleteFunc(s.done, func(d stretch) bool { return !a.Keep || d.source != a.Source })
	s.stream, s.whole = false, false
	s.cut()
	if len(s.pending) > 0 {
		s.pending[0].tries = t
	}
	left := int64(0)
	for _, d := range s.done {
		left += d.n
	}
	s.f.Restarted(left)
}

// step lets time pass until something happens; false: nothing will.
func (s *sim) step() bool {
	next := -1
	for k, w := range s.workers {
		if (w.inFlight || w.at > s.now) && (next < 0 || w.at < s.workers[next].at) {
			next = k
		}
	}
	if next < 0 {
		return false
	}
	w := &s.workers[next]
	s.now = w.at
	for i := range s.src {
		s.told(&s.src[i], s.health(i))
	}
	if w.inFlight {
		s.happens(w)
		for k := range s.workers {
			s.workers[k].idle = false
		}
	}
	return true
}
