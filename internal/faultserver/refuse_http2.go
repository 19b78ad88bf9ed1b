package faultserver

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"time"
)

// Refusal is how a server that has agreed to HTTP/2 does not serve it: it says
// HTTP_1_1_REQUIRED, or has no room for anybody, or sends frames without end.
type Refusal uint8

// The refusals.
const (
	ByReset       Refusal = iota + 1 // of every stream
	ByResetOfBody                    // of every stream, once the head of an answer is sent
	ByGoAway                         // that takes no stream, and the connection ends
	ByGoAwayLate                     // that takes the streams there are, and the connection ends without an answer
	ByGoAwayAhead                    // that comes before the first request
	ByGoAwayOpen                     // that takes all streams, and there is neither an answer nor an end

	NoStreams           // SETTINGS_MAX_CONCURRENT_STREAMS is 0, and streams are refused
	GoAways             // each connection takes no stream and ends, at nobody's fault
	FloodOfPings        // once the first stream is there
	FloodOfSettings     // likewise
	FloodOfContinuation // in place of the rest of an answer's header
)

// RefuseHTTP2 is TLS where HTTP/2 is agreed to and then refused. Over HTTP/1.1 the server
// serves.
func RefuseHTTP2(r Refusal) Option {
	return func(c *config) { c.tls, c.h2, c.any, c.refuse = true, true, true, r }
}

// Refused is how many streams of HTTP/2 were refused.
func (s *Server) Refused() int { return int(s.refused.Load()) }

// refuseHTTP2 has connections that speak HTTP/2 refused in place of served.
func (s *Server) refuseHTTP2(r Refusal) {
	s.http.TLSConfig.NextProtos = []string{"h2", "http/1.1"}
	s.http.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){
		"h2": func(_ *http.Server, c *tls.Conn, _ http.Handler) { s.refuseStreams(c, r) },
	}
}

const (
	frameHeaders, frameReset, frameSettings, framePing, frameGoAway, frameContinuation = 1, 3, 4, 6, 7, 9

	flagAck, flagEndHeaders = 1, 4

	statusOK             = 0x88 // as HPACK has it
	refusedStream        = 7
	http11Required       = 0xd
	maxConcurrentStreams = 3
	maxFrameSize         = 5
)

// refuseStreams speaks just enough HTTP/2 to refuse it.
func (s *Server) refuseStreams(c net.Conn, r Refusal) {
	in := bufio.NewReader(c)
	if _, err := in.Discard(len("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")); err != nil {
		return
	}
	switch r {
	case NoStreams:
		writeFrame(c, frameSettings, 0, 0, append([]byte{0, maxConcurrentStreams}, words(0)...))
	case ByGoAwayAhead:
		writeFrame(c, frameSettings, 0, 0, nil)
		writeFrame(c, frameGoAway, 0, 0, words(0, http11Required))
	default:
		writeFrame(c, frameSettings, 0, 0, nil)
	}
	for {
		kind, flags, stream, err := readFrame(in)
		if err != nil {
			return
		}
		switch {
		case kind == frameSettings && flags&flagAck == 0:
			writeFrame(c, frameSettings, flagAck, 0, nil)
		case kind == frameHeaders:
			s.refused.Add(1)
			switch r {
			case ByResetOfBody:
				writeFrame(c, frameHeaders, flagEndHeaders, stream, []byte{statusOK})
				fallthrough
			case ByReset:
				writeFrame(c, frameReset, 0, stream, words(http11Required))
			case NoStreams:
				writeFrame(c, frameReset, 0, stream, words(refusedStream))
			case GoAways:
				writeFrame(c, frameGoAway, 0, 0, words(0, 0))
				linger(c)
				return
			case FloodOfPings, FloodOfSettings, FloodOfContinuation:
				flood(c, r, stream)
				return
			case ByGoAwayOpen:
				writeFrame(c, frameGoAway, 0, 0, words(1<<31-1, http11Required))
			case ByGoAway:
				writeFrame(c, frameGoAway, 0, 0, words(0, http11Required))
				linger(c)
				return
			default:
				writeFrame(c, frameGoAway, 0, 0, words(stream, http11Required))
				linger(c)
				return
			}
		}
	}
}

// flood writes one kind of frame until nobody takes it any more. What comes back is read, as by a
// server that can.
func flood(c net.Conn, r Refusal, stream uint32) {
	go io.Copy(io.Discard, c)
	var b bytes.Buffer
	switch r {
	case FloodOfPings:
		writeFrame(&b, framePing, 0, 0, make([]byte, 8))
	case FloodOfSettings:
		writeFrame(&b, frameSettings, 0, 0, bytes.Repeat(append([]byte{0, maxFrameSize}, words(16<<10)...), 100))
	default:
		writeFrame(c, frameHeaders, 0, stream, []byte{statusOK})
		writeFrame(&b, frameContinuation, 0, stream, nil)
	}
	for all := bytes.Repeat(b.Bytes(), 1000); ; {
		if _, err := c.Write(all); err != nil {
			return
		}
	}
}

// linger reads on for a moment, as servers do, or the end of the connection could overtake
// what was sent last.
func linger(c net.Conn) {
	_ = c.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
	_, _ = io.Copy(io.Discard, c)
}

func readFrame(r io.Reader) (kind, flags byte, stream uint32, err error) {
	var head [9]byte
	if _, err = io.ReadFull(r, head[:]); err != nil {
		return 0, 0, 0, err
	}
	length := int64(head[0])<<16 | int64(head[1])<<8 | int64(head[2])
	_, err = io.CopyN(io.Discard, r, length)
	return head[3], head[4], binary.BigEndian.Uint32(head[5:]), err
}

// writeFrame leaves failures to the next read.
func writeFrame(w io.Writer, kind, flags byte, stream uint32, payload []byte) {
	b := []byte{0, 0, byte(len(payload)), kind, flags}
	b = binary.BigEndian.AppendUint32(b, stream)
	_, _ = w.Write(append(b, payload...))
}

func words(all ...uint32) (b []byte) {
	for _, n := range all {
		b = binary.BigEndian.AppendUint32(b, n)
	}
	return b
}
