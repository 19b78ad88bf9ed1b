package main

import (
	"fmt"
	"strings"
	"time"

	origin "github.com/littledl/littledl/internal/faultserver"
)

// statusFaults are answers that are no file: some ask for patience, some are final.
func statusFaults() []fault {
	const waits, backs, final = "waits as long as it is asked to", "tries again, later each time", "gives up at once"
	all := []fault{
		{number: 54, what: "503 with Retry-After: 1, twice", ours: waits, does: does(origin.Flaky(503, 2, "1"))},
		{number: 54, what: "503 without Retry-After, twice", ours: backs, does: does(origin.Flaky(503, 2, ""))},
		{number: 55, what: "429 with Retry-After: 1, twice", ours: waits, does: does(origin.Flaky(429, 2, "1"))},
		{number: 55, what: "429 with Retry-After as a date, by a clock that is an hour fast", ours: "reckons by the answer's own Date", does: first(2, origin.Status(429, origin.RetryAfterDate(time.Second, time.Hour)))},
		{number: 56, what: "503 with Retry-After: 86400, for ever", ours: "gives up at once and says how long it was asked to wait", does: does(origin.Status(503, origin.RetryAfter("86400"))), ends: failed},
		{number: 57, what: "503 with Retry-After: -5, twice", ours: "takes its own time", does: does(origin.Flaky(503, 2, "-5"))},
		{number: 57, what: "503 with Retry-After in words, twice", ours: "takes its own time", does: does(origin.Flaky(503, 2, "soon"))},
	}
	for _, code := range []int{408, 425, 500, 502, 504, 520} {
		all = append(all, fault{number: 58, what: fmt.Sprintf("%d, twice", code), ours: backs, does: does(origin.Flaky(code, 2, ""))})
	}
	for _, code := range []int{403, 404, 410} {
		all = append(all, fault{number: 59, what: fmt.Sprint(code), ours: final, does: does(origin.Status(code)), ends: failed})
	}
	all = append(all,
		fault{number: 60, what: "403 from the fourth request on", ours: "asks the original URL once more, then gives up", does: does(origin.Expire(3)), ends: failed},
		fault{number: 60, what: "403 to the third request alone", ours: "asks the original URL once more and goes on", does: does(origin.Nth(3, origin.Status(403)))},
		fault{number: 61, what: "redirect to a token that is good for two requests", ours: "asks for another token", does: does(origin.Signed(2))},
		fault{number: 220, what: "redirect to a token that is good for one request, then 404", ours: "asks for another token each time", does: does(origin.SignedUntil(1, 0, origin.Status(404)))},
		fault{number: 62, what: "401 to a wrong password", ours: final, does: does(origin.BasicAuth("user", "right")), set: wrongPassword, ends: failed},
		fault{number: 63, what: "page in HTML instead of the file, 200", ours: "the digest does not match", does: does(origin.HTML200()), digest: true, ends: failed},
		fault{number: 64, what: "page in HTML instead of ranges that do not begin at 0, 200", ours: "writes none of it; begins again in one stream", does: later(origin.HTML200())},
		fault{number: 64, what: "page in HTML from the second answer on, 200", ours: "gives up with `ErrRemoteChanged`", does: does(origin.HTMLAfter(1)), ends: failed},
		fault{number: 65, what: "204", ours: final, does: does(origin.Status(204)), ends: failed},
		fault{number: 65, what: "304", ours: final, does: does(origin.Status(304)), ends: failed},
		fault{number: 65, what: "302 that leads nowhere", ours: final, does: does(origin.Status(302)), ends: failed},
	)
	for _, code := range []int{202, 403, 509} {
		all = append(all, fault{number: 126, what: fmt.Sprintf("%d with Retry-After: 1, twice", code), ours: waits, does: does(origin.Flaky(code, 2, "1"))})
	}
	for _, code := range []int{400, 403, 405, 501} {
		all = append(all, fault{number: 133, what: fmt.Sprintf("%d to every range", code), ours: "asks without a range", does: does(origin.When(func(r *origin.Request) bool { return r.Range != nil }, origin.Status(code)))})
	}
	return all
}

// wrongPassword puts credentials into the URL.
func wrongPassword(s *stage) error {
	s.task.URL = strings.Replace(s.task.URL, "://", "://user:wrong@", 1)
	return nil
}
