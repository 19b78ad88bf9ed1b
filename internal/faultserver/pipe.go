package faultserver

import (
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// pipe is one direction of a connection: a bounded ring of bytes, some of which
// may still be under way. Everybody who waits does so on cond, which is durably
// blocking for synctest.
type pipe struct {
	mu   sync.Mutex
	cond sync.Cond
	path path

	ring   []byte // grows up to bound
	bound  int
	head   int       // where the oldest byte is
	held   int       // bytes in ring
	flight []segment // the youngest of them, which have not arrived; in order
	under  int       // bytes in flight

	end       error     // what the reader gets after the last byte; nil while open
	endAt     time.Time // when it does
	writeErr  error     // what the writer gets
	readErr   error     // what the reader gets at once
	readDead  time.Time
	writeDead time.Time
}

type segment struct {
	n  int
	at time.Time
}

func newPipe(p path, bound int) *pipe {
	if bound <= 0 {
		bound = defaultBuffer
	}
	h := &pipe{path: p, bound: bound}
	h.cond.L = &h.mu
	return h
}

func (p *pipe) read(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		now := time.Now()
		if p.readErr != nil {
			return 0, p.readErr
		}
		if passed(p.readDead, now) {
			return 0, os.ErrDeadlineExceeded
		}
		if len(b) == 0 {
			return 0, nil
		}
		if n := min(len(b), p.arrived(now)); n > 0 {
			p.take(b[:n])
			p.cond.Broadcast()
			return n, nil
		}
		until := p.readDead
		switch {
		case len(p.flight) > 0:
			until = earliest(until, p.flight[0].at)
		case p.end != nil && !now.Before(p.endAt):
			return 0, p.end
		case p.end != nil:
			until = earliest(until, p.endAt)
		}
		p.sleep(until)
	}
}

func (p *pipe) write(b []byte) (sent int, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		if p.writeErr != nil {
			return sent, p.writeErr
		}
		if passed(p.writeDead, time.Now()) {
			return sent, os.ErrDeadlineExceeded
		}
		if sent == len(b) {
			return sent, nil
		}
		if p.held == p.bound {
			p.sleep(p.writeDead)
			continue
		}
		n := min(len(b)-sent, p.bound-p.held, p.path.quantum())
		p.put(b[sent : sent+n])
		if !p.path.instant() {
			p.flight = append(p.flight, segment{n, p.path.arrival(n)})
			p.under += n
		}
		sent += n
		p.cond.Broadcast()
	}
}

// arrived takes the segments that are there by now out of flight, and tells how
// many bytes can be read.
func (p *pipe) arrived(now time.Time) int {
	for len(p.flight) > 0 && !now.Before(p.flight[0].at) {
		p.under -= p.flight[0].n
		p.flight = p.flight[1:]
	}
	return p.held - p.under
}

func (p *pipe) put(b []byte) {
	if need := p.held + len(b); need > len(p.ring) {
		grown := make([]byte, min(p.bound, max(4096, 2*need)))
		n := move(grown, p.ring[p.head:min(len(p.ring), p.head+p.held)])
		move(grown[n:], p.ring[:p.held-n])
		p.ring, p.head = grown, 0
	}
	tail := (p.head + p.held) % len(p.ring)
	raceRead(b)
	n := move(p.ring[tail:], b)
	move(p.ring, b[n:])
	p.held += len(b)
}

func (p *pipe) take(b []byte) {
	raceWrite(b)
	n := move(b, p.ring[p.head:])
	move(b[n:], p.ring)
	p.head = (p.head + len(b)) % len(p.ring)
	p.held -= len(b)
}

// sleep waits for a change, at most until the given time if it is set.
func (p *pipe) sleep(until time.Time) {
	if !until.IsZero() {
		t := time.AfterFunc(time.Until(until), func() {
			p.mu.Lock() // else the call could fall between the test and the wait
			defer p.mu.Unlock()
			p.cond.Broadcast()
		})
		defer t.Stop()
	}
	p.cond.Wait()
}

// finish ends the stream behind the bytes that are under way: the reader gets
// atEnd after them, the writer toWriter at once.
func (p *pipe) finish(atEnd, toWriter error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.end == nil {
		p.end, p.endAt = atEnd, p.path.arrival(0)
	}
	if p.writeErr == nil || toWriter == net.ErrClosed {
		p.writeErr = toWriter
	}
	p.cond.Broadcast()
}

// abandon is the reader going away: it drops what is held and fails the writer.
func (p *pipe) abandon(toReader, toWriter error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drop()
	p.readErr = toReader
	if p.writeErr == nil {
		p.writeErr = toWriter
	}
	p.cond.Broadcast()
}

// sever fails both ends at once and loses what is under way.
func (p *pipe) sever() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drop()
	if p.readErr == nil {
		p.readErr = os.NewSyscallError("read", syscall.ECONNRESET)
	}
	if p.writeErr == nil {
		p.writeErr = os.NewSyscallError("write", syscall.ECONNRESET)
	}
	p.cond.Broadcast()
}

func (p *pipe) drop() { p.held, p.head, p.flight, p.under, p.ring = 0, 0, nil, 0, nil }

// ended tells whether the writer is gone for the reader: nothing more will come.
func (p *pipe) ended() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.end != nil || p.readErr != nil
}

func (p *pipe) setReadDeadline(t time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.readDead = t
	p.cond.Broadcast()
}

func (p *pipe) setWriteDeadline(t time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.writeDead = t
	p.cond.Broadcast()
}

func passed(deadline, now time.Time) bool { return !deadline.IsZero() && !now.Before(deadline) }

// earliest is the earlier of two times, of which the first may be unset.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}
