package faultserver

import "sync"

// admitted is the set of requests that a limit let through.
type admitted struct {
	mu  sync.Mutex
	set map[*entry]struct{}
}

func (a *admitted) admit(req *Request, n int) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	for e := range a.set {
		if req.server.rec.over(e) {
			delete(a.set, e)
		}
	}
	if len(a.set) >= n {
		return false
	}
	if a.set == nil {
		a.set = map[*entry]struct{}{}
	}
	a.set[req.entry] = struct{}{}
	return true
}
