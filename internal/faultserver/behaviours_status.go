package faultserver

import (
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// ResponseOption changes a response that a status behaviour makes.
type ResponseOption func(*Response)

// RetryAfter sends Retry-After as it is given: seconds, a date, or nonsense.
func RetryAfter(raw string) ResponseOption {
	return func(res *Response) { res.Header.Set("Retry-After", raw) }
}

// RetryAfterDate sends Retry-After as a date, which is d after the response's own
// Date; and that is the time here plus skew.
func RetryAfterDate(d, skew time.Duration) ResponseOption {
	return func(res *Response) {
		date := time.Now().Add(skew).UTC()
		res.Header.Set("Date", date.Format(http.TimeFormat))
		res.Header.Set("Retry-After", date.Add(d).Format(http.TimeFormat))
	}
}

// Field sends a header.
func Field(name, value string) ResponseOption {
	return func(res *Response) { res.Header.Add(name, value) }
}

// Status answers GET and HEAD with a status and a short text.
func Status(code int, opts ...ResponseOption) Behaviour {
	return Do(func(*Request, Handler) *Response {
		res := Reply(code, "text/plain", fmt.Sprintf("status %d\n", code))
		for _, o := range opts {
			o(res)
		}
		return res
	})
}

// Flaky answers the first k GETs with a status (every one if k is negative) and
// Retry-After, unless that is "".
func Flaky(code, k int, retryAfter string) Behaviour {
	var opts []ResponseOption
	if retryAfter != "" {
		opts = append(opts, RetryAfter(retryAfter))
	}
	return First(k, Status(code, opts...))
}

// Expire answers 403 behind k good GETs, as a signed URL does.
func Expire(k int) Behaviour { return After(k, Status(http.StatusForbidden)) }

// Signed answers a URL without a token by a redirect to the same with a new one,
// which is good for k requests and then 403.
func Signed(k int) Behaviour { return SignedUntil(k, 0, Status(http.StatusForbidden)) }

// SignedUntil is Signed for tokens that are good for k requests, and for so long (0: for any
// number, and for ever), and then over.
func SignedUntil(k int, d time.Duration, over Behaviour) Behaviour {
	return func(next Handler) Handler {
		expired := over(next)
		var t tokens
		return func(req *Request) *Response {
			token := req.URL.Query().Get("token")
			switch {
			case token == "":
				return redirect(http.StatusFound, req.URL.EscapedPath()+"?token="+t.mint(k, d))
			case !t.use(token):
				return expired(req)
			}
			return next(req)
		}
	}
}

// tokens are what Signed gave out.
type tokens struct {
	mu  sync.Mutex
	all []token
}

type token struct {
	left  int // uses; negative: any number
	until time.Time
}

func (t *tokens) mint(uses int, d time.Duration) string {
	k := token{left: uses}
	if uses == 0 {
		k.left = -1
	}
	if d > 0 {
		k.until = time.Now().Add(d)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all = append(t.all, k)
	return strconv.Itoa(len(t.all))
}

func (t *tokens) use(number string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 || n > len(t.all) {
		return false
	}
	k := &t.all[n-1]
	if k.left == 0 || !k.until.IsZero() && !time.Now().Before(k.until) {
		return false
	}
	k.left--
	return true
}

// BasicAuth answers 401 to requests without these credentials.
func BasicAuth(user, password string) Behaviour {
	return Do(func(req *Request, next Handler) *Response {
		if u, p, ok := req.BasicAuth(); ok && u == user && p == password {
			return next(req)
		}
		res := Reply(http.StatusUnauthorized, "text/plain", "unauthorized\n")
		res.Header.Set("WWW-Authenticate", `Basic realm="files"`)
		return res
	})
}

// HTML200 answers 200 with a page that says that something went wrong.
func HTML200() Behaviour {
	return Do(func(*Request, Handler) *Response {
		return Reply(http.StatusOK, "text/html; charset=utf-8", "<!DOCTYPE html><title>Sorry</title><p>Please log in.\n")
	})
}

// HTMLAfter is HTML200 behind k good GETs.
func HTMLAfter(k int) Behaviour { return After(k, HTML200()) }

// DateSkew makes Date wrong by d.
func DateSkew(d time.Duration) Behaviour {
	return onResponse(func(_ *Request, res *Response) {
		res.Header.Set("Date", time.Now().Add(d).UTC().Format(http.TimeFormat))
	})
}
