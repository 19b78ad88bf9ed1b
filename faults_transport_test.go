package littledl_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
)

// double is a transport of the caller's that needs no network: it answers for one file
// as a good server would, but for what a test changes.
type double struct {
	content faultserver.Content
	change  func(*http.Request, *http.Response) (*http.Response, error)
	gets    atomic.Int64
	bodies  atomic.Int64 // how many more were made than closed
}

func (d *double) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodGet {
		d.gets.Add(1)
	}
	return d.change(r, d.answer(r))
}

// answer is what is right: every field of a response that net/http would have filled in.
func (d *double) answer(r *http.Request) *http.Response {
	first, last, size := int64(0), d.content.Size()-1, d.content.Size()
	res := &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Etag": {`"1"`}, "Last-Modified": {"Mon, 01 Jan 2024 00:00:00 GMT"}, "Date": {"Tue, 02 Jan 2024 00:00:00 GMT"}},
	}
	if _, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-%d", &first, &last); err == nil && size > 0 {
		last = min(last, size-1)
		res.StatusCode = http.StatusPartialContent
		res.Header.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", first, last, size))
	}
	res.ContentLength = last - first + 1
	res.Header.Set("Content-Length", strconv.FormatInt(res.ContentLength, 10))
	res.Body = http.NoBody
	if r.Method == http.MethodGet {
		d.bodies.Add(1)
		res.Body = &doubleBody{io.NewSectionReader(d.content, first, res.ContentLength), d}
	}
	return res
}

// doubleBody is to be closed once.
type doubleBody struct {
	io.Reader
	of *double
}

func (b *doubleBody) Close() error {
	b.of.bodies.Add(-1)
	return nil
}

// stripped is res as somebody makes it who does not know what net/http fills in.
func stripped(res *http.Response) *http.Response {
	res.ContentLength = 0
	res.Header.Del("Content-Length")
	return res
}

// whole is res as from a server without ranges.
func wholeAnswer(d *double, r *http.Request) *http.Response {
	r = r.Clone(r.Context())
	r.Header.Del("Range")
	return d.answer(r)
}

// TestHalfMadeAnswers: what a transport of the caller's leaves out of its answers is
// found out, and a file comes of it that is right.
func TestHalfMadeAnswers(t *testing.T) {
	shared := http.Header{"etag": {`"1"`}, "content-length": {"1000"}}
	before := shared.Clone()
	cached := &http.Response{StatusCode: http.StatusOK, Header: shared}
	for name, c := range map[string]struct {
		size    int64 // 1000 if 0; negative: the file is empty
		unknown bool  // the length is told nowhere
		change  func(*double, *http.Request, *http.Response) *http.Response
	}{
		"no length": {change: func(d *double, r *http.Request, res *http.Response) *http.Response {
			return stripped(res)
		}},
		"no length, no range": {unknown: true, change: func(d *double, r *http.Request, _ *http.Response) *http.Response {
			return stripped(wholeAnswer(d, r))
		}},
		"no length, large": {size: 12 * mib, change: func(d *double, r *http.Request, res *http.Response) *http.Response {
			return stripped(res)
		}},
		"no field": {change: func(d *double, r *http.Request, _ *http.Response) *http.Response {
			res := wholeAnswer(d, r)
			res.ContentLength = 0
			return res
		}},
		"field of -1": {change: func(d *double, r *http.Request, _ *http.Response) *http.Response {
			res := wholeAnswer(d, r)
			res.ContentLength = -1
			return res
		}},
		"field of -7": {unknown: true, change: func(d *double, r *http.Request, _ *http.Response) *http.Response {
			res := stripped(wholeAnswer(d, r))
			res.ContentLength = -7
			return res
		}},
		"header of another length": {change: func(d *double, r *http.Request, _ *http.Response) *http.Response {
			res := wholeAnswer(d, r)
			res.Header.Set("Content-Length", "300")
			return res
		}},
		"no header": {change: func(d *double, r *http.Request, _ *http.Response) *http.Response {
			res := wholeAnswer(d, r)
			res.Header = nil
			return res
		}},
		"no request": {size: 12 * mib, change: func(d *double, r *http.Request, res *http.Response) *http.Response {
			res.Request = nil
			return res
		}},
		"odd keys": {size: 12 * mib, change: func(d *double, r *http.Request, res *http.Response) *http.Response {
			res.ContentLength = 0
			h := http.Header{}
			for k, v := range res.Header {
				h[strings.ToLower(k)] = v
			}
			res.Header = h
			return res
		}},
		"nothing but a body": {unknown: true, change: func(d *double, r *http.Request, res *http.Response) *http.Response {
			return &http.Response{StatusCode: 200, Body: stripped(wholeAnswer(d, r)).Body}
		}},
		"decoded on the way": {unknown: true, change: func(d *double, r *http.Request, _ *http.Response) *http.Response {
			res := wholeAnswer(d, r)
			res.Header.Set("Content-Length", "300")
			res.ContentLength, res.Uncompressed = -1, true
			return res
		}},
		"the same header each time": {change: func(d *double, r *http.Request, _ *http.Response) *http.Response {
			res := wholeAnswer(d, r)
			res.Header, res.ContentLength = shared, 0
			return res
		}},
		"the same answer each time": {change: func(d *double, r *http.Request, res *http.Response) *http.Response {
			if cached.Body == nil {
				cached.Body = wholeAnswer(d, r).Body
			}
			return cached
		}},
		"error with the last bytes": {size: 12 * mib, change: func(d *double, r *http.Request, res *http.Response) *http.Response {
			res.Body = readCloser{lastWords{res.Body, &res.ContentLength}, res.Body}
			return res
		}},

		"empty": {size: -1, change: func(d *double, r *http.Request, res *http.Response) *http.Response {
			return stripped(res)
		}},
		"empty, no body": {size: -1, change: func(d *double, r *http.Request, res *http.Response) *http.Response {
			return &http.Response{StatusCode: 200}
		}},
		"empty, no body, field of -1": {size: -1, change: func(d *double, r *http.Request, res *http.Response) *http.Response {
			return &http.Response{StatusCode: 200, ContentLength: -1}
		}},
		"empty, body of its own": {size: -1, change: func(d *double, r *http.Request, res *http.Response) *http.Response {
			return &http.Response{StatusCode: 200, Header: http.Header{"Content-Length": {"0"}}, Body: res.Body}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			batchBubble(t, func(b *batch) {
				d := &double{content: faultserver.Generate("/a", 1, max(orDefault(c.size, 1000), 0))}
				d.change = func(r *http.Request, res *http.Response) (*http.Response, error) {
					if r.Method == http.MethodHead {
						return res, nil
					}
					if changed := c.change(d, r, res); changed != res {
						if res.Body != changed.Body {
							res.Body.Close()
						}
						res = changed
					}
					return res, nil
				}
				id := b.double(d)
				require.NoError(b, b.start())
				task := b.task(id)
				require.Equal(b, d.content.Size(), task.FileSize)
				require.Equal(b, !c.unknown, task.LengthVerified)
				require.Zero(b, d.bodies.Load(), "bodies are left open")
			})
		})
	}
	require.Equal(t, before, shared, "what is shared is not touched")
	require.Equal(t, shared, cached.Header)
	require.Zero(t, cached.ContentLength)
}

func orDefault(n, def int64) int64 {
	if n == 0 {
		return def
	}
	return n
}

type readCloser struct {
	io.Reader
	io.Closer
}

// lastWords ends with an error that comes with the last bytes.
type lastWords struct {
	io.Reader
	left *int64
}

var errLastWords = errors.New("closed for today")

func (l lastWords) Read(p []byte) (int, error) {
	n, err := l.Reader.Read(p)
	if *l.left -= int64(n); *l.left == 0 {
		err = errLastWords
	}
	return n, err
}

// double queues the one file of a transport.
func (b *batch) double(d *double) string {
	b.Helper()
	b.conf = littledl.DownloadConfig{HTTPClient: &http.Client{Transport: d}, Retry: b.conf.Retry, Logger: b.conf.Logger}
	id, err := b.get().AddURL("http://files.test/a", littledl.WithSavePath(b.dir))
	require.NoError(b, err)
	b.want[id] = d.content
	return id
}
