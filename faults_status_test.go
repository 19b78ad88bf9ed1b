package littledl_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	. "github.com/littledl/littledl/internal/faultserver"
)

// 54 to 58: answers that ask for patience.
func TestBusyServer(t *testing.T) {
	t.Parallel()
	rows := []fault{
		{name: "54 503 with Retry-After", does: always(Flaky(503, 2, "2")), gets: 3, waits: 4 * time.Second, within: 5 * time.Second},
		{name: "54 503 more often than retries", does: always(Flaky(503, 8, "1")), gets: 9, waits: 8 * time.Second, within: 10 * time.Second},
		{name: "54 503 without Retry-After", does: always(Flaky(503, 4, "")), gets: 5, within: 10 * time.Second},
		{name: "54 503 for ever", does: always(Status(503, RetryAfter("10"))), status: 503, least: 6, gets: 8, waits: time.Minute, within: 75 * time.Second},
		{name: "55 429 in seconds", does: always(Flaky(429, 2, "5")), gets: 3, waits: 10 * time.Second, within: 11 * time.Second},
		{name: "55 429 with a date", does: first(2, Status(429, RetryAfterDate(5*time.Second, 0))), gets: 3, waits: 9 * time.Second, within: 11 * time.Second},
		{name: "55 429 by a clock that is fast", does: first(2, Status(429, RetryAfterDate(5*time.Second, time.Hour))), gets: 3, waits: 9 * time.Second, within: 11 * time.Second},
		{name: "55 429 by a clock that is slow", does: first(2, Status(429, RetryAfterDate(5*time.Second, -time.Hour))), gets: 3, waits: 9 * time.Second, within: 11 * time.Second},
		{name: "56 Retry-After of a day", does: always(Status(503, RetryAfter("86400"))), status: 503, gets: 1, within: time.Second, then: saysWait(24 * time.Hour)},
		{name: "56 Retry-After of a day with 429", does: always(Status(429, RetryAfterDate(24*time.Hour, 0))), status: 429, gets: 1, within: time.Second, then: saysWait(24 * time.Hour)},
		{name: "56 Retry-After of a day with 500", does: always(Status(500, RetryAfter("86400"))), status: 500, gets: 1, within: time.Second, then: saysWait(24 * time.Hour)},
		{name: "58 500 for a while", does: always(Status(500, RetryAfter("3"))), status: 500, least: 20, gets: 25, waits: time.Minute, within: 75 * time.Second},
	}
	for _, raw := range []string{"-5", "soon", "", "1.5", "99999999999999999999", "Mon, 01 Jan 1990 00:00:00 GMT"} {
		rows = append(rows, fault{name: "57 Retry-After " + strconv.Quote(raw), does: always(Flaky(503, 2, raw)), gets: 3, within: 2 * time.Second})
	}
	for _, code := range []int{408, 425, 500, 502, 504, 520, 522} {
		rows = append(rows,
			fault{name: fmt.Sprintf("58 %d twice", code), does: always(Flaky(code, 2, "")), gets: 3},
			fault{name: fmt.Sprintf("58 %d for ever", code), does: always(Status(code)), status: code, gets: 4})
	}
	for i := range rows {
		rows[i].file = []FileOption{Size(mib)}
	}
	testFaults(t, rows)
}

// 55: a host that serves nothing else is left alone as a whole.
func TestBusyHostIsLeftAlone(t *testing.T) {
	inBoth(t, func(b *bed) {
		b.files = 1
		b.add(b.srv.File("a.bin", Behave(First(1, Status(429, RetryAfter("20"))))))
		b.add(b.srv.File("b.bin"))
		require.NoError(b, b.start())
		for _, r := range b.srv.GETs()[1:] {
			require.GreaterOrEqual(b, r.Start.Sub(b.began), 20*time.Second, r.Path)
		}
	})
}

// saysWait says that the error has what the server asked to wait.
func saysWait(d time.Duration) func(*bed, littledl.FileTask) {
	return func(b *bed, task littledl.FileTask) {
		var s *littledl.StatusError
		require.ErrorAs(b, task.Err, &s)
		require.Equal(b, d, s.RetryAfter)
		require.ErrorContains(b, task.Err, "retry after")
	}
}

// 59 to 65: answers that nothing will change.
func TestFinalAnswers(t *testing.T) {
	t.Parallel()
	var rows []fault
	for _, code := range []int{401, 404, 407, 410} {
		rows = append(rows, fault{name: fmt.Sprintf("59 %d", code), does: always(Status(code)), status: code, gets: 1, within: time.Second})
	}
	for _, code := range []int{400, 403, 405, 451, 501, 505} { // without a range, too, and for a short one
		rows = append(rows, fault{name: fmt.Sprintf("59 %d", code), does: always(Status(code)), status: code, gets: 3, within: time.Second})
	}
	for _, code := range []int{204, 205, 300, 301, 302, 304, 307, 399} {
		rows = append(rows, fault{name: fmt.Sprintf("65 %d", code), does: always(Status(code)), status: code, gets: 1, within: time.Second})
	}
	testFaults(t, append(rows,
		// Three are served. Beside the longest's bytes each of the two pieces left is refused once or
		// twice as one too many, then each has its four tries, and two ask for it all.
		fault{name: "60 expires", does: always(Expire(3)), status: 403, left: 1, least: 5, gets: 17, then: resumes},
		fault{name: "60 refused once", does: always(Nth(3, Status(403))), least: 5, gets: 12},
		fault{name: "60 refused beside others", does: always(ConnLimit(2, Status(403))), file: []FileOption{Size(12 * mib)}, least: 5, gets: 14},
		fault{name: "61 a token for two", does: always(Signed(2)), least: 8, gets: 30, then: onOneRoute},
		fault{name: "61 a token for one", does: always(Signed(1)), least: 8, gets: 30, then: onOneRoute},
		fault{name: "63 page instead of the file", does: always(HTML200()), hash: true, err: littledl.ErrHashMismatch, gets: 1, within: time.Second},
		fault{name: "64 page instead of ranges", does: later(HTML200()), least: 3, gets: 20, restarts: 2, then: inOneAnswer},
		fault{name: "64 page from then on", does: always(HTMLAfter(1)), err: littledl.ErrRemoteChanged, least: 2, gets: 20},
		fault{name: "64 page from then on, with a hash", does: always(HTMLAfter(1)), hash: true, err: errSome, least: 2, gets: 20},
	))
}

// onOneRoute says that a new token was asked for only where the old one was used up.
func onOneRoute(b *bed, _ littledl.FileTask) {
	minted := 0
	for _, r := range b.srv.GETs("a.bin") {
		if r.Status == 302 {
			minted++
		}
	}
	require.LessOrEqual(b, minted, 12)
}

// 62: credentials that are wrong are sent once, and only where they belong.
func TestWrongCredentials(t *testing.T) {
	inBoth(t, func(b *bed) {
		b.srv.File("a.bin", Behave(BasicAuth("user", "right")))
		_, err := b.downloader().AddURL("http://user:"+secret+"@files.test/a.bin", littledl.WithSavePath(b.dir))
		require.NoError(b, err)
		b.homes[b.srv.Origin()] = true
		err = b.start()
		require.Equal(b, 401, statusOf(err))
		require.Len(b, b.srv.Requests(), 1)
		_, password, ok := (&http.Request{Header: b.srv.Requests()[0].Header}).BasicAuth()
		require.True(b, ok)
		require.Equal(b, secret, password)
	})
}

// 106: of many small files on three hosts every hundredth is missing: all others are
// right, and the results stand in the order asked, with exactly those errors.
func TestManySmallFiles(t *testing.T) {
	t.Parallel()
	inBubble(t, func(b *bed) {
		hosts := []*Server{b.srv, b.origin("b.test:80"), b.origin("c.test:80")}
		var urls []string
		for i := range crowd {
			name := fmt.Sprint(i, ".bin")
			if s := hosts[i%3]; i%100 != 37 {
				s.File(name, Size(int64(i%2000)))
			}
			urls = append(urls, hosts[i%3].URL(name))
		}
		results, err := littledl.BatchDownload(b.Context(), urls, b.dir, littledl.WithConfig(b.conf))
		failed := failures(b, err)
		require.Len(b, failed, crowd/100)
		require.Len(b, results, crowd)
		for i, r := range results {
			require.Equal(b, urls[i], r.URL)
			if i%100 == 37 {
				require.Equal(b, http.StatusNotFound, statusOf(r.Err))
				require.Equal(b, urls[i], failed[i/100].URL)
				require.Empty(b, r.Path)
				continue
			}
			require.NoError(b, r.Err)
			require.Equal(b, filepath.Join(b.dir, fmt.Sprint(i, ".bin")), r.Path)
			text, err := os.ReadFile(r.Path)
			require.NoError(b, err)
			require.True(b, string(Bytes(hosts[i%3].Content(fmt.Sprint(i, ".bin")))) == string(text), r.Path)
		}
		entries, err := os.ReadDir(b.dir)
		require.NoError(b, err)
		require.Len(b, entries, crowd-crowd/100)
		for _, s := range hosts {
			require.LessOrEqual(b, s.Conns(), 40)
		}
		require.Zero(b, b.net.Open())
	})
}

// TestAllSegmentsFail: a file of which no further range comes is asked for without ranges when
// that has lasted longer than an outage is waited for.
func TestAllSegmentsFail(t *testing.T) {
	inBubble(t, func(b *bed) {
		id := b.add(b.srv.File("a.bin", Size(8*mib), Behave(When(Beyond, Status(500)))))
		b.restarts = 1
		require.NoError(b, b.start())
		require.LessOrEqual(b, b.took, 75*time.Second)
		require.LessOrEqual(b, len(b.srv.GETs()), 30)
		require.True(b, b.task(id).IsCompleted())
	})
}

// TestErrorPagesAreNoFile: the body of an error is never written to the file, whatever
// its headers say.
func TestErrorPagesAreNoFile(t *testing.T) {
	inBubble(t, func(b *bed) {
		page := Status(503, func(res *Response) { res.Header.Set("Content-Range", "bytes 0-10/11") })
		b.add(b.srv.File("a.bin", Size(8*mib), Behave(page)))
		b.add(b.srv.File("b.bin", Size(8*mib), Behave(When(func(r *Request) bool { return r.Range == nil || Beyond(r) }, page))))
		err := b.start()
		require.Equal(b, 503, statusOf(err))
		require.Len(b, failures(b, err), 2)
		finals, _ := b.listing()
		require.Empty(b, finals)
		require.LessOrEqual(b, b.took, 3*time.Minute)
	})
}

// TestMissingIsNotAskedAgain: a 404 is one request.
func TestMissingIsNotAskedAgain(t *testing.T) {
	inBubble(t, func(b *bed) {
		b.add(b.srv.File("a.bin", Behave(Status(404))))
		require.Equal(b, 404, statusOf(b.start()))
		require.Len(b, b.srv.Requests(), 1)
		require.Less(b, b.took, time.Second)
	})
}

// TestRetryAfterIsObeyed has one request in flight at most, so that a file that
// waits and keeps its slot would hold up the other.
func TestRetryAfterIsObeyed(t *testing.T) {
	for name, header := range map[string]ResponseOption{"seconds": RetryAfter("20"), "date": RetryAfterDate(20*time.Second, time.Hour)} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(b *bed) {
				b.files, b.chunks = 1, 1
				busy := b.origin("busy.test:80")
				f := busy.File("a.bin", Behave(First(1, Status(503, header))))
				b.add(f)
				b.add(b.srv.File("b.bin"))
				began := time.Now()
				require.NoError(b, b.start())
				require.Less(b, b.srv.GETs()[0].End.Sub(began), time.Second)
				asked := busy.GETs()
				require.Len(b, asked, 2)
				require.InDelta(b, 20*time.Second, asked[1].Start.Sub(asked[0].Start), float64(time.Second))
			})
		})
	}
}

// TestRetryAfterIsCapped: nobody waits for a day: the error says how long the server
// wanted.
func TestRetryAfterIsCapped(t *testing.T) {
	inBubble(t, func(b *bed) {
		b.add(b.srv.File("a.bin", Behave(Status(503, RetryAfter("86400")))))
		err := b.start()
		var status *littledl.StatusError
		require.ErrorAs(b, err, &status)
		require.Equal(b, littledl.StatusError{Code: 503, RetryAfter: 24 * time.Hour}, *status)
		require.Less(b, b.took, time.Second)
	})
}
