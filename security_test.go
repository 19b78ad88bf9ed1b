package littledl_test

import (
	"bufio"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
)

// raw answers every request at an address of the network in memory with these bytes.
func (b *bed) raw(addr, answer string) {
	l, err := b.net.Listen(addr)
	require.NoError(b, err)
	b.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
					_, _ = c.Write([]byte(answer))
				}
			}()
		}
	}()
}

// Rule 25: whatever a server says, an error has nothing that a terminal takes for a
// command, and no secret that a server put in a header.
func TestHostileAnswers(t *testing.T) {
	const esc = "\x1b[31mred\x1b]0;title\x07\u009b2J\u202e"
	for name, answer := range map[string]string{
		"no HTTP":           esc + "\r\n\r\n",
		"version":           "HTTP/" + esc + " 200 OK\r\n\r\n",
		"status":            "HTTP/1.1 2" + esc + "0 OK\r\n\r\n",
		"reason":            "HTTP/1.1 404 " + esc + "\r\nContent-Length: 0\r\n\r\n",
		"header without :":  "HTTP/1.1 200 OK\r\n" + esc + "\r\n\r\n",
		"header name":       "HTTP/1.1 200 OK\r\n" + esc + ": x\r\n\r\n",
		"length":            "HTTP/1.1 200 OK\r\nContent-Length: " + esc + "\r\n\r\n",
		"lengths":           "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2" + esc + "\r\n\r\n",
		"transfer encoding": "HTTP/1.1 200 OK\r\nTransfer-Encoding: " + esc + "\r\n\r\n",
		"encoding":          "HTTP/1.1 200 OK\r\nContent-Encoding: \u009b2J\u202e\r\nContent-Length: 1\r\n\r\nx",
		"content range":     "HTTP/1.1 206 OK\r\nContent-Range: bytes \u009b2J\u202e\r\nContent-Length: 1\r\n\r\nx",
		"chunk":             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + esc + "\r\n",
		"location":          "HTTP/1.1 302 Found\r\nLocation: file:///\u009b2J\u202e?key=" + secret + "\r\nContent-Length: 0\r\n\r\n",
		"broken location":   "HTTP/1.1 302 Found\r\nLocation: http://files.test/" + esc + "?key=" + secret + "\r\n\r\n",
		"location's host":   "HTTP/1.1 302 Found\r\nLocation: http://\u009b2J\u202e.test/?key=" + secret + "\r\nContent-Length: 0\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			inBoth(t, func(b *bed) {
				b.conf.Retry = littledl.RetryConfig{MaxRetries: -1, MaxElapsed: time.Second}
				b.raw("raw.test:80", answer)
				b.addURL("http://raw.test/a.bin", nil)
				err := b.start()
				require.Error(b, err)
				requirePrintable(b, err.Error())
				require.NotContains(b, err.Error(), "\u202e")
				require.NotContains(b, err.Error(), secret)
				require.Less(b, len(err.Error()), 1000)
				finals, parts := b.listing()
				require.Empty(b, append(finals, parts...))
			})
		})
	}
}
