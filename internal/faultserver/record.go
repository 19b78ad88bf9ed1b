package faultserver

import (
	"cmp"
	"context"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Record is one request as the server saw it.
type Record struct {
	ID      int // 1 for the first request of the server
	Conn    int // 1 for the first connection of the server
	Method  string
	Path    string
	Query   string
	Target  string // path and query as they were sent
	Proto   string // "HTTP/1.1" or "HTTP/2.0"
	Host    string
	Origin  string // "scheme://host[:port]" that was asked
	Range   string
	IfRange string
	Header  http.Header
	Status  int   // sent; 0 if none was
	Sent    int64 // body bytes given to the connection
	Start   time.Time
	End     time.Time // when the server was done or the client gave up; zero until then
}

// entry is a request under way and its Record.
type entry struct {
	Record // guarded by recorder.mu, as all below
	ctx    context.Context
	conn   net.Conn

	left    bool     // no longer in flight
	givenUp bool     // because the client did not wait for the end
	begun   int      // place of its begin among all begins and ends
	ended   int      // place of its end
	after   []func() // called when it leaves
}

// gone tells whether the client has given the request up, also where the server's
// own machinery has not heard of it yet.
func (e *entry) gone() bool { return e.ctx.Err() != nil || peerGone(e.conn) }

// recorder keeps every request and knows those in flight.
type recorder struct {
	mu      sync.Mutex
	entries []*entry
	live    map[*entry]struct{}
	ids     int
	changes int // begins and ends so far
}

func newRecorder() *recorder { return &recorder{live: map[*entry]struct{}{}} }

func (r *recorder) begin(e *entry) {
	r.mu.Lock()
	// A client that gave up one request may send the next before this server
	// learns of the first, which must not count as two at once.
	var over []func()
	for other := range r.live {
		if other.gone() {
			over = append(over, r.take(other, true)...)
		}
	}
	r.ids++
	r.changes++
	e.ID, e.begun, e.Start = r.ids, r.changes, time.Now()
	r.entries = append(r.entries, e)
	r.live[e] = struct{}{}
	r.mu.Unlock()
	call(over)
}

// leave takes e out of flight, because the server is done with it or the client has
// given it up. Once it has done so it does nothing.
func (r *recorder) leave(e *entry, givenUp bool) {
	r.mu.Lock()
	over := r.take(e, givenUp)
	r.mu.Unlock()
	call(over)
}

func (r *recorder) take(e *entry, givenUp bool) []func() {
	if e.left {
		return nil
	}
	r.changes++
	e.left, e.givenUp, e.ended, e.End = true, givenUp, r.changes, time.Now()
	delete(r.live, e)
	over := e.after
	e.after = nil
	return over
}

// grace is by how much a request that was given up ends earlier than the server
// sees it: net/http's client goes on a moment before it has closed the connection.
const grace = 5 * time.Millisecond

// most is how many of the requests were in flight at once.
func (r *recorder) most(keep func(Record) bool) (highest int) {
	type change struct {
		at    time.Time
		place int
		by    int
	}
	var changes []change
	r.mu.Lock()
	for _, e := range r.entries {
		if !keep(e.Record) {
			continue
		}
		end := e.End.Add(-grace)
		if e.left && e.givenUp && end.Before(e.Start) { // before it came, and behind one that was sent later
			continue
		}
		changes = append(changes, change{e.Start, e.begun, +1})
		switch {
		case e.left && e.givenUp:
			changes = append(changes, change{end, e.begun, -1}) // before those begun since
		case e.left:
			changes = append(changes, change{e.End, e.ended, -1})
		}
	}
	r.mu.Unlock()
	slices.SortStableFunc(changes, func(a, b change) int {
		return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.place, b.place))
	})
	flying := 0
	for _, c := range changes {
		flying += c.by
		highest = max(highest, flying)
	}
	return highest
}

// over tells whether e no longer counts.
func (r *recorder) over(e *entry) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return e.left || e.gone()
}

// onLeave has f called when e leaves, at once if it has.
func (r *recorder) onLeave(e *entry, f func()) {
	r.mu.Lock()
	if !e.left {
		e.after = append(e.after, f)
		f = nil
	}
	r.mu.Unlock()
	if f != nil {
		f()
	}
}

func (r *recorder) status(e *entry, code int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e.Status = code
}

func (r *recorder) sent(e *entry, n int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e.Sent += n
}

func call(fs []func()) {
	for _, f := range fs {
		f()
	}
}

func (r *recorder) reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.entries = slices.DeleteFunc(r.entries, func(e *entry) bool { return e.left })
}

func (r *recorder) records(keep func(Record) bool) []Record {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []Record
	for _, e := range r.entries {
		if keep(e.Record) {
			out = append(out, e.Record)
		}
	}
	return out
}
