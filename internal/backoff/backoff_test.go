package backoff_test

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/backoff"
)

func TestDelay(t *testing.T) {
	p := backoff.Policy{Base: 500 * time.Millisecond, Max: 30 * time.Second}
	const almostOne = 1 - 1.0/(1<<53)
	for _, c := range []struct {
		name    string
		p       backoff.Policy
		attempt int
		u       float64
		want    time.Duration
	}{
		{"first, half", p, 0, 0.5, 250 * time.Millisecond},
		{"doubles", p, 1, 0.5, 500 * time.Millisecond},
		{"doubles again", p, 3, 0.5, 2 * time.Second},
		{"last below the maximum", p, 5, 0.5, 8 * time.Second},
		{"at the maximum", p, 6, 0.5, 15 * time.Second},
		{"far beyond", p, math.MaxInt, 0.5, 15 * time.Second},
		{"never nothing", p, 4, 0, time.Millisecond},
		{"negative attempt", p, -1, 0.5, 250 * time.Millisecond},
		{"random number out of range", p, 0, 7, 500 * time.Millisecond},
		{"random number negative", p, 0, -7, time.Millisecond},
		{"random number not a number", p, 0, math.NaN(), time.Millisecond},
		{"zero policy", backoff.Policy{}, 9, almostOne, time.Millisecond},
		{"base above maximum", backoff.Policy{Base: time.Hour, Max: time.Second}, 0, 0.5, time.Second / 2},
		{"negative base", backoff.Policy{Base: -time.Hour, Max: time.Second}, 3, 0.5, time.Millisecond},
		{"no overflow", backoff.Policy{Base: 3, Max: math.MaxInt64}, 1000, 0.5, 1 << 62},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, c.want, c.p.Delay(c.attempt, c.u))
		})
	}
	require.Less(t, p.Delay(6, almostOne), 30*time.Second+1)
}

func FuzzDelay(f *testing.F) {
	f.Add(int64(500*time.Millisecond), int64(30*time.Second), 3, 0.7)
	f.Add(int64(1), int64(math.MaxInt64), 63, 0.999)
	f.Add(int64(math.MinInt64), int64(math.MinInt64), math.MinInt, math.Inf(-1))
	f.Fuzz(func(t *testing.T, base, limit int64, attempt int, u float64) {
		p := backoff.Policy{Base: time.Duration(base), Max: time.Duration(limit)}
		d := p.Delay(attempt, u)
		require.GreaterOrEqual(t, d, time.Millisecond)
		require.LessOrEqual(t, d, max(p.Max, time.Millisecond))
		if 0 <= attempt && attempt < math.MaxInt {
			require.GreaterOrEqual(t, p.Delay(attempt+1, u), d, "never shorter after one more failure")
		}
	})
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC)
	at := func(d time.Duration) string { return now.Add(d).Format(http.TimeFormat) }
	for _, c := range []struct {
		name, value, date string
		want              time.Duration
		ok                bool
	}{
		{"seconds", "120", "", 2 * time.Minute, true},
		{"zero", "0", "", 0, true},
		{"leading zeros", "007", "", 7 * time.Second, true},
		{"space around", " 3\t", "", 3 * time.Second, true},
		{"a day", "86400", "", 24 * time.Hour, true},
		{"date without Date", at(time.Minute), "", time.Minute, true},
		{"date with a Date an hour ahead", at(time.Hour + time.Minute), at(time.Hour), time.Minute, true},
		{"date with a Date an hour behind", at(-time.Hour + time.Minute), at(-time.Hour), time.Minute, true},
		{"date with a broken Date", at(time.Minute), "yesterday", time.Minute, true},
		{"date equal to Date", at(time.Hour), at(time.Hour), 0, true},
		{"date in the old form", now.Add(time.Minute).Format(time.RFC850), "", time.Minute, true},
		{"date in asctime form", now.Add(time.Minute).Format(time.ANSIC), "", time.Minute, true},
		{"missing", "", "", 0, false},
		{"past", at(-time.Second), "", 0, false},
		{"past by the server's clock", at(time.Minute), at(time.Hour), 0, false},
		{"negative", "-5", "", 0, false},
		{"plus", "+5", "", 0, false},
		{"fraction", "1.5", "", 0, false},
		{"exponent", "1e3", "", 0, false},
		{"unit", "5s", "", 0, false},
		{"garbage", "soon", "", 0, false},
		{"overflow of a duration", "9223372037", "", 0, false},
		{"largest", "9223372036", "", 9223372036 * time.Second, true},
		{"overflow of an integer", "99999999999999999999999999", "", 0, false},
		{"too far away", "Fri, 31 Dec 9999 23:59:59 GMT", "", 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := http.Header{}
			if c.value != "" {
				h.Set("Retry-After", c.value)
			}
			if c.date != "" {
				h.Set("Date", c.date)
			}
			got, ok := backoff.RetryAfter(h, now)
			require.Equal(t, c.ok, ok)
			require.Equal(t, c.want, got)
		})
	}
}

// FuzzRetryAfter checks what any value may give, and that a wait which a server means
// is read whatever its clock says and whatever form it uses.
func FuzzRetryAfter(f *testing.F) {
	f.Add("120", "", int64(7), int64(-3600))
	f.Add("Mon, 06 May 2024 07:08:09 GMT", "Mon, 06 May 2024 07:08:00 GMT", int64(0), int64(0))
	f.Add("-1", "Fri, 31 Dec 9999 23:59:59 GMT", int64(1)<<40, int64(1)<<40)
	f.Fuzz(func(t *testing.T, value, date string, wait, skew int64) {
		now := time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC)
		header := func(value, date string) http.Header {
			return http.Header{"Retry-After": {value}, "Date": {date}}
		}
		d, ok := backoff.RetryAfter(header(value, date), now)
		require.GreaterOrEqual(t, d, time.Duration(0))
		if !ok {
			require.Zero(t, d)
		}
		if n, err := strconv.ParseUint(value, 10, 64); err == nil && n <= math.MaxInt64/uint64(time.Second) {
			require.True(t, ok)
			require.Equal(t, time.Duration(n)*time.Second, d)
		}

		const years = 50 * 365 * 24 * 3600 // what a two-digit year can tell
		asked := time.Duration(wait%(years/2)) * time.Second
		clock := now.Add(time.Duration(skew%(years/4)) * time.Second)
		for _, form := range []string{http.TimeFormat, time.RFC850, time.ANSIC} {
			value := clock.Add(asked).Format(strings.ReplaceAll(form, "MST", "GMT"))
			d, ok := backoff.RetryAfter(header(value, clock.Format(http.TimeFormat)), now)
			require.Equal(t, asked >= 0, ok, value)
			require.Equal(t, max(asked, 0), d, value)
		}
	})
}
