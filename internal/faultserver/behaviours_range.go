package faultserver

import (
	"bytes"
	"fmt"
	"net/http"
)

// RangeFault is how WrongRange departs from the range that was asked.
type RangeFault int

const (
	// RangeShifted sends another place of the file and says so.
	RangeShifted RangeFault = iota
	// RangeFirst sends the file's first bytes, as many as were asked, and says so.
	RangeFirst
	// RangeTotal says another size of the file.
	RangeTotal
	// RangeEndLie says a later end than is sent.
	RangeEndLie
	// RangeLonger sends more than was asked and says so, where the file goes on.
	RangeLonger
	// RangeUnit has the unit items.
	RangeUnit
	// RangeMalformed has a Content-Range nobody can read.
	RangeMalformed
	// RangeMissing has none.
	RangeMissing
	// RangeStar has * for the size.
	RangeStar
)

// rangeShift is by how much the faulty ranges are wrong.
const rangeShift = 7

// WrongRange answers ranges with a 206 that has a fault in Content-Range, or is
// honest about being of another range. RangeTotal and RangeEndLie are best put in
// When(Beyond, ...), else a client that asks for the file's begin first believes the
// wrong size.
func WrongRange(fault RangeFault) Behaviour {
	return onPart(func(req *Request, res *Response, p partRange) {
		moved := func(first, last int64) {
			last = min(last, p.size-1)
			res.contentRange(first, last, p.size)
			res.setBody(part(req.Rep.Content, first, last-first+1))
		}
		switch fault {
		case RangeShifted:
			first := p.first + rangeShift
			if first >= p.size {
				first = max(0, p.first-rangeShift)
			}
			moved(first, first+p.len()-1)
		case RangeFirst:
			moved(0, p.len()-1)
		case RangeTotal:
			res.contentRange(p.first, p.last, p.size+rangeShift)
		case RangeEndLie:
			res.contentRange(p.first, p.last+rangeShift, p.size+rangeShift)
		case RangeLonger:
			moved(p.first, p.last+rangeShift)
		case RangeUnit:
			res.Header.Set("Content-Range", fmt.Sprintf("items %d-%d/%d", p.first, p.last, p.size))
		case RangeMalformed:
			res.Header.Set("Content-Range", fmt.Sprintf("bytes %d to %d of %d", p.first, p.last, p.size))
		case RangeMissing:
			res.Header.Del("Content-Range")
		case RangeStar:
			res.contentRange(p.first, p.last, -1)
		}
	})
}

// RangeCap sends at most n bytes a range, with a Content-Range that says so.
func RangeCap(n int64) Behaviour {
	return onPart(func(req *Request, res *Response, p partRange) {
		last := min(p.last, p.first+n-1)
		res.contentRange(p.first, last, p.size)
		res.setBody(part(req.Rep.Content, p.first, last-p.first+1))
	})
}

// RangeWide begins up to n bytes before what was asked, and says so.
func RangeWide(n int64) Behaviour {
	return onPart(func(req *Request, res *Response, p partRange) {
		first := max(0, p.first-n)
		res.contentRange(first, p.last, p.size)
		res.setBody(part(req.Rep.Content, first, p.last-first+1))
	})
}

// BodyFault is what LyingRange does to a body.
type BodyFault int

const (
	// BodyShort is half as long, and so is Content-Length.
	BodyShort BodyFault = iota
	// BodyLong is longer, and so is Content-Length.
	BodyLong
	// BodyOffset0 has the bytes from the file's begin on.
	BodyOffset0
	// BodyZeros is all zero.
	BodyZeros
	// BodyFlip has one bit wrong, in the middle.
	BodyFlip
	// BodyOtherFile is of another file.
	BodyOtherFile
)

// LyingRange sends a 206 with the Content-Range that was asked, but another body.
func LyingRange(fault BodyFault) Behaviour {
	return onPart(func(req *Request, res *Response, p partRange) {
		lie(req, res, p, fault)
	})
}

// LyingBody is LyingRange for whole responses as well.
func LyingBody(fault BodyFault) Behaviour {
	return onGET(func(req *Request, res *Response) {
		p := partRange{0, req.Rep.Content.Size() - 1, req.Rep.Content.Size()}
		if res.Status == http.StatusPartialContent {
			p.first, p.last, _ = req.Range.resolve(p.size)
		} else if res.Status != http.StatusOK {
			return
		}
		lie(req, res, p, fault)
	})
}

func lie(req *Request, res *Response, p partRange, fault BodyFault) {
	c := req.Rep.Content
	switch fault {
	case BodyShort:
		res.setBody(part(c, p.first, p.len()/2))
	case BodyLong:
		res.setBody(joined{res.Body, zeros(1000)})
	case BodyOffset0:
		res.setBody(part(c, 0, p.len()))
	case BodyZeros:
		res.setBody(zeros(p.len()))
	case BodyFlip:
		middle := p.len() / 2
		flipped := Bytes(part(res.Body, middle, 1))
		flipped[0] ^= 0x10
		res.setBody(joined{part(res.Body, 0, middle), bytes.NewReader(flipped), part(res.Body, middle+1, p.len())})
	case BodyOtherFile:
		res.setBody(part(Generate("another file", 0, p.size), p.first, p.len()))
	}
}

// Multipart206 answers one range with multipart/byteranges, which RFC 9110 section
// 15.3.7.2 forbids.
func Multipart206() Behaviour {
	return onPart(func(_ *Request, res *Response, _ partRange) {
		const boundary = "THIS_SEPARATES"
		head := fmt.Sprintf("--%s\r\nContent-Type: %s\r\nContent-Range: %s\r\n\r\n",
			boundary, res.Header.Get("Content-Type"), res.Header.Get("Content-Range"))
		foot := fmt.Sprintf("\r\n--%s--\r\n", boundary)
		res.Header.Set("Content-Type", "multipart/byteranges; boundary="+boundary)
		res.Header.Del("Content-Range")
		res.setBody(joined{bytes.NewReader([]byte(head)), res.Body, bytes.NewReader([]byte(foot))})
	})
}

// ChunkedRange sends 206 chunked, without Content-Length.
func ChunkedRange() Behaviour {
	return onPart(func(_ *Request, res *Response, _ partRange) { res.Length = -1 })
}

// Partial200 sends what was asked and its Content-Range, but says 200.
func Partial200() Behaviour {
	return onPart(func(_ *Request, res *Response, _ partRange) { res.Status = http.StatusOK })
}

// Always416 answers every range with 416 and the file's size.
func Always416() Behaviour {
	return Do(func(req *Request, next Handler) *Response {
		if req.Range == nil {
			return next(req)
		}
		return unsatisfiable(req.Rep.Content.Size())
	})
}

// Always416Of is Always416 with another size; without Content-Range if it is
// negative.
func Always416Of(size int64) Behaviour {
	return Do(func(req *Request, next Handler) *Response {
		if req.Range == nil {
			return next(req)
		}
		return unsatisfiable(size)
	})
}
