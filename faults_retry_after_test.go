package littledl_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	. "github.com/littledl/littledl/internal/faultserver"
)

// 126: whatever answer is not the file may say when to come back, and is believed; not so one
// that says what the URL, or the caller, lacks.
func TestRetryAfterWithAnyStatus(t *testing.T) {
	t.Parallel()
	var rows []fault
	for _, code := range []int{202, 204, 302, 400, 403, 409, 420, 423, 451, 500, 502, 509, 599} {
		rows = append(rows, fault{
			name: fmt.Sprintf("126 %d, twice for 2 s", code), file: []FileOption{Size(mib)},
			does: always(Flaky(code, 2, "2")), gets: 3, waits: 4 * time.Second, within: 5 * time.Second,
		})
	}
	for _, code := range []int{401, 404, 410} {
		rows = append(rows, fault{
			name: fmt.Sprintf("126 %d", code), file: []FileOption{Size(mib)},
			does: always(Status(code, RetryAfter("2"))), status: code, gets: 1, within: time.Second,
		})
	}
	testFaults(t, append(rows,
		fault{name: "126 a minute, once", does: always(Flaky(503, 1, "60")), least: 2, gets: 8, waits: time.Minute, within: 62 * time.Second},
		fault{
			name: "126 longer than MaxDelay", does: always(Flaky(429, 1, "4")), least: 2, gets: 8, waits: 4 * time.Second, within: 7 * time.Second,
			prep: func(b *bed) { b.conf.Retry.MaxDelay, b.conf.Retry.MaxElapsed = time.Second, 10*time.Second },
		},
		fault{
			name: "126 longer than MaxElapsed", does: always(Flaky(429, 1, "11")), status: 429, gets: 1, within: time.Second,
			prep: func(b *bed) { b.conf.Retry.MaxElapsed = 10 * time.Second },
		},
	))
}

// 127: a host that serves nobody and asks for more than MaxElapsed is asked by nobody else: the
// other files fail with its answer, unasked.
func TestNobodyAsksBefore(t *testing.T) {
	inBoth(t, func(b *bed) {
		b.conf.MaxConnections = 2
		for i := range 20 {
			b.add(b.srv.File(fmt.Sprintf("%d.bin", i), Size(1000), Behave(Status(503, RetryAfter("3600")))))
		}
		err := b.start()
		require.Equal(b, 503, statusOf(err))
		require.LessOrEqual(b, len(b.srv.Requests()), 3)
		require.Less(b, b.took, 2*time.Second)
		for _, task := range b.d.GetAllTasks() {
			saysWait(time.Hour)(b, task)
		}
	})
}
