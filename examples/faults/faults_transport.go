package main

import (
	"net"
	"sync/atomic"
	"time"

	origin "github.com/littledl/littledl/internal/faultserver"
)

// transportFaults are those of connections.
func transportFaults() []fault {
	const goesOn = "goes on from the last byte written"
	return []fault{
		{number: 36, what: "connection reset after 1 MiB, three times", ours: goesOn, does: first(3, origin.RST(mib))},
		{number: 37, what: "connection reset before the headers, twice", ours: "tries again", does: first(2, origin.RSTNow())},
		{number: 37, what: "connection closed before the headers, twice", ours: "tries again", does: first(2, origin.EmptyReply())},
		{number: 38, what: "connection closed after 1 MiB, twice", ours: goesOn, does: first(2, origin.ShortBody(mib))},
		{number: 39, what: "connection closed behind the headers, for ever", ours: "gives up when tries bring nothing", does: does(origin.ShortBody(0)), limit: longTime, ends: failed},
		{number: 40, what: "one byte a connection, for ever", ours: "gives up: one byte is no progress", does: does(origin.ShortBody(1)), limit: longTime, ends: failed},
		{number: 41, what: "body stalls after 1 MiB, once", ours: "drops the connection after `StallTimeout`", does: first(1, origin.Stall(mib))},
		{number: 41, what: "body stalls after one byte, for ever", ours: "gives up with `ErrStalled`", does: does(origin.Stall(1)), limit: longTime, ends: failed},
		{number: 42, what: "no headers, once", ours: "asks again after `HeaderTimeout`", does: first(1, origin.StallHeader())},
		{number: 42, what: "no headers, for ever", ours: "gives up", does: does(origin.StallHeader()), limit: longTime, ends: failed},
		{number: 43, what: "200 bytes a second, steadily", ours: "waits for them", does: does(origin.Drip(20, 100*time.Millisecond)), file: sized(600)},
		{number: 44, what: "every fourth connection has 50 kB/s", ours: "other connections take over what it has left", does: does(origin.SlowConns(8*mib, 50_000, 8*mib, 8*mib))},
		{number: 45, what: "chunked range cut after 1 MiB, twice", ours: goesOn, does: first(2, origin.ChunkedBroken(mib))},
		{number: 45, what: "chunked range with garbage after 1 MiB, twice", ours: goesOn, does: first(2, origin.BadChunk(mib))},
		{number: 45, what: "chunked stream without ranges cut, twice", ours: "begins again", does: does(origin.NoRange(), origin.First(2, origin.ChunkedBroken(mib)))},
		{number: 45, what: "chunked stream without ranges cut, for ever", ours: "gives up", does: does(origin.NoRange(), origin.ChunkedBroken(mib)), limit: longTime, ends: failed},
		{number: 46, what: "connection closed behind each answer", ours: "opens another", does: does(origin.ConnClose())},
		{number: 46, what: "the same without having said so", ours: "opens another", does: does(origin.SilentClose())},
		{number: 47, what: "HTTP/2 offered; two streams are reset after 1 MiB", ours: goesOn, server: []origin.Option{origin.AnyHTTP()}, trust: true, does: first(2, origin.ShortBody(mib))},
		{number: 48, what: "nobody listens", ours: "waits for the host, then gives up", set: nobodyListens, limit: longTime, ends: failed},
		{number: 49, what: "everything cut, then no answer for two seconds", ours: "tries until the host answers, goes on", does: does(outage(2 * time.Second))},
		{number: 50, what: "503 above two requests at once", ours: "stays below", does: does(origin.ConnLimit(2, origin.Status(503)))},
		{number: 50, what: "429 above two requests at once", ours: "stays below", does: does(origin.ConnLimit(2, origin.Status(429)))},
		{number: 50, what: "connection reset above two requests at once", ours: "stays below", does: does(origin.ConnLimit(2, origin.RSTNow()))},
		{number: 51, what: "certificate that nobody has signed", ours: "refuses it at once", server: []origin.Option{origin.TLS()}, ends: failed},
		{number: 51, what: "certificate that has expired", ours: "refuses it at once", server: []origin.Option{origin.Expired()}, trust: true, ends: failed},
		{number: 51, what: "certificate for another host", ours: "refuses it at once", server: []origin.Option{origin.WrongHost()}, trust: true, ends: failed},
		{number: 140, what: "HTTP/2 agreed to; each stream is reset with HTTP_1_1_REQUIRED", ours: "asks over HTTP/1.1, at once and for good", server: []origin.Option{origin.RefuseHTTP2(origin.ByReset)}, trust: true},
		{number: 179, what: "HTTP/2 agreed to; no connection takes a stream", ours: "asks over HTTP/1.1 soon, and for good", server: []origin.Option{origin.RefuseHTTP2(origin.NoStreams)}, trust: true},
	}
}

// nobodyListens has the URL at a port that was free a moment ago.
func nobodyListens(s *stage) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.task.URL = "http://" + l.Addr().String() + "/" + s.path
	return l.Close()
}

// outage cuts the answers under way after 1 MiB, and from the first one's begin on resets
// what is asked.
func outage(d time.Duration) origin.Behaviour {
	return func(next origin.Handler) origin.Handler {
		var began atomic.Pointer[time.Time]
		cut, deaf := origin.RST(mib)(next), origin.RSTNow()(next)
		return func(req *origin.Request) *origin.Response {
			now := time.Now()
			switch {
			case req.Method != "GET":
				return next(req)
			case began.CompareAndSwap(nil, &now):
				return cut(req)
			case now.Sub(*began.Load()) < d:
				return deaf(req)
			}
			return next(req)
		}
	}
}
