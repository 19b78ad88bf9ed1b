package faultserver

import (
	"net/http"
	"slices"
	"strings"
)

// at tells whether a record is of one of the files; of any if none is given.
func at(rec Record, names []string) bool {
	return len(names) == 0 || slices.ContainsFunc(names, func(name string) bool {
		return rec.Path == slashed(name)
	})
}

func slashed(name string) string { return "/" + strings.TrimPrefix(name, "/") }

// Requests are the requests for the named files in the order they came; all if no
// name is given.
func (s *Server) Requests(names ...string) []Record {
	return s.rec.records(func(r Record) bool { return at(r, names) })
}

// GETs are those Requests that were GET.
func (s *Server) GETs(names ...string) []Record {
	return s.rec.records(func(r Record) bool { return at(r, names) && r.Method == http.MethodGet })
}

// HEADs are those Requests that were HEAD.
func (s *Server) HEADs(names ...string) []Record {
	return s.rec.records(func(r Record) bool { return at(r, names) && r.Method == http.MethodHead })
}

// BytesSent is how many body bytes were sent for the named files, or for all. Bytes
// that a client left in a buffer of the connection count.
func (s *Server) BytesSent(names ...string) (n int64) {
	for _, r := range s.Requests(names...) {
		n += r.Sent
	}
	return n
}

// InFlight is how many requests the server works at: from their arrival until just
// before their last byte is sent, or until the client gave them up.
func (s *Server) InFlight() int {
	s.rec.mu.Lock()
	defer s.rec.mu.Unlock()
	return len(s.rec.live)
}

// MaxInFlight is the most there were of InFlight for the named files, or in all. A
// request whose whole answer fits into a buffer is over at once; add Delay to see how
// many a client has waiting. One that the client gave up counts to a few milliseconds
// before the server saw that.
func (s *Server) MaxInFlight(names ...string) int {
	return s.rec.most(func(r Record) bool { return at(r, names) })
}

// MaxInFlightAt is MaxInFlight of one origin, which is "scheme://host[:port]".
func (s *Server) MaxInFlightAt(origin string) int {
	return s.rec.most(func(r Record) bool { return sameOrigin(r.Origin, origin) })
}

// ResetRecords forgets the requests that are over.
func (s *Server) ResetRecords() { s.rec.reset() }

// credentials are the headers that Leaks looks for if it is told no other.
var credentials = []string{"Authorization", "Proxy-Authorization", "Cookie"}

// Leaks are the requests that carried one of the headers (Authorization,
// Proxy-Authorization and Cookie if none is named) to an origin other than home,
// which is "scheme://host[:port]" or a URL there. An empty home: to any origin.
func (s *Server) Leaks(home string, headers ...string) []Record {
	if len(headers) == 0 {
		headers = credentials
	}
	return s.rec.records(func(r Record) bool {
		return !sameOrigin(home, r.Origin) && slices.ContainsFunc(headers, func(h string) bool {
			return r.Header.Get(h) != ""
		})
	})
}
