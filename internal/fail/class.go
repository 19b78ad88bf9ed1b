// Package fail names what can go wrong with one request.
//
// Errors come from everywhere: the resolver, the dialer, TLS, net/http, the server's words,
// the disk. Each is looked at once, where it happens, and gets a class; all that is decided
// later, about waiting, asking again or asking somebody else, is decided by that class and
// by the facts of the moment, so that no second place has an opinion of its own.
package fail

// Class is what a failure means for the request that failed.
type Class uint8

// The classes. What each leads to is decided in package recovery.
const (
	Displaced   Class = iota // given up by ourselves: another connection does better
	Interrupted              // answered, then broke off; or nothing better is known
	Timeout                  // no answer in time, or one that stood still
	TooSlow                  // the file has come more slowly than the caller has patience for
	ServerError              // 408, 425, 500, 502, 504, 520 to 530
	Busy                     // 429, 503, or a connection refused beside others that are served
	Unreachable              // no connection could be made
	Closed                   // the connection ended before any answer
	Shortage                 // this machine has no descriptors left
	Expired                  // 401, 403, 404, 410 where it has served before
	NoRanges                 // ranges do not work here
	Changed                  // another version of the file than the one that is fetched
	Dubious                  // or no version of it at all: a page, nothing, or what names no version
	Mismatched               // something else than the file, a login page perhaps
	Permanent                // asking again gives the same answer
	Declined                 // the caller's own code would not have it, but may another time
	Local                    // the disk's failure, or a limit of the caller's
	Classes                  // how many there are
)

var names = [Classes]string{
	"displaced", "interrupted", "timeout", "too slow", "server error", "busy", "unreachable", "closed", "shortage",
	"expired", "no ranges", "changed", "dubious", "mismatched", "permanent", "declined", "local",
}

// String is the name of the class in lower case.
func (c Class) String() string {
	if c >= Classes {
		return "unknown"
	}
	return names[c]
}
