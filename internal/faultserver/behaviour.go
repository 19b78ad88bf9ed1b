package faultserver

import (
	"net/http"
	"sync/atomic"
	"time"
)

// Handler answers a request. It may block until the request's context ends; nil
// closes the connection without an answer.
type Handler func(*Request) *Response

// Behaviour wraps a Handler to change what it is asked or what it answers. It is
// called once for each file it is given to, so what it keeps is that file's own.
type Behaviour func(next Handler) Handler

func chain(behaviours []Behaviour, last Handler) Handler {
	for i := len(behaviours) - 1; i >= 0; i-- {
		last = behaviours[i](last)
	}
	return last
}

// Do answers with what f returns; it is called for GET and HEAD alike.
func Do(f func(req *Request, next Handler) *Response) Behaviour {
	return func(next Handler) Handler {
		return func(req *Request) *Response { return f(req, next) }
	}
}

// onRequest changes every request.
func onRequest(f func(*Request)) Behaviour {
	return Do(func(req *Request, next Handler) *Response {
		f(req)
		return next(req)
	})
}

// onResponse changes every response.
func onResponse(f func(*Request, *Response)) Behaviour {
	return Do(func(req *Request, next Handler) *Response {
		res := next(req)
		if res != nil {
			f(req, res)
		}
		return res
	})
}

// onPart changes the responses that are 206.
func onPart(f func(req *Request, res *Response, c partRange)) Behaviour {
	return onResponse(func(req *Request, res *Response) {
		if res.Status == http.StatusPartialContent && req.Range != nil {
			size := req.Rep.Content.Size()
			first, last, _ := req.Range.resolve(size)
			f(req, res, partRange{first, last, size})
		}
	})
}

// partRange is what a well-behaved 206 says in Content-Range.
type partRange struct{ first, last, size int64 }

func (p partRange) len() int64 { return p.last - p.first + 1 }

// onGET changes the responses to GET.
func onGET(f func(*Request, *Response)) Behaviour {
	return onResponse(func(req *Request, res *Response) {
		if req.Method == http.MethodGet {
			f(req, res)
		}
	})
}

// First lets b see the first k requests alone, HEAD not counted; all if k is
// negative. HEAD requests never see it.
func First(k int, b Behaviour) Behaviour {
	return count(b, func(n int) bool { return k < 0 || n <= k })
}

// After lets b see the requests behind the first k alone, HEAD not counted. HEAD
// requests never see it.
func After(k int, b Behaviour) Behaviour {
	return count(b, func(n int) bool { return n > k })
}

// Nth lets b see one request alone, the first being 1, HEAD not counted.
func Nth(k int, b Behaviour) Behaviour {
	return count(b, func(n int) bool { return n == k })
}

func count(b Behaviour, hit func(n int) bool) Behaviour {
	return func(next Handler) Handler {
		var n atomic.Int64
		special := b(next)
		return func(req *Request) *Response {
			if req.Method != http.MethodHead && hit(int(n.Add(1))) {
				return special(req)
			}
			return next(req)
		}
	}
}

// When lets b see the requests alone for which f says so.
func When(f func(*Request) bool, b Behaviour) Behaviour {
	return func(next Handler) Handler {
		special := b(next)
		return func(req *Request) *Response {
			if f(req) {
				return special(req)
			}
			return next(req)
		}
	}
}

// Beyond is for When: a range that does not begin at 0.
func Beyond(req *Request) bool { return req.Range != nil && req.Range.First != 0 }

// Alternate gives requests to its behaviours in turn, HEAD not counted, which gets
// the first.
func Alternate(bs ...Behaviour) Behaviour {
	return func(next Handler) Handler {
		var n atomic.Int64
		var handlers []Handler
		for _, b := range bs {
			handlers = append(handlers, b(next))
		}
		return func(req *Request) *Response {
			if req.Method == http.MethodHead {
				return handlers[0](req)
			}
			return handlers[int(n.Add(1)-1)%len(handlers)](req)
		}
	}
}

// Good changes nothing; it is for Alternate.
func Good() Behaviour { return func(next Handler) Handler { return next } }

// Delay waits before the headers are sent.
func Delay(d time.Duration) Behaviour {
	return Do(func(req *Request, next Handler) *Response {
		if wait(req.Context(), d) != nil {
			return nil
		}
		return next(req)
	})
}
