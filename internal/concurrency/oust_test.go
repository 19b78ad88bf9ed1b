package concurrency

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// serve sends one request that is served.
func (h *host) serve() *Request {
	r := h.send(1)[0]
	h.Answered(r, h.now)
	return r
}

// breakOff has the answer to a request break off.
func (h *host) breakOff(r *Request) {
	h.end(r)
	h.Interrupted(r, h.now)
}

// TestNewestWins: a host that ends the older request when a newer one is let in serves one, which
// is known when it has done so twice.
func TestNewestWins(t *testing.T) {
	h := newHost(t, 16)
	last := h.serve()
	for range ousts {
		h.pass(time.Second)
		require.Equal(t, 16, h.Allowed())
		next := h.serve()
		h.pass(100 * time.Millisecond)
		h.breakOff(last)
		last = next
	}
	h.pass(time.Second)
	h.serve()
	require.Equal(t, 1, h.Allowed())
}

// TestChain: where each is ousted before it has outlived the one before, the row of them tells.
func TestChain(t *testing.T) {
	h := newHost(t, 16)
	last := h.serve()
	for range longChain + 1 {
		h.pass(5 * time.Millisecond)
		next := h.serve()
		h.pass(5 * time.Millisecond)
		h.breakOff(last)
		last = next
	}
	require.Equal(t, 1, h.Allowed())
}

// TestAllBreak: what breaks all answers at once, or any of them beside older ones that go on, is no
// such limit.
func TestAllBreak(t *testing.T) {
	for _, others := range []bool{false, true} {
		t.Run(fmt.Sprint("all at once, others are let in at once: ", others), func(t *testing.T) {
			h := newHost(t, 32)
			for range 5 {
				var all []*Request
				for range 12 {
					h.pass(time.Millisecond)
					all = append(all, h.serve())
				}
				h.pass(10 * time.Millisecond)
				for _, r := range all {
					h.breakOff(r)
					if others {
						h.pass(time.Millisecond)
						h.serve()
					}
				}
				h.pass(time.Second)
			}
			h.serve()
			require.Equal(t, 32, h.Allowed())
		})
	}
	t.Run("one beside an older one", func(t *testing.T) {
		h := newHost(t, 16)
		h.serve()
		for range 10 {
			h.pass(time.Second)
			r := h.serve()
			h.pass(time.Millisecond)
			h.serve()
			h.pass(time.Millisecond)
			h.breakOff(r)
		}
		h.pass(time.Second)
		h.serve()
		require.Equal(t, 16, h.Allowed())
	})
	t.Run("long after the newest was let in", func(t *testing.T) {
		h := newHost(t, 16)
		for range 10 {
			r := h.serve()
			h.pass(time.Millisecond)
			h.serve()
			h.pass(oustTime + time.Millisecond)
			h.breakOff(r)
		}
		require.Equal(t, 16, h.Allowed())
	})
}

// TestNewestWinsInAnyOrder: requests of several files, or of one connection, are met in another order
// than they were sent in.
func TestNewestWinsInAnyOrder(t *testing.T) {
	h := newHost(t, 16)
	var alive *Request
	for round := range 4 {
		sent := h.send(4)
		for i := range sent { // the last that was sent is the first to be served
			r := sent[len(sent)-1-i]
			h.pass(5 * time.Millisecond)
			h.Answered(r, h.now)
			h.pass(5 * time.Millisecond)
			if alive != nil {
				h.breakOff(alive)
			}
			alive = r
		}
		h.pass(300 * time.Millisecond)
		h.Tick(h.now, Usage{})
		if round == 0 {
			require.Equal(t, 16, h.Allowed())
		}
	}
	require.Equal(t, 1, h.Allowed())
}

// TestBreaksBesideOthers: where answers break off now and then that is no such limit, as long as
// others arrive side by side, or end well.
func TestBreaksBesideOthers(t *testing.T) {
	for name, goesOn := range map[string]bool{"others arrive": true, "others end well": false} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, 16)
			if goesOn {
				h.serve()
				h.serve()
			}
			for range 40 {
				h.pass(100 * time.Millisecond)
				old, well, newest := h.serve(), h.serve(), h.serve()
				h.pass(30 * time.Millisecond)
				h.breakOff(old)
				if !goesOn {
					h.pass(30 * time.Millisecond)
					h.Finished(well, h.now)
				}
				h.end(well)
				h.end(newest)
				h.Tick(h.now, Usage{})
			}
			require.Equal(t, 16, h.Allowed())
		})
	}
}
