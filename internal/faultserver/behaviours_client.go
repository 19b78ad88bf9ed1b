package faultserver

import (
	"net/http"
	"sync"
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
