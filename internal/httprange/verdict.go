package httprange

import "net/http"

// Ask is what was asked of the server.
type Ask struct {
	Ranged     bool     // a Range header was sent; if not, Start and End do not count
	Start, End int64    // the part [Start, End); End < 0: to the end of the file
	IfRange    bool     // If-Range was sent
	Served     bool     // this URL has answered with usable bytes before
	Names      []string // that the file has, which tell a .gz that is labelled as encoded
	Policy     Policy
	Decodes    func(coding string) bool // with Decode
}

// Answer is the head of a response.
type Answer struct {
	Status        int
	Header        http.Header
	ContentLength int64 // negative: unknown
}

// Kind says what to do with an answer.
type Kind int

const (
	Accept         Kind = iota // write Take bytes (Take < 0: until the body ends) at Offset, after skipping Skip bytes
	Empty                      // the file has no bytes
	RangeIgnored               // a whole file where a part of it was asked; asking again does not help
	RangeUnusable              // ranges cannot be used here: ask without Range
	RangeMismatch              // the answer admits to other bytes than were asked
	Changed                    // another version of the file than the pinned one
	IfRangeRefused             // a whole file in answer to an If-Range that holds: ask again without If-Range
	BadEncoding                // the bytes are encoded, though identity was asked, and no use
	Throttled                  // 429, 503: too much was asked at once
	Transient                  // 408, 425, 500, 502, 504, 520 to 530: ask again later
	Expired                    // 401, 403, 404, 410 on a URL that has served before
	Permanent                  // any other status: asking again does not help
	Malformed                  // the head contradicts itself or does not answer a GET
)

// String is the name of the kind in lower case, for errors and logs.
func (k Kind) String() string {
	switch k {
	case Accept:
		return "accept"
	case Empty:
		return "empty"
	case RangeIgnored:
		return "range ignored"
	case RangeUnusable:
		return "range unusable"
	case RangeMismatch:
		return "range mismatch"
	case Changed:
		return "changed"
	case IfRangeRefused:
		return "if-range refused"
	case BadEncoding:
		return "bad encoding"
	case Throttled:
		return "throttled"
	case Transient:
		return "transient"
	case Expired:
		return "expired"
	case Permanent:
		return "permanent"
	case Malformed:
		return "malformed"
	}
	return "unknown"
}

// Verdict is the decision on one answer. Skip, Offset and Take are set only
// with Accept.
type Verdict struct {
	Kind   Kind
	Whole  bool   // Accept: the body is the whole file from byte 0 (a 200, or a 206 to no Range)
	Skip   int64  // bytes at the head of the body that were not asked for
	Offset int64  // in the file, of the first byte to write
	Take   int64  // bytes to write; never read past them. Negative: until the body ends
	Pin    Pin    // what the answer says of the file, to be pinned if it is the first; Size is -1 where it says nothing
	Decode string // Accept: the codings that are to be undone, the last one first; what is in them is the file, of a length that nobody knows
	Reason string // why, in a few lower-case words that are safe to print
}
