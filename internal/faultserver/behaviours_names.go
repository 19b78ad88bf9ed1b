package faultserver

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
)

// Disposition sends Content-Disposition as it is given; line ends become spaces.
func Disposition(raw string) Behaviour {
	return onResponse(func(_ *Request, res *Response) { res.Header.Set("Content-Disposition", raw) })
}

// SetCookie sends Set-Cookie.
func SetCookie(raw string) Behaviour {
	return onResponse(func(_ *Request, res *Response) { res.Header.Add("Set-Cookie", raw) })
}

// StrictTarget refuses what a careful front end does: blanks, quotes and what is not ASCII in
// the path or the query, and percent signs that escape nothing.
func StrictTarget() Behaviour {
	return When(func(req *Request) bool {
		_, err := url.PathUnescape(req.RequestURI)
		return err != nil || strings.ContainsFunc(req.RequestURI, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' })
	}, Status(http.StatusBadRequest))
}

// FirewallAccept refuses requests that do not say what they accept.
func FirewallAccept() Behaviour {
	return When(func(req *Request) bool { return req.Header.Get("Accept") == "" }, Status(http.StatusForbidden))
}

// Redirect leads over n redirects of a status (301, 302, 303, 307, 308) to the file.
func Redirect(n, code int) Behaviour {
	return Do(func(req *Request, next Handler) *Response {
		hop, _ := strconv.Atoi(req.URL.Query().Get("hop"))
		if hop >= n {
			return next(req)
		}
		return redirect(code, fmt.Sprintf("%s?hop=%d", req.URL.EscapedPath(), hop+1))
	})
}

// RedirectLoop leads from one URL to another and back.
func RedirectLoop() Behaviour {
	return Do(func(req *Request, _ Handler) *Response {
		if req.URL.RawQuery == "" {
			return redirect(http.StatusFound, req.URL.EscapedPath()+"?again")
		}
		return redirect(http.StatusFound, req.URL.EscapedPath())
	})
}

// RedirectEndless leads on for ever, to another URL each time.
func RedirectEndless() Behaviour {
	return Do(func(req *Request, _ Handler) *Response {
		hop, _ := strconv.Atoi(req.URL.Query().Get("hop"))
		return redirect(http.StatusFound, fmt.Sprintf("%s?hop=%d", req.URL.EscapedPath(), hop+1))
	})
}

// RedirectTo leads to a location, sent as it is: another server, another scheme, a
// relative reference, or nonsense.
func RedirectTo(location string, code int) Behaviour {
	return Do(func(*Request, Handler) *Response { return redirect(code, location) })
}

func redirect(code int, location string) *Response {
	res := Reply(code, "text/plain", "elsewhere\n")
	res.Header.Set("Location", location)
	return res
}

// Redirector leads to the first of several locations for k requests, then to the next, and so on
// to the last.
func Redirector(k int, locations ...string) Behaviour {
	n := 0
	var mu sync.Mutex
	return Do(func(*Request, Handler) *Response {
		mu.Lock()
		defer mu.Unlock()
		at := locations[min(n/k, len(locations)-1)]
		n++
		return redirect(http.StatusFound, at)
	})
}
