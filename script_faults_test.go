package littledl_test

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	. "github.com/littledl/littledl/internal/faultserver"
)

// What can go wrong in a script (script_test.go): the behaviours of the fault server,
// each with what a client may make of it.

// mishap is something a server does, to one request or to all of a file.
type mishap struct {
	name string
	make func(a arg) Behaviour
	// cost counts against the patience with which a file must come through; hopeless
	// is beyond any.
	cost int
	is   trait
}

// hopeless: the file may fail, though what it leaves must be right.
const hopeless = 1000

// trait says what nobody can see without a digest, alone or together with another.
type trait uint

const (
	blind   trait = 1 << iota // wrong bytes under right headers
	changes                   // another version under the same name
	hides                     // and this is how that goes unnoticed
	cuts                      // a body that ends with the connection
	extends                   // more than was announced
	ends                      // less than that
	page                      // an HTML page in place of the file
)

// arg is the parameter of a fault, and the size of its file.
type arg struct {
	n    int // 0 to 255
	size int64
}

// at is a place in the file, or just behind it.
func (a arg) at() int64 { return a.size * int64(a.n) / 255 }

// of chooses one of several.
func of[T any](a arg, choices ...T) T { return choices[a.n%len(choices)] }

// plain is a behaviour without a parameter.
func plain(b Behaviour) func(arg) Behaviour { return func(arg) Behaviour { return b } }

// bigger is the size of version 2 of a file, where that differs.
func bigger(size int64) int64 { return size + size/3 + 1 }

// version is what a server says of a version of a file.
func version(v int, opts ...FileOption) []FileOption {
	return append([]FileOption{Version(v), ETag(fmt.Sprintf(`"%d"`, v))}, opts...)
}

// secondVersion is version 2 of a file, which differs in both validators or in one of them.
func secondVersion(a arg) []FileOption {
	return of(a, version(2), version(2, LastModified(versionOneTime)), version(2, ETag(`"1"`)))
}

// versionOneTime is when the fault server says that version 1 was made.
var versionOneTime = time.Date(1999, 1, 1, 1, 0, 0, 0, time.UTC)

const sorryPage = "<!DOCTYPE html><title>Sorry</title><p>Please log in.\n"

// mishaps are what may happen to a single request; the first of them, as many as commonMishaps,
// more often.
var mishaps = []mishap{
	{name: "good", make: plain(Good())},
	{name: "reset", make: func(a arg) Behaviour { return RST(a.at()) }, cost: 1},
	{name: "short", make: func(a arg) Behaviour { return ShortBody(a.at()) }, cost: 1, is: ends},
	{name: "range ignored", make: plain(NoRangeLie()), cost: 1},
	{name: "wrong range", make: func(a arg) Behaviour {
		return WrongRange(of(a, RangeShifted, RangeFirst, RangeEndLie, RangeShifted, RangeFirst, RangeTotal, RangeLonger, RangeUnit, RangeMalformed, RangeMissing, RangeStar))
	}, cost: 1},
	{name: "earlier", make: func(a arg) Behaviour { return RangeWide(int64(a.n) * kib) }, cost: 1},
	{name: "at most", make: func(a arg) Behaviour { return RangeCap(int64(a.n)*kib/8 + 1) }, cost: 1},
	{name: "other version", make: func(a arg) Behaviour { return Become(secondVersion(a)...) }, cost: 2, is: changes},
	{name: "other size", make: func(a arg) Behaviour { return Become(version(2, Size(bigger(a.size)))...) }, cost: 2, is: changes},
	{name: "lying range", make: func(a arg) Behaviour { return LyingRange(of(a, BodyShort, BodyLong)) }, cost: 1},
	{name: "stall", make: func(a arg) Behaviour { return Stall(a.at()) }, cost: 1},
	{name: "busy", make: func(a arg) Behaviour {
		return Status(of(a, 503, 429), RetryAfter(of(a, "1", "0", "2", "soon", "-1", "1.5")))
	}, cost: 1},
	{name: "416", make: plain(Always416()), cost: 1},
	{name: "partial 200", make: plain(Partial200()), cost: 1},
	{name: "reset now", make: plain(RSTNow()), cost: 1},
	{name: "page", make: plain(HTML200()), cost: hopeless, is: page},
	{name: "busy until", make: func(a arg) Behaviour {
		return Status(503, RetryAfterDate(time.Duration(a.n%3)*time.Second, time.Duration(a.n-128)*time.Hour))
	}, cost: 1},
	{name: "empty reply", make: plain(EmptyReply()), cost: 1},
	{name: "silence", make: plain(StallHeader()), cost: 1},
	{name: "slow", make: func(a arg) Behaviour { return Slow(int64(64+a.n) * kib) }},
	{name: "drip", make: func(a arg) Behaviour {
		return Drip(int(a.size/64)+1, time.Duration(a.n)*time.Millisecond)
	}},
	{name: "late", make: func(a arg) Behaviour { return Delay(time.Duration(a.n) * 10 * time.Millisecond) }, cost: 1},
	{name: "chunked, cut", make: func(a arg) Behaviour { return ChunkedBroken(a.at()) }, cost: 1, is: ends},
	{name: "chunked, garbage", make: func(a arg) Behaviour { return BadChunk(a.at()) }, cost: 1},
	{name: "too long", make: func(a arg) Behaviour { return TooLong(a.n + 1) }, cost: 1, is: extends},
	{name: "length over", make: func(a arg) Behaviour { return LengthOver(int64(a.n) + 1) }, cost: hopeless, is: extends},
	{name: "two lengths", make: func(a arg) Behaviour { return DuplicateLength(int64(a.n % 3)) }, cost: hopeless},
	{name: "bad length", make: func(a arg) Behaviour {
		return BadLength(of(a, "-1", "ten", "99999999999999999999", "+5", "0x10"))
	}, cost: hopeless},
	{name: "closes", make: func(a arg) Behaviour { return of(a, ConnClose(), SilentClose()) }},
	{name: "to the connection's end", make: plain(CloseDelimited()), cost: 1, is: cuts},
	{name: "to an early end", make: func(a arg) Behaviour { return CloseDelimitedCut(a.at()) }, cost: hopeless, is: cuts},
	{name: "multipart", make: plain(Multipart206()), cost: 1},
	{name: "chunked range", make: plain(ChunkedRange())},
	{name: "416 of", make: func(a arg) Behaviour { return Always416Of(a.at() - 1) }, cost: 2},
	{name: "status", make: func(a arg) Behaviour { return Status(of(a, 500, 502, 504, 408, 425, 520)) }, cost: 1},
	{name: "refused", make: func(a arg) Behaviour {
		return Status(of(a, 404, 403, 410, 401, 400, 204, 205, 304, 418, 501, 300, 416, 206))
	}, cost: hopeless},
	{name: "busy for long", make: plain(Status(503, RetryAfter("86400"))), cost: hopeless},
	{name: "validators", make: func(a arg) Behaviour {
		return of(a, NoValidators(), LastModOnly(), LastModNow())
	}, cost: 2, is: hides},
	{name: "weak etag", make: plain(WeakETag()), cost: 2},
	{name: "gzip", make: plain(Gzip()), cost: hopeless},
	{name: "gzip, not", make: plain(GzipMislabel()), cost: hopeless},
	{name: "redirect", make: func(a arg) Behaviour {
		return RedirectTo(of(a, "?again", "//other.test/", "."), of(a, 302, 301, 307, 308, 303))
	}, cost: hopeless},
	{name: "redirect away", make: func(a arg) Behaviour {
		return RedirectTo(of(a, "ftp://other.test/x", "http://[::1", "file:///etc/passwd", "http://nowhere.test/x", "//user:pw@other.test/"), 302)
	}, cost: hopeless},
	{name: "informed", make: func(a arg) Behaviour { return Informational(of(a, 100, 103), 1+a.n%4) }},
	{name: "lying body", make: func(a arg) Behaviour { return LyingBody(BodyFault(a.n % 6)) }, cost: hopeless, is: blind},
	{name: "unseen version", make: plain(Do(func(req *Request, next Handler) *Response {
		etag, modified := req.Rep.ETag, req.Rep.LastModified
		return Become(version(2)...)(func(r *Request) *Response {
			r.Rep.ETag, r.Rep.LastModified = etag, modified
			return next(r)
		})(req)
	})), cost: hopeless, is: blind},
}

const commonMishaps = 16

// manners are what a server may do to every request for a file; the first of them, as
// many as commonManners, more often.
var manners = []mishap{
	{name: "good", make: plain(Good())},
	{name: "in pieces", make: func(a arg) Behaviour { return RangeCap(int64(64+a.n/4) * kib) }},
	{name: "changes", make: func(a arg) Behaviour { return After(a.n%6, Become(secondVersion(a)...)) }, cost: 1, is: changes},
	{name: "few validators", make: func(a arg) Behaviour {
		return of(a, LastModOnly(), WeakETag(), BadETag("unquoted"), BadETag(`""`))
	}, is: hides},
	{name: "if-range", make: func(a arg) Behaviour { return of(a, IgnoreIfRange(), DislikesIfRange()) }},
	{name: "no ranges", make: func(a arg) Behaviour { return of(a, NoRange(), NoRangeLie(), ProbeOnly()) }},
	{name: "no ranges after", make: func(a arg) Behaviour { return NoRangeAfter(a.n % 5) }, cost: 1},
	{name: "no length", make: plain(NoLength())},
	{name: "to the connection's end", make: plain(CloseDelimited()), is: cuts},
	{name: "changes in size", make: func(a arg) Behaviour {
		return After(a.n%6, Become(version(2, Size(bigger(a.size)))...))
	}, cost: 1, is: changes},
	{name: "flaps", make: plain(Alternate(Become(version(1)...), Become(version(2)...))), cost: hopeless, is: changes},
	{name: "another etag each time", make: plain(ETagOnly())},
	{name: "no validators", make: func(a arg) Behaviour {
		return of(a, NoValidators(), LastModNow())
	}, cost: 2, is: hides},
	{name: "ranges", make: func(a arg) Behaviour {
		return of(a, NoAcceptRanges(), EmptyPartial(), ChunkedRange(), WrongRange(RangeStar), WrongRange(RangeLonger), Always416())
	}, cost: 1},
	{name: "at most", make: func(a arg) Behaviour { return RangeCap(int64(a.n)*kib + 1) }, cost: 1},
	{name: "earlier", make: func(a arg) Behaviour { return RangeWide(int64(a.n) * kib) }, cost: 1},
	{name: "redirect", make: func(a arg) Behaviour { return Redirect(1+a.n%3, of(a, 302, 301, 307, 308)) }},
	{name: "redirects too often", make: func(a arg) Behaviour { return of(a, RedirectLoop(), RedirectEndless(), Redirect(12, 302)) }, cost: hopeless},
	{name: "signed", make: func(a arg) Behaviour { return Signed(1 + a.n%8) }, cost: hopeless},
	{name: "expires", make: func(a arg) Behaviour { return Expire(a.n % 8) }, cost: hopeless},
	{name: "closes", make: func(a arg) Behaviour { return of(a, ConnClose(), SilentClose()) }},
	{name: "few at once", make: func(a arg) Behaviour {
		return ConnLimit(1+a.n%3, of(a, Status(503), Status(429), RSTNow(), Status(503, RetryAfter("1")), Status(403)))
	}, cost: hopeless},
	{name: "queue", make: func(a arg) Behaviour { return Queue(1 + a.n%3) }, cost: hopeless},
	{name: "slow connections", make: func(a arg) Behaviour { return SlowConns(int64(64+a.n)*kib, 0, 0) }},
	{name: "gzip", make: func(a arg) Behaviour { return of(a, Gzip(), GzipMislabel(), GzipBomb(mib)) }, cost: hopeless},
	{name: "skewed clock", make: func(a arg) Behaviour { return DateSkew(time.Duration(a.n-128) * time.Hour) }},
	{name: "named", make: func(a arg) Behaviour {
		return Disposition(of(a, `attachment; filename="f0.bin"`, `filename=../../x`, `filename*=UTF-8''%2e%2e%2fCON`, `filename="a/../../../b.ldpart"`, `filename=".hidden"`))
	}},
	{name: "digest", make: plain(ReprDigest(true))},
	{name: "wrong digest", make: plain(ReprDigest(false)), cost: hopeless},
	{name: "page after", make: func(a arg) Behaviour { return HTMLAfter(a.n % 4) }, cost: hopeless, is: page},
}

const commonManners = 5

// heads are what may become of every HEAD; none is a reason to fail.
var heads = []mishap{
	{name: "good", make: plain(Good())},
	{name: "refused", make: func(a arg) Behaviour { return NoHead(of(a, 405, 403, 404, 501, 503)) }},
	{name: "closes", make: plain(HeadClose())},
	{name: "hangs", make: plain(HeadHang())},
	{name: "lies", make: func(a arg) Behaviour { return HeadLies(int64(a.n-128) * kib) }},
	{name: "no length", make: plain(HeadNoLength())},
}

// inTurn gives the n-th GET to the n-th behaviour, those beyond to the last one again or
// to none, and counts what was done in hits.
func inTurn(hits *atomic.Int64, again bool, bs ...Behaviour) Behaviour {
	return func(next Handler) Handler {
		var n atomic.Int64
		var handlers []Handler
		for _, b := range bs {
			handlers = append(handlers, b(next))
		}
		return func(req *Request) *Response {
			if req.Method != http.MethodGet || len(handlers) == 0 {
				return next(req)
			}
			i := int(n.Add(1)) - 1
			if i >= len(handlers) {
				if !again {
					return next(req)
				}
				i = len(handlers) - 1
			}
			hits.Add(1)
			return handlers[i](req)
		}
	}
}

// chosen is a mishap of a script with its parameter.
type chosen struct {
	*mishap
	n int
}

func (c chosen) String() string { return fmt.Sprintf("%s(%d)", c.name, c.n) }

func (c chosen) behaviour(size int64) Behaviour { return c.make(arg{c.n, size}) }
