package faultserver

import (
	"net/http"
	"strings"
)

// onHEAD answers HEAD alone.
func onHEAD(f func(req *Request, res *Response) *Response) Behaviour {
	return Do(func(req *Request, next Handler) *Response {
		res := next(req)
		if req.Method != http.MethodHead || res == nil {
			return res
		}
		return f(req, res)
	})
}

// NoHead answers HEAD with a status such as 403, 404, 405 or 501.
func NoHead(status int) Behaviour {
	return onHEAD(func(*Request, *Response) *Response { return Reply(status, "text/plain", "no HEAD\n") })
}

// HeadClose closes the connection on HEAD.
func HeadClose() Behaviour {
	return onHEAD(func(*Request, *Response) *Response { return nil })
}

// HeadHang never answers HEAD.
func HeadHang() Behaviour {
	return onHEAD(func(_ *Request, res *Response) *Response {
		res.End, res.EndAfter = Hang, -1
		return res
	})
}

// HeadLies makes the Content-Length of HEAD wrong by delta, but not negative.
func HeadLies(delta int64) Behaviour {
	return onHEAD(func(_ *Request, res *Response) *Response {
		res.Length = max(0, res.Length+delta)
		return res
	})
}

// HeadNoLength leaves Content-Length out of the answer to HEAD.
func HeadNoLength() Behaviour {
	return onHEAD(func(_ *Request, res *Response) *Response {
		res.Length = -1
		return res
	})
}

// NoAcceptRanges leaves that header out; ranges work.
func NoAcceptRanges() Behaviour {
	return onResponse(func(_ *Request, res *Response) { res.Header.Del("Accept-Ranges") })
}

// NoRange ignores Range: 200 and the whole file, and no Accept-Ranges.
func NoRange() Behaviour {
	return func(next Handler) Handler { return NoAcceptRanges()(NoRangeLie()(next)) }
}

// NoRangeLie is NoRange, but with Accept-Ranges: bytes.
func NoRangeLie() Behaviour {
	return onRequest(func(req *Request) { req.Range = nil })
}

// NoRangeAfter is NoRangeLie behind k requests that are answered well.
func NoRangeAfter(k int) Behaviour { return After(k, NoRangeLie()) }

// ProbeOnly honours no range but bytes=0-0.
func ProbeOnly() Behaviour {
	return When(func(req *Request) bool {
		return req.Range != nil && *req.Range != Range{0, 0}
	}, NoRangeLie())
}

// EmptyPartial answers a range of an empty file with 206 and bytes 0-0/0, as some
// servers do; without it the answer is 416.
func EmptyPartial() Behaviour {
	return Do(func(req *Request, next Handler) *Response {
		if req.Range == nil || req.Rep.Content.Size() > 0 {
			return next(req)
		}
		req.Range = nil
		res := next(req)
		res.Status = http.StatusPartialContent
		res.contentRange(0, 0, 0)
		return res
	})
}

// NoLength ignores Range and sends the file chunked, without a length.
func NoLength() Behaviour {
	return func(next Handler) Handler {
		return onResponse(func(_ *Request, res *Response) { res.Length = -1 })(NoRange()(next))
	}
}

// CloseDelimited sends the whole file as HTTP/1.0 does without a length: to the end
// of the connection.
func CloseDelimited() Behaviour { return closeDelimited(-1) }

// CloseDelimitedCut is CloseDelimited but stops after so many bytes, which a client
// cannot see.
func CloseDelimitedCut(after int64) Behaviour { return closeDelimited(after) }

func closeDelimited(after int64) Behaviour {
	return func(next Handler) Handler {
		return onResponse(func(_ *Request, res *Response) {
			res.HTTP1, res.Length = true, -1
			if after >= 0 {
				res.End, res.EndAfter = Close, after
			}
		})(NoRange()(next))
	}
}

// Informational sends n responses of a 1xx status, such as 100 or 103, before the
// real one.
func Informational(status, n int) Behaviour {
	return onResponse(func(_ *Request, res *Response) {
		for range n {
			early := Interim{Status: status, Header: http.Header{}}
			if status == http.StatusEarlyHints {
				early.Header.Set("Link", "</style.css>; rel=preload")
			}
			res.Interim = append(res.Interim, early)
		}
	})
}

// HeaderBomb adds n bytes of headers, in lines of about 4 KiB.
func HeaderBomb(n int) Behaviour {
	return onResponse(func(_ *Request, res *Response) {
		for left := n; left > 0; left -= 4096 {
			res.Header.Add("X-Bomb", strings.Repeat("x", min(left, 4096)))
		}
	})
}
