package faultserver

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Become serves the file as if it had been changed by the options, for example
// After(2, Become(Version(2))) or Become(Version(2), Size(n)).
func Become(opts ...FileOption) Behaviour {
	return onRequest(func(req *Request) { req.Rep = req.Rep.with(opts...) })
}

// ETagChange serves version 2 of the file behind k GETs; the size is the same.
func ETagChange(k int) Behaviour { return After(k, Become(Version(2))) }

// ETagFlap alternates between the versions 1 and 2, as two backends do of which one
// is not up to date.
func ETagFlap() Behaviour { return Alternate(Become(Version(1)), Become(Version(2))) }

// ChangeUnseen serves other content behind k GETs with the validators of before.
func ChangeUnseen(k int) Behaviour {
	return After(k, onRequest(func(req *Request) {
		req.Rep.Content = req.Rep.with(Version(2)).Content
	}))
}

// IgnoreIfRange honours a range whatever If-Range says.
func IgnoreIfRange() Behaviour {
	return onRequest(func(req *Request) { req.dropHeader("If-Range") })
}

// dropHeader takes a header away without touching what was recorded.
func (req *Request) dropHeader(name string) {
	req.Request = req.Request.Clone(req.Context())
	req.Header.Del(name)
}

// DislikesIfRange answers 200 to If-Range although the validator is right.
func DislikesIfRange() Behaviour {
	return When(func(req *Request) bool { return req.Header.Get("If-Range") != "" }, NoRangeLie())
}

// ETagOnly sends another ETag with each response; all else stays.
func ETagOnly() Behaviour {
	return func(next Handler) Handler {
		var n atomic.Int64
		return onRequest(func(req *Request) {
			req.Rep.ETag = fmt.Sprintf(`"node-%d"`, n.Add(1))
		})(next)
	}
}

// WeakETag sends the ETag as a weak one.
func WeakETag() Behaviour {
	return onRequest(func(req *Request) { req.Rep.ETag = "W/" + req.Rep.ETag })
}

// BadETag sends an ETag as it is given, for example without quotes.
func BadETag(raw string) Behaviour {
	return onRequest(func(req *Request) { req.Rep.ETag = raw })
}

// LastModOnly sends Last-Modified and no ETag.
func LastModOnly() Behaviour {
	return onRequest(func(req *Request) { req.Rep.ETag = "" })
}

// LastModNow is LastModOnly with the Date of the response, which makes it weak
// (RFC 9110 section 8.8.2.2).
func LastModNow() Behaviour {
	return onRequest(func(req *Request) { req.Rep.ETag, req.Rep.LastModified = "", time.Now() })
}

// NoValidators sends neither ETag nor Last-Modified.
func NoValidators() Behaviour {
	return onRequest(func(req *Request) { req.Rep.ETag, req.Rep.LastModified = "", time.Time{} })
}

// ReprDigest sends the SHA-256 of the whole file (RFC 9530), made wrong if right is
// false.
func ReprDigest(right bool) Behaviour {
	return func(next Handler) Handler {
		var sums sync.Map // by ETag of the content, as the sum costs time
		return onResponse(func(req *Request, res *Response) {
			key := req.Rep.spec.tag()
			sum, ok := sums.Load(key)
			if !ok {
				sum = Sum(req.Rep.Content)
				sums.Store(key, sum)
			}
			raw, _ := hex.DecodeString(sum.(string))
			if !right {
				raw[0] ^= 1
			}
			res.Header.Set("Repr-Digest", fmt.Sprintf("sha-256=:%s:", base64.StdEncoding.EncodeToString(raw)))
		})(next)
	}
}

// Mirrors sends a Link header that names duplicates (RFC 6249).
func Mirrors(urls ...string) Behaviour {
	return onResponse(func(_ *Request, res *Response) {
		for _, u := range urls {
			res.Header.Add("Link", "<"+strings.ReplaceAll(u, ">", "%3E")+">; rel=duplicate")
		}
	})
}
