package faultserver

import (
	"net/http"
	"sync/atomic"
)

// Uses is a link that is good for k requests of any kind, HEAD included, and answers with a
// status from then on.
func Uses(k, status int) Behaviour {
	return func(next Handler) Handler {
		var n atomic.Int64
		over := Status(status)(next)
		return func(req *Request) *Response {
			if n.Add(1) > int64(k) {
				return over(req)
			}
			return next(req)
		}
	}
}

// CookieWall sends who has no cookie of it through a redirect that sets one, and comes back.
func CookieWall() Behaviour {
	return wall(func(req *Request) *Response { return redirect(http.StatusFound, req.URL.Path) })
}

// CookiePage sends who has no cookie of it a page with a status, and the cookie.
func CookiePage(status int) Behaviour {
	return wall(func(*Request) *Response {
		return Reply(status, "text/html", "<html>Please accept our cookies.</html>\n")
	})
}

func wall(without func(*Request) *Response) Behaviour {
	return Do(func(req *Request, next Handler) *Response {
		if _, err := (&http.Request{Header: req.Header}).Cookie("wall"); err == nil {
			return next(req)
		}
		res := without(req)
		res.Header.Add("Set-Cookie", "wall=passed; Path=/")
		return res
	})
}
