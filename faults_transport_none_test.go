package littledl_test

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
)

// TestAnswersThatAreNone: what a transport of the caller's must not answer fails its file
// at once, in words that name it.
func TestAnswersThatAreNone(t *testing.T) {
	for name, c := range map[string]struct {
		says   string
		change func(*http.Response) *http.Response
	}{
		"nothing":                    {"neither", func(*http.Response) *http.Response { return nil }},
		"no body":                    {"no body", func(res *http.Response) *http.Response { res.Body = nil; return res }},
		"no body, length in header":  {"no body", func(res *http.Response) *http.Response { res.Body, res.ContentLength = nil, 0; return res }},
		"NoBody":                     {"no body", func(res *http.Response) *http.Response { res.Body = http.NoBody; return res }},
		"status 0":                   {"status 0", func(res *http.Response) *http.Response { res.StatusCode = 0; return res }},
		"status 2000":                {"status 2000", func(res *http.Response) *http.Response { res.StatusCode = 2000; return res }},
		"two lengths":                {"length", func(res *http.Response) *http.Response { res.Header.Add("Content-Length", "7"); return res }},
		"a length that is none":      {"length", func(res *http.Response) *http.Response { res.Header.Set("Content-Length", "-1"); return res }},
		"empty, but for its bytes":   {"more bytes", func(res *http.Response) *http.Response { return bare(res, "0") }},
		"longer than its header":     {"more bytes", func(res *http.Response) *http.Response { return bare(res, "300") }},
		"a part that was decoded":    {"decoding", func(res *http.Response) *http.Response { res.ContentLength, res.Uncompressed = -1, true; return res }},
		"more bytes than were asked": {"Read", func(res *http.Response) *http.Response { res.Body = readCloser{boaster(1 << 30), res.Body}; return res }},
		"fewer than none":            {"Read", func(res *http.Response) *http.Response { res.Body = readCloser{boaster(-1), res.Body}; return res }},
	} {
		t.Run(name, func(t *testing.T) {
			batchBubble(t, func(b *batch) {
				d := &double{content: faultserver.Generate("/a", 1, 1000)}
				d.change = func(r *http.Request, res *http.Response) (*http.Response, error) {
					body := res.Body
					res = c.change(res)
					if res == nil || res.Body == nil || res.Body == http.NoBody {
						body.Close()
					}
					return res, nil
				}
				b.double(d)
				began := time.Now()
				err := b.start()
				require.ErrorIs(b, err, littledl.ErrTransport)
				require.ErrorContains(b, err, c.says)
				require.ErrorContains(b, err, "*littledl_test.double", "whose fault it is")
				require.EqualValues(b, 1, d.gets.Load(), "asked again in vain")
				require.Zero(b, time.Since(began))
				require.Empty(b, b.list())
				require.Zero(b, d.bodies.Load(), "bodies are left open")
			})
		})
	}
}

// bare is a 200 whose length stands in its header alone.
func bare(res *http.Response, length string) *http.Response {
	return &http.Response{StatusCode: 200, Header: http.Header{"Content-Length": {length}}, Body: res.Body}
}

// boaster says that it has read so many bytes.
type boaster int

func (b boaster) Read([]byte) (int, error) { return int(b), nil }

// TestAnswerBesideAnError: the error counts, as with net/http, and the answer is closed.
func TestAnswerBesideAnError(t *testing.T) {
	batchBubble(t, func(b *batch) {
		d := &double{content: faultserver.Generate("/a", 1, 1000)}
		d.change = func(r *http.Request, res *http.Response) (*http.Response, error) {
			if d.gets.Load() == 1 {
				return res, io.ErrUnexpectedEOF
			}
			return res, nil
		}
		b.double(d)
		require.NoError(b, b.start())
		require.EqualValues(b, 2, d.gets.Load())
		require.Zero(b, d.bodies.Load(), "bodies are left open")
	})
}

// TestShortBodies: a body that ends before its header says is no file, wherever the
// length was told.
func TestShortBodies(t *testing.T) {
	for _, field := range []int64{0, -1, 2000} {
		batchBubble(t, func(b *batch) {
			d := &double{content: faultserver.Generate("/a", 1, 1000)}
			d.change = func(r *http.Request, res *http.Response) (*http.Response, error) {
				res.Body.Close()
				res = wholeAnswer(d, r)
				res.ContentLength = field
				res.Header.Set("Content-Length", "2000")
				return res, nil
			}
			b.double(d)
			require.ErrorIs(b, b.start(), io.ErrUnexpectedEOF)
			require.EqualValues(b, 4, d.gets.Load(), "as often as any broken answer")
			require.Empty(b, b.list())
		})
	}
}

// TestUnwantedHalfMadeAnswers: what is no file needs no length and no body to be told
// for what it is.
func TestUnwantedHalfMadeAnswers(t *testing.T) {
	batchBubble(t, func(b *batch) {
		d := &double{content: faultserver.Generate("/a", 1, 1000)}
		odd := []*http.Response{
			{StatusCode: 503, Header: http.Header{"retry-after": {"7"}}, ContentLength: 9},
			{StatusCode: 500, Header: http.Header{"Content-Length": {"x"}}},
			{StatusCode: 302, Header: http.Header{"LOCATION": {"/b"}}, Body: http.NoBody, ContentLength: 3},
		}
		d.change = func(r *http.Request, res *http.Response) (*http.Response, error) {
			if n := d.gets.Load(); n <= 3 {
				res.Body.Close()
				return odd[n-1], nil
			}
			require.Equal(b, "/b", r.URL.Path)
			return res, nil
		}
		b.double(d)
		began := time.Now()
		require.NoError(b, b.start())
		require.GreaterOrEqual(b, time.Since(began), 7*time.Second, "its Retry-After was heard")
		require.EqualValues(b, 4, d.gets.Load())
	})
}

// heldBody has nothing to read until it is let go.
type heldBody struct {
	io.ReadCloser
	hold <-chan struct{}
}

func (h heldBody) Read(b []byte) (int, error) {
	<-h.hold
	return h.ReadCloser.Read(b)
}

// TestHalfMadeHEAD: sizes that a transport tells by hand are heard, and one that it does
// not tell is not taken for 0.
func TestHalfMadeHEAD(t *testing.T) {
	for name, c := range map[string]struct {
		want int64
		head http.Response
	}{
		"in the header":     {1000, http.Response{Header: http.Header{"content-length": {"1000"}}}},
		"in the field":      {1000, http.Response{ContentLength: 1000}},
		"nowhere":           {-1, http.Response{}},
		"in two ways":       {-1, http.Response{Header: http.Header{"Content-Length": {"10"}}, ContentLength: 1000}},
		"beside a body":     {1000, http.Response{ContentLength: 1000, Body: io.NopCloser(neverEnding{})}},
		"a length, no body": {1000, http.Response{ContentLength: 1000, Body: http.NoBody}},
	} {
		t.Run(name, func(t *testing.T) {
			batchBubble(t, func(b *batch) {
				d := &double{content: faultserver.Generate("/a", 1, 1000)}
				hold := make(chan struct{})
				d.change = func(r *http.Request, res *http.Response) (*http.Response, error) {
					if r.Method == http.MethodGet {
						res.Body = heldBody{res.Body, hold}
						return res, nil
					}
					head := c.head
					head.StatusCode = http.StatusOK
					return &head, nil
				}
				b.option(littledl.WithMaxConcurrentFiles(1))
				first := b.double(d)
				delete(b.want, first)
				var ids []string
				for i := range 3 {
					id, err := b.get().AddURL(fmt.Sprintf("http://files.test/%d", i), littledl.WithSavePath(b.dir))
					require.NoError(b, err)
					ids = append(ids, id)
				}
				done := b.background(b.Context())
				time.Sleep(10 * time.Second)
				synctest.Wait()
				require.Equal(b, c.want, b.task(ids[2]).FileSize)
				close(hold)
				require.NoError(b, <-done)
			})
		})
	}
}

type neverEnding struct{}

func (neverEnding) Read(p []byte) (int, error) { return len(p), nil }

// TestHeadersTwice: of a header that is there under two spellings neither is lost.
func TestHeadersTwice(t *testing.T) {
	batchBubble(t, func(b *batch) {
		d := &double{content: faultserver.Generate("/a", 1, 1000)}
		d.change = func(r *http.Request, res *http.Response) (*http.Response, error) {
			if r.Header.Get("Range") != "" {
				res.Header = maps.Clone(res.Header)
				res.Header["content-range"] = []string{"bytes 0-4/5"}
			}
			return res, nil
		}
		b.double(d)
		require.NoError(b, b.start())
		require.EqualValues(b, 2, d.gets.Load(), "two ranges are none: it is asked for as a whole")
	})
}
