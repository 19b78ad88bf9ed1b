package faultserver

import (
	"net/http"
	"sync"
	"time"
)

// What servers do that have a limit for each client.

// NewestWins ends the connection of the request before whenever another one comes. Given to
// Server.Behave it counts all files.
func NewestWins() Behaviour {
	var mu sync.Mutex
	var newest *entry
	return onRequest(func(req *Request) {
		if req.Method != http.MethodGet {
			return
		}
		mu.Lock()
		before := newest
		newest = req.entry
		mu.Unlock()
		if before != nil && before.conn != req.entry.conn && !req.server.rec.over(before) {
			reset(before.conn)
		}
	})
}

// Lingering is ConnLimit where a place is free only so long after its answer has ended.
func Lingering(n int, lag time.Duration, over Behaviour) Behaviour {
	return func(next Handler) Handler {
		refuse := over(next)
		slots := make(chan struct{}, n)
		return func(req *Request) *Response {
			select {
			case slots <- struct{}{}:
			default:
				return refuse(req)
			}
			req.server.rec.onLeave(req.entry, func() { time.AfterFunc(lag, func() { <-slots }) })
			return next(req)
		}
	}
}

// LateBody sends the headers of GET responses at once, and the body after a while.
func LateBody(d time.Duration) Behaviour {
	return onGET(func(_ *Request, res *Response) { res.Hold = d })
}

// Nothing answers 200 with a body of no bytes, and names no version.
func Nothing() Behaviour {
	return Do(func(*Request, Handler) *Response { return Reply(http.StatusOK, "application/octet-stream", "") })
}

// Note answers 200 with a line of text, and names no version.
func Note() Behaviour {
	return Do(func(*Request, Handler) *Response {
		return Reply(http.StatusOK, "text/plain", "one connection, please\n")
	})
}
