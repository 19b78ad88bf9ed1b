package faultserver

import (
	"fmt"
	"net/http"
	"time"
)

// ending stops GET responses after so many body bytes; any response before its
// headers if after is negative.
func ending(end Ending, after int64) Behaviour {
	return onResponse(func(req *Request, res *Response) {
		if after < 0 || req.Method == http.MethodGet {
			res.End, res.EndAfter = end, after
		}
	})
}

// RST resets the connection after so many body bytes of a GET. The client gets
// those bytes over a Net; over loopback the kernel may drop the last of them.
func RST(after int64) Behaviour { return ending(Reset, after) }

// RSTNow resets the connection before the headers.
func RSTNow() Behaviour { return ending(Reset, -1) }

// EmptyReply closes the connection before the headers.
func EmptyReply() Behaviour { return ending(Close, -1) }

// ShortBody closes the connection after so many body bytes; Content-Length is right.
// Over HTTP/2 it resets the stream.
func ShortBody(after int64) Behaviour { return ending(Close, after) }

// Stall sends nothing more after so many body bytes and leaves the connection open.
func Stall(after int64) Behaviour { return ending(Hang, after) }

// StallHeader never answers.
func StallHeader() Behaviour { return ending(Hang, -1) }

// Drip sends the body in pieces of n bytes with a pause between them.
func Drip(n int, every time.Duration) Behaviour {
	return onGET(func(_ *Request, res *Response) { res.Piece, res.Every = n, every })
}

// Slow sends bodies with a rate in bytes/s, in pieces of 20 ms.
func Slow(rate int64) Behaviour {
	return onGET(func(_ *Request, res *Response) { res.pace(rate) })
}

// SlowConns gives connections the rates in turn (bytes/s; 0 is unlimited); each
// response has the rate to itself.
func SlowConns(rates ...int64) Behaviour {
	return onGET(func(req *Request, res *Response) { res.pace(rates[(req.Conn-1)%len(rates)]) })
}

func (res *Response) pace(rate int64) {
	if rate > 0 {
		res.Piece = int(max(1, rate/50))
		res.Every = transmission(res.Piece, rate)
	}
}

// ChunkedBroken sends the body chunked and closes the connection after so many
// bytes, without the last chunk.
func ChunkedBroken(after int64) Behaviour {
	return onGET(func(_ *Request, res *Response) { res.Length, res.End, res.EndAfter = -1, Close, after })
}

// BadChunk sends the body chunked and, after so many bytes, what is no chunk.
func BadChunk(after int64) Behaviour {
	return onGET(func(_ *Request, res *Response) { res.Length, res.End, res.EndAfter = -1, Garbage, after })
}

// TooLong sends n bytes more than Content-Length says.
func TooLong(n int) Behaviour {
	return onGET(func(_ *Request, res *Response) { res.Extra = make([]byte, n) })
}

// LengthOver makes Content-Length too large by n and closes the connection at the
// body's end.
func LengthOver(n int64) Behaviour {
	return onGET(func(_ *Request, res *Response) {
		res.Length += n
		res.End, res.EndAfter = Close, res.Body.Size()
	})
}

// RawLines adds header lines as they are given, well-formed or not, and closes the
// connection behind the response. Over HTTP/2 it resets the stream instead.
func RawLines(lines ...string) Behaviour {
	return onResponse(func(_ *Request, res *Response) { res.Lines = append(res.Lines, lines...) })
}

// BadLength sends Content-Length as given, for example "-1", "ten" or a number that
// no int64 holds.
func BadLength(raw string) Behaviour {
	return onGET(func(_ *Request, res *Response) {
		res.Lines = append(res.Lines, "Content-Length: "+raw)
	})
}

// DuplicateLength sends a second Content-Length that is larger by delta; with 0 it
// is the same, which RFC 9112 section 6.3 lets a client accept.
func DuplicateLength(delta int64) Behaviour {
	return onGET(func(_ *Request, res *Response) {
		res.Lines = append(res.Lines,
			fmt.Sprintf("Content-Length: %d", res.Length),
			fmt.Sprintf("Content-Length: %d", res.Length+delta))
	})
}

// ConnClose sends Connection: close, so that no connection is used twice. Over
// HTTP/2 the server says GOAWAY.
func ConnClose() Behaviour {
	return onResponse(func(_ *Request, res *Response) { res.Header.Set("Connection", "close") })
}

// SilentClose closes the connection behind the complete response without having
// said so, as a server does whose idle time is over. It is for HTTP/1.1 alone.
func SilentClose() Behaviour {
	return onGET(func(_ *Request, res *Response) { res.End, res.EndAfter = Close, res.Body.Size() })
}

// ConnLimit lets n requests at a time through and gives over those beyond, for
// example Status(503) or RSTNow(). Given to Server.Behave it counts all files.
func ConnLimit(n int, over Behaviour) Behaviour {
	return func(next Handler) Handler {
		refuse := over(next)
		var in admitted
		return func(req *Request) *Response {
			if !in.admit(req, n) {
				return refuse(req)
			}
			return next(req)
		}
	}
}

// Queue lets n requests at a time through and the others wait.
func Queue(n int) Behaviour {
	return func(next Handler) Handler {
		slots := make(chan struct{}, n)
		return func(req *Request) *Response {
			select {
			case slots <- struct{}{}:
			case <-req.Context().Done():
				return nil
			}
			req.server.rec.onLeave(req.entry, func() { <-slots })
			return next(req)
		}
	}
}
