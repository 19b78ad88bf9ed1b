package httprange

import (
	"fmt"
	"net/http"
	"strings"
)

// maxSkip is how many bytes before the asked ones are read and thrown away: a
// cache that works in blocks may round down. More is not worth the traffic.
const maxSkip = 64 << 10

// Gate decides what may be done with the body of an answer, before a byte of it
// is read. pin is the version that is being fetched, nil if no answer has been
// accepted yet.
//
// An accepted body still has to deliver: fewer bytes than Take are a short
// body, however cleanly it ends.
func Gate(ask Ask, pin *Pin, a Answer) Verdict {
	if !ask.Ranged {
		ask.Start, ask.End = 0, -1
	}
	first := pin == nil
	if first {
		pin = &Pin{Size: -1}
		ask.IfRange = false // there was nothing to put in it
	}
	switch a.Status {
	case http.StatusPartialContent:
		return gatePartial(ask, *pin, first, a)
	case http.StatusOK:
		return gateWhole(ask, *pin, first, a)
	case http.StatusRequestedRangeNotSatisfiable:
		return gateUnsatisfied(ask, *pin, a)
	default:
		return gateStatus(ask, a.Status)
	}
}

func gatePartial(ask Ask, pin Pin, first bool, a Answer) Verdict {
	cr, why := partOf(a.Header)
	if why != "" {
		return unusable(ask, why)
	}
	if cr.Total < 0 && pin.Size >= 0 {
		if cr.End > pin.Size {
			return reject(Changed, "part ends beyond the known size")
		}
		cr.Total = pin.Size
	}
	got := PinOf(a.Header, cr.Total)
	switch ask.useOf(pin, first, got.Encoding, a.ContentLength < 0 || a.ContentLength == cr.End-cr.Start) {
	case encoded:
		return unusable(ask, "a part of an encoded file, of which only all can be decoded")
	case another:
		return Verdict{Kind: Changed, Pin: got, Reason: "content-encoding differs"}
	case nothing:
		return reject(BadEncoding, "content-encoding is "+printable(got.Encoding))
	}
	if what := pin.differs(got); what != "" {
		return Verdict{Kind: Changed, Pin: got, Reason: what + " differs"}
	}
	if cr.Total < 0 {
		return unusable(ask, "206 does not tell the size of the file")
	}
	return place(ask, cr, got, a.ContentLength)
}

// unusable is the verdict on a 206 that holds no part of any use. Without a
// Range there was nothing to fall back from, and asking again would never end.
func unusable(ask Ask, why string) Verdict {
	if ask.Ranged {
		return reject(RangeUnusable, why)
	}
	return reject(Malformed, "206 without having asked for a range: "+why)
}

// partOf is the part that a 206 claims to hold, or why that cannot be known.
func partOf(h http.Header) (cr ContentRange, why string) {
	if hasPrefixFold(strings.TrimSpace(field(h, "Content-Type")), "multipart/byteranges") {
		return cr, "multipart answer to one range"
	}
	fields := h["Content-Range"]
	if len(fields) != 1 {
		return cr, fmt.Sprintf("%d content-range fields", len(fields))
	}
	cr, err := ParseContentRange(fields[0])
	switch {
	case err != nil:
		return cr, err.Error()
	case cr.Start < 0:
		return cr, "206 with an unsatisfied content-range"
	}
	return cr, ""
}

// place fits the part that came over the part that was asked.
func place(ask Ask, cr ContentRange, got Pin, length int64) Verdict {
	if !ask.Ranged && (cr.Start != 0 || cr.End != cr.Total || length >= 0 && length != cr.Total) {
		return unusable(ask, "it is a part of the file")
	}
	end := ask.End
	if end < 0 {
		end = cr.Total
	}
	take := min(cr.End, end) - ask.Start
	switch {
	case cr.Start > ask.Start, take <= 0, ask.Start-cr.Start > maxSkip:
		return reject(RangeMismatch, fmt.Sprintf("asked for bytes from %d, got %d to %d", ask.Start, cr.Start, cr.End-1))
	case length >= 0 && length != cr.End-cr.Start:
		return reject(RangeMismatch, fmt.Sprintf("content-length %d for a part of %d", length, cr.End-cr.Start))
	case length < 0 && cr.End > end:
		// Only a length that agrees makes a part that is longer than asked
		// believable.
		return reject(RangeMismatch, "part ends beyond the one asked, and has no length")
	}
	return Verdict{
		Kind: Accept, Whole: !ask.Ranged,
		Skip: ask.Start - cr.Start, Offset: ask.Start, Take: take,
		Pin: got, Reason: "part",
	}
}

func gateWhole(ask Ask, pin Pin, first bool, a Answer) Verdict {
	if len(a.Header["Content-Range"]) > 0 {
		return reject(Malformed, "200 with a content-range")
	}
	size := max(a.ContentLength, -1)
	got := PinOf(a.Header, size)
	decode := ""
	switch ask.useOf(pin, first, got.Encoding, size < 0 || pin.Size < 0 || pin.Size == size) {
	case encoded: // whose own size nobody tells, but that nothing is nothing
		decode, got.Encoding = got.Encoding, ""
		if size > 0 {
			size = -1
		}
		got.Size = size
	case another:
		return Verdict{Kind: Changed, Pin: got, Reason: "content-encoding differs"}
	case nothing:
		return reject(BadEncoding, "content-encoding is "+printable(got.Encoding))
	}
	verdict := Verdict{Pin: got}
	switch what := pin.differs(got); {
	case what != "":
		verdict.Kind, verdict.Reason = Changed, what+" differs"
	case ask.Start > 0 && ask.IfRange && pin.confirms(got):
		verdict.Kind, verdict.Reason = IfRangeRefused, "whole file though if-range holds"
	case ask.Start > 0:
		verdict.Kind, verdict.Reason = RangeIgnored, "whole file where a part was asked"
	case size == 0:
		verdict.Kind, verdict.Reason = Empty, "content-length is 0"
	default:
		verdict.Kind, verdict.Reason = Accept, "whole file"
		verdict.Whole, verdict.Take, verdict.Decode = true, size, decode
	}
	return verdict
}

func gateUnsatisfied(ask Ask, pin Pin, a Answer) Verdict {
	if !ask.Ranged {
		return reject(Permanent, "status 416 without having asked for a range")
	}
	fields := a.Header["Content-Range"]
	if len(fields) != 1 {
		return reject(RangeUnusable, "status 416")
	}
	cr, err := ParseContentRange(fields[0])
	switch {
	case err != nil || cr.Start >= 0:
		return reject(RangeUnusable, "status 416 that does not tell the size of the file")
	case pin.Size >= 0 && pin.Size != cr.Total:
		return Verdict{Kind: Changed, Pin: Pin{Size: cr.Total}, Reason: "size differs"}
	case cr.Total == 0 && ask.Start == 0:
		return Verdict{Kind: Empty, Pin: PinOf(a.Header, 0), Reason: "size is 0"}
	}
	return reject(RangeUnusable, "status 416")
}

func gateStatus(ask Ask, status int) Verdict {
	reason := fmt.Sprintf("status %d", status)
	switch status {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return reject(Throttled, reason)
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusGatewayTimeout:
		return reject(Transient, reason)
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusGone:
		if ask.Served {
			return reject(Expired, reason)
		}
		return reject(Permanent, reason)
	case http.StatusNoContent, http.StatusResetContent:
		return reject(Malformed, reason+" has no content to give")
	}
	switch {
	case status >= 520 && status <= 530: // a proxy could not reach its origin
		return reject(Transient, reason)
	case status < 200 || status >= 300 && status < 400:
		return reject(Malformed, reason+" is no final answer")
	}
	return reject(Permanent, reason)
}

// printable makes text of the server safe for a terminal and short.
func printable(s string) string { return fmt.Sprintf("%+.40q", s) }

func reject(k Kind, reason string) Verdict {
	return Verdict{Kind: k, Pin: Pin{Size: -1}, Reason: reason}
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}
