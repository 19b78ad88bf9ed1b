package faultserver

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// answer is what a client is expected to see; zero fields are not looked at.
type answer struct {
	status int
	body   []byte
	length int64 // as declared; -1: none
	header [2]string
	no     string // a header that is not there
	fails  bool   // while the body is read
}

const testSize = 100_000

// file is the content of every test file.
func file() []byte { return Bytes(Generate("/f", 1, testSize)) }

// other is its second version.
func other() []byte { return Bytes(Generate("/f", 2, testSize)) }

func contentRange(s string) [2]string { return [2]string{"Content-Range", s} }

var asked = []string{"Range", "bytes=1000-1999"}

func TestRangeBehaviours(t *testing.T) {
	want, all := file()[1000:2000], file()
	flipped := append([]byte(nil), want...)
	flipped[500] ^= 0x10
	for name, test := range map[string]struct {
		b    Behaviour
		want answer
	}{
		"good":            {Good(), answer{status: 206, body: want, header: contentRange("bytes 1000-1999/100000")}},
		"no AR":           {NoAcceptRanges(), answer{status: 206, body: want, no: "Accept-Ranges"}},
		"no range":        {NoRange(), answer{status: 200, body: all, no: "Accept-Ranges"}},
		"no range lie":    {NoRangeLie(), answer{status: 200, body: all, header: [2]string{"Accept-Ranges", "bytes"}}},
		"probe only":      {ProbeOnly(), answer{status: 200, body: all}},
		"no length":       {NoLength(), answer{status: 200, body: all, length: -1}},
		"close delimited": {CloseDelimited(), answer{status: 200, body: all, length: -1}},
		"cut":             {CloseDelimitedCut(5000), answer{status: 200, body: all[:5000], length: -1}},
		"early hints":     {Informational(103, 3), answer{status: 206, body: want}},
		"continue":        {Informational(100, 3), answer{status: 206, body: want}},
		"shifted":         {WrongRange(RangeShifted), answer{status: 206, body: all[1007:2007], header: contentRange("bytes 1007-2006/100000")}},
		"first":           {WrongRange(RangeFirst), answer{status: 206, body: all[:1000], header: contentRange("bytes 0-999/100000")}},
		"total":           {WrongRange(RangeTotal), answer{status: 206, body: want, header: contentRange("bytes 1000-1999/100007")}},
		"end lie":         {WrongRange(RangeEndLie), answer{status: 206, body: want, header: contentRange("bytes 1000-2006/100007")}},
		"longer":          {WrongRange(RangeLonger), answer{status: 206, body: all[1000:2007], header: contentRange("bytes 1000-2006/100000")}},
		"unit":            {WrongRange(RangeUnit), answer{status: 206, body: want, header: contentRange("items 1000-1999/100000")}},
		"malformed":       {WrongRange(RangeMalformed), answer{status: 206, body: want, header: contentRange("bytes 1000 to 1999 of 100000")}},
		"missing":         {WrongRange(RangeMissing), answer{status: 206, body: want, no: "Content-Range"}},
		"star":            {WrongRange(RangeStar), answer{status: 206, body: want, header: contentRange("bytes 1000-1999/*")}},
		"cap":             {RangeCap(10), answer{status: 206, body: want[:10], header: contentRange("bytes 1000-1009/100000")}},
		"wide":            {RangeWide(10), answer{status: 206, body: all[990:2000], header: contentRange("bytes 990-1999/100000")}},
		"short":           {LyingRange(BodyShort), answer{status: 206, body: want[:500], length: 500, header: contentRange("bytes 1000-1999/100000")}},
		"long":            {LyingRange(BodyLong), answer{status: 206, body: append(want[:1000:1000], make([]byte, 1000)...), length: 2000}},
		"offset 0":        {LyingRange(BodyOffset0), answer{status: 206, body: all[:1000], header: contentRange("bytes 1000-1999/100000")}},
		"zeros":           {LyingRange(BodyZeros), answer{status: 206, body: make([]byte, 1000)}},
		"flip":            {LyingBody(BodyFlip), answer{status: 206, body: flipped}},
		"chunked":         {ChunkedRange(), answer{status: 206, body: want, length: -1}},
		"partial 200":     {Partial200(), answer{status: 200, body: want, header: contentRange("bytes 1000-1999/100000")}},
		"416":             {Always416(), answer{status: 416, header: contentRange("bytes */100000")}},
		"416 wrong":       {Always416Of(5), answer{status: 416, header: contentRange("bytes */5")}},
		"416 bare":        {Always416Of(-1), answer{status: 416, no: "Content-Range"}},
		"too long":        {TooLong(10), answer{status: 206, body: want, length: 1000}},
		"length over":     {LengthOver(5), answer{status: 206, body: want, length: 1005, fails: true}},
		"same length":     {DuplicateLength(0), answer{status: 206, body: want, length: 1000}},
		"rst":             {RST(300), answer{status: 206, body: want[:300], length: 1000, fails: true}},
		"short body":      {ShortBody(300), answer{status: 206, body: want[:300], length: 1000, fails: true}},
		"chunked broken":  {ChunkedBroken(300), answer{status: 206, body: want[:300], length: -1, fails: true}},
		"bad chunk":       {BadChunk(300), answer{status: 206, body: want[:300], length: -1, fails: true}},
		"silent close":    {SilentClose(), answer{status: 206, body: want, length: 1000}},
		"conn close":      {ConnClose(), answer{status: 206, body: want}},
		"drip":            {Drip(100, time.Second), answer{status: 206, body: want}},
		"slow":            {Slow(1000), answer{status: 206, body: want}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := Start(t, On(NewNet(), "files.test:80"))
				f := srv.File("f", Size(testSize), Behave(test.b))
				check(t, srv, f.URL(), test.want, asked...)
			})
		})
	}
}

func check(t *testing.T, srv *Server, url string, want answer, headers ...string) {
	t.Helper()
	res, body, err := get(t, srv, url, headers...)
	require.Equal(t, want.fails, err != nil, "%v", err)
	require.Equal(t, want.status, res.StatusCode)
	if want.body != nil {
		require.Equal(t, want.body, body)
		require.EqualValues(t, len(body), srv.BytesSent())
	}
	if want.length != 0 {
		require.Equal(t, want.length, res.ContentLength)
	}
	if want.header[0] != "" {
		require.Equal(t, want.header[1], res.Header.Get(want.header[0]))
	}
	if want.no != "" {
		require.NotContains(t, res.Header, want.no)
	}
}

func TestMultipart(t *testing.T) {
	everywhere(t, func(t *testing.T, srv *Server) {
		f := srv.File("f", Size(testSize), Behave(Multipart206()))
		res, body, err := get(t, srv, f.URL(), asked...)
		require.NoError(t, err)
		require.True(t, strings.HasPrefix(res.Header.Get("Content-Type"), "multipart/byteranges"))
		require.Contains(t, string(body), "Content-Range: bytes 1000-1999/100000\r\n\r\n"+string(file()[1000:2000]))
	})
}

func TestBrokenHeads(t *testing.T) {
	for _, raw := range []string{"-1", "ten", "99999999999999999999"} {
		refused(t, BadLength(raw))
	}
	refused(t, DuplicateLength(5))
	refused(t, RawLines("no header at all"))
	refused(t, HeaderBomb(2<<20))
	refused(t, EmptyReply())
	refused(t, RSTNow())
}

// refused checks that net/http's client takes no answer.
func refused(t *testing.T, b Behaviour) {
	t.Helper()
	srv := Start(t)
	srv.Client().Transport.(*http.Transport).MaxResponseHeaderBytes = 1 << 20
	f := srv.File("f", Behave(b))
	_, err := ask(t, srv, http.MethodGet, f.URL())
	require.Error(t, err)
}

func TestHEADBehaviours(t *testing.T) {
	everywhere(t, func(t *testing.T, srv *Server) {
		head := func(b Behaviour) (*http.Response, error) {
			f := srv.File("f", Size(testSize), Behave(b))
			res, err := ask(t, srv, http.MethodHead, f.URL())
			if err == nil {
				res.Body.Close()
			}
			_, body, getErr := get(t, srv, f.URL())
			require.NoError(t, getErr)
			require.Len(t, body, testSize)
			return res, err
		}
		res, err := head(NoHead(405))
		require.NoError(t, err)
		require.Equal(t, 405, res.StatusCode)
		res, err = head(HeadLies(-10))
		require.NoError(t, err)
		require.EqualValues(t, testSize-10, res.ContentLength)
		res, err = head(HeadNoLength())
		require.NoError(t, err)
		require.EqualValues(t, -1, res.ContentLength)
		_, err = head(HeadClose())
		require.Error(t, err)
		srv.Client().Transport.(*http.Transport).ResponseHeaderTimeout = 50 * time.Millisecond
		_, err = head(HeadHang())
		require.Error(t, err)
	})
}

func TestEmptyFile(t *testing.T) {
	everywhere(t, func(t *testing.T, srv *Server) {
		f := srv.File("f", Size(0))
		check(t, srv, f.URL(), answer{status: 416, header: contentRange("bytes */0")}, asked...)
		f.Behave(EmptyPartial())
		check(t, srv, f.URL(), answer{status: 206, header: contentRange("bytes 0-0/0")}, asked...)
		f.Behave(NoRange())
		check(t, srv, f.URL(), answer{status: 200}, asked...)
	})
}

func TestCounting(t *testing.T) {
	everywhere(t, func(t *testing.T, srv *Server) {
		statuses := func(b Behaviour) (got []int) {
			f := srv.File("f", Size(10), Behave(b))
			for range 4 {
				ask(t, srv, http.MethodHead, f.URL()) // counts for nothing
				res, _, err := get(t, srv, f.URL(), "Range", "bytes=0-1")
				require.NoError(t, err)
				got = append(got, res.StatusCode)
			}
			return got
		}
		require.Equal(t, []int{503, 503, 206, 206}, statuses(Flaky(503, 2, "1")))
		require.Equal(t, []int{503, 503, 503, 503}, statuses(First(-1, Status(503))))
		require.Equal(t, []int{206, 206, 206, 403}, statuses(Expire(3)))
		require.Equal(t, []int{206, 503, 206, 206}, statuses(Nth(2, Status(503))))
		require.Equal(t, []int{206, 200, 200, 200}, statuses(NoRangeAfter(1)))
		require.Equal(t, []int{206, 404, 206, 404}, statuses(Alternate(Good(), Status(404))))
		require.Equal(t, []int{206, 206, 206, 206}, statuses(When(Beyond, Status(404))))
	})
}
