package page

import (
	"fmt"
	"math"
	"net/url"
	"time"

	"github.com/littledl/littledl"
)

// words says what an event means, and how good or bad that is.
func words(e littledl.Event, f *file) (level, what string) {
	why := ""
	if e.Err != nil {
		why = clean(e.Err.Error())
	}
	switch e.Kind {
	case littledl.EventStarted:
		return "info", "its turn has come"
	case littledl.EventRequest:
		return "info", "asked " + hostOf(e.Origin) + " for " + rangeText(e.Offset, e.Length)
	case littledl.EventResponse:
		return response(e, f, why)
	case littledl.EventRetry:
		return "warn", "again, after " + seconds(e.Wait) + ": " + why
	case littledl.EventSource:
		return "warn", "left " + hostOf(e.Origin) + ": " + why
	case littledl.EventRestart:
		return "warn", bytes(e.Length) + " to be fetched again"
	case littledl.EventReused:
		return "good", "the same content was at hand"
	case littledl.EventCompleted:
		return "good", outcome(e, f)
	case littledl.EventFailed:
		return "bad", outcome(e, f)
	case littledl.EventCancelled:
		return "warn", outcome(e, f)
	case littledl.EventPaused:
		return "info", "waits to be resumed"
	case littledl.EventHostUp:
		return "good", "serves again"
	case littledl.EventHostBusy:
		return "warn", "has too much to do; asked again in " + seconds(e.Wait) + ": " + why
	case littledl.EventHostDown:
		return "bad", "is out of reach; asked again in " + seconds(e.Wait) + ": " + why
	case littledl.EventHostLimit:
		return "info", fmt.Sprintf("may have %d requests in flight", e.Limit)
	}
	return "info", why
}

func response(e littledl.Event, f *file, why string) (level, what string) {
	after := ""
	if f != nil && !f.requests[e.Request].IsZero() {
		after = " after " + seconds(e.Time.Sub(f.requests[e.Request]))
	}
	switch {
	case e.Err != nil:
		return "warn", "no answer" + after + ": " + why
	case e.Status >= 400:
		return "warn", fmt.Sprintf("status %d%s", e.Status, after)
	}
	return "info", fmt.Sprintf("status %d%s, %s", e.Status, after, clean(e.Protocol))
}

// outcome says how a file has ended.
func outcome(e littledl.Event, f *file) string {
	switch {
	case e.Err != nil:
		return clean(e.Err.Error())
	case e.Task.Reused:
		return "was at hand"
	}
	text := bytes(e.Task.FileSize)
	if f != nil {
		text += " in " + seconds(e.Time.Sub(f.since))
	}
	switch n := e.Task.RetryCount; {
	case n == 1:
		text += ", 1 retry"
	case n > 1:
		text += fmt.Sprintf(", %d retries", n)
	}
	return text
}

// hostOf is the host of a URL or an origin, with the port where that is not the scheme's own.
func hostOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "?"
	}
	if u.Scheme+u.Port() == "http80" || u.Scheme+u.Port() == "https443" {
		return clean(u.Hostname())
	}
	return clean(u.Host)
}

func rangeText(offset, length int64) string {
	switch {
	case length == 0:
		return "its headers"
	case length > 0 && offset == 0:
		return "the first " + bytes(length)
	case length > 0:
		return bytes(length) + " at " + bytes(offset)
	case offset > 0:
		return "all from " + bytes(offset) + " on"
	}
	return "all of it"
}

// bytes is a number of bytes as the page's script has it.
func bytes(n int64) string {
	if n < 0 {
		return "?"
	}
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	v, unit := float64(n)/1024, 0
	for v >= 999.95 && unit < 4 {
		v /= 1024
		unit++
	}
	return fmt.Sprintf("%.1f %ciB", math.Floor(v*10+0.5)/10, "KMGTP"[unit])
}

func seconds(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%d ms", max(d.Milliseconds(), 0))
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}
