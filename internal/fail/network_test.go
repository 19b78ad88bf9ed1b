package fail_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/fail"
)

// roundTrip makes one request with a transport of its own and reads the answer's body.
func roundTrip(t *testing.T, url string, tr *http.Transport) (answered bool, err error) {
	t.Helper()
	defer tr.CloseIdleConnections()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	res, err := tr.RoundTrip(req)
	if err != nil {
		return false, err
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	return true, err
}

// serve is a server that reads a request and does something to its connection.
func serve(t *testing.T, does func(net.Conn)) (url string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = http.ReadRequest(bufio.NewReader(c))
			does(c)
			c.Close()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return "http://" + l.Addr().String()
}

// says is a server that answers with this text and ends the connection.
func says(t *testing.T, text string) string {
	return serve(t, func(c net.Conn) { _, _ = io.WriteString(c, text) })
}

func reset(c net.Conn) { _ = c.(*net.TCPConn).SetLinger(0) }

// TestOfNetwork has errors as connections over the loopback interface give them.
func TestOfNetwork(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.TLS = &tls.Config{MinVersion: tls.VersionTLS13}
	secure.Config.ErrorLog = discard
	secure.StartTLS()
	defer secure.Close()
	taken, err := net.Dial("tcp", secure.Listener.Addr().String()) // nobody listens at its own end, nor can meanwhile
	require.NoError(t, err)
	defer taken.Close()
	trusting := func(c *tls.Config) *http.Transport {
		c.RootCAs = secure.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
		return &http.Transport{TLSClientConfig: c}
	}
	silent := make(chan struct{})
	defer close(silent)
	mute := serve(t, func(net.Conn) { <-silent })

	plain := func() *http.Transport { return &http.Transport{} }
	for _, c := range []struct {
		name   string
		url    string
		tr     *http.Transport
		want   fail.Class // of an origin that has served before
		unsure fail.Class // of one that has not
	}{
		{"nobody listens", "http://" + taken.LocalAddr().String(), plain(), fail.Unreachable, fail.Unreachable},
		{"no such scheme", "gopher://127.0.0.1/", plain(), fail.Permanent, fail.Permanent},
		{"reset", serve(t, reset), plain(), fail.Closed, fail.Closed},
		{"closed", serve(t, func(net.Conn) {}), plain(), fail.Closed, fail.Closed},
		{"reset in the body", serve(t, func(c net.Conn) {
			_, _ = io.WriteString(c, head+"123")
			time.Sleep(20 * time.Millisecond) // or a reset overtakes it
			reset(c)
		}), plain(), fail.Interrupted, fail.Interrupted},
		{"short body", says(t, head+"123"), plain(), fail.Interrupted, fail.Interrupted},
		{"bad chunk", says(t, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), plain(), fail.Interrupted, fail.Interrupted},
		{"no HTTP", says(t, "SSH-2.0-OpenSSH\r\n"), plain(), fail.Interrupted, fail.Permanent},
		{"half a header", says(t, "HTTP/1.1 200 OK\r\nContent-Le"), plain(), fail.Interrupted, fail.Interrupted},
		{"large header", says(t, "HTTP/1.1 200 OK\r\nX: "+strings.Repeat("x", 1<<20)+"\r\n\r\n"), &http.Transport{MaxResponseHeaderBytes: 1000}, fail.Permanent, fail.Permanent},
		{"bad length", says(t, "HTTP/1.1 200 OK\r\nContent-Length: ten\r\n\r\n"), plain(), fail.Permanent, fail.Permanent},
		{"two lengths", says(t, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"), plain(), fail.Permanent, fail.Permanent},
		{"1xx without end", says(t, strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 5000)), &http.Transport{MaxResponseHeaderBytes: 1000}, fail.Permanent, fail.Permanent},
		{"no header in time", mute, &http.Transport{ResponseHeaderTimeout: 20 * time.Millisecond}, fail.Timeout, fail.Timeout},
		{"no handshake in time", strings.Replace(mute, "http", "https", 1), &http.Transport{TLSHandshakeTimeout: 20 * time.Millisecond}, fail.Timeout, fail.Timeout},
		{"no TLS", strings.Replace(says(t, "HTTP/1.1 400 Bad Request\r\n\r\n"), "http", "https", 1), plain(), fail.Permanent, fail.Permanent},
		{"closed in the handshake", strings.Replace(serve(t, func(net.Conn) {}), "http", "https", 1), plain(), fail.Closed, fail.Closed},
		{"unknown authority", secure.URL, plain(), fail.Permanent, fail.Permanent},
		{"another host's certificate", secure.URL, trusting(&tls.Config{ServerName: "elsewhere.test"}), fail.Permanent, fail.Permanent},
		{"expired", secure.URL, trusting(&tls.Config{Time: func() time.Time { return time.Date(2400, 1, 1, 0, 0, 0, 0, time.UTC) }}), fail.Permanent, fail.Permanent},
		{"alert", secure.URL, trusting(&tls.Config{MaxVersion: tls.VersionTLS12}), fail.Unreachable, fail.Interrupted},
		{"stream reset", streams(t, func(w http.ResponseWriter) { panic(http.ErrAbortHandler) }), multiplexed(), fail.Interrupted, fail.Interrupted},
		{"stream reset in the body", streams(t, func(w http.ResponseWriter) {
			_, _ = io.WriteString(w, "123")
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}), multiplexed(), fail.Interrupted, fail.Interrupted},
	} {
		t.Run(c.name, func(t *testing.T) {
			answered, err := roundTrip(t, c.url, c.tr)
			require.Error(t, err)
			got := fail.Of(err, fail.Facts{Answered: answered, OriginServed: true})
			require.Equal(t, c.want, got.Class, "%v: %v", got.Class, err)
			got = fail.Of(err, fail.Facts{Answered: answered})
			require.Equal(t, c.unsure, got.Class, "%v: %v", got.Class, err)
		})
	}
}

// streams is a server of HTTP/2 that does something to each answer.
func streams(t *testing.T, does func(http.ResponseWriter)) string {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 {
			http.Error(w, r.Proto, http.StatusHTTPVersionNotSupported)
			return
		}
		does(w)
	}))
	s.EnableHTTP2 = true
	s.Config.ErrorLog = discard
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.URL
}

func multiplexed() *http.Transport {
	tr := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, Protocols: new(http.Protocols)}
	tr.Protocols.SetHTTP2(true)
	return tr
}

// TestOfDialer: what a dialer of the caller's returns is no connection, or a wait in vain.
func TestOfDialer(t *testing.T) {
	for want, does := range map[fail.Class]error{
		fail.Timeout:     context.DeadlineExceeded,
		fail.Shortage:    &net.OpError{Op: "dial", Err: syscall.EMFILE},
		fail.Unreachable: &net.OpError{Op: "dial", Err: errors.New("no")},
		fail.Permanent:   fmt.Errorf("%w: 10.0.0.1", fail.ErrPrivateAddress),
	} {
		dial := func(context.Context, string, string) (net.Conn, error) { return nil, does }
		_, err := roundTrip(t, "http://a.test/", &http.Transport{DialContext: dial})
		require.Equal(t, want, fail.Of(err, before).Class, "%v", err)
	}
}

// discard takes what servers say about broken connections.
var discard = log.New(io.Discard, "", 0)
