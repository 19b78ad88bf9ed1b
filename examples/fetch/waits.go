package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/littledl/littledl"
)

const (
	giveUp   = time.Minute      // how long a host is waited for that serves nobody
	newsTime = 10 * time.Second // how long an attempt that failed is news
	maxWaits = 3                // hosts that are named at once
)

// waits knows from the events what a batch waits for, so that somebody who looks at one that
// stands still is told.
type waits struct {
	hosts []waiting // since the first of these serves nobody
	why   string    // the latest attempt failed
	when  time.Time
}

// waiting is a host that serves nobody.
type waiting struct {
	origin string
	since  time.Time
	why    string
}

func (w *waits) hear(e littledl.Event) {
	i := slices.IndexFunc(w.hosts, func(h waiting) bool { return h.origin == e.Origin })
	switch e.Kind {
	case littledl.EventHostBusy, littledl.EventHostDown:
		if e.Wait > giveUp { // its files fail at once
			break
		}
		if i < 0 {
			i = len(w.hosts)
			w.hosts = append(w.hosts, waiting{origin: e.Origin, since: e.Time})
		}
		w.hosts[i].why = reason(e.Err)
	case littledl.EventHostUp:
		if i >= 0 {
			w.hosts = slices.Delete(w.hosts, i, i+1)
		}
	case littledl.EventResponse, littledl.EventRetry, littledl.EventSource:
		if e.Err != nil {
			w.why, w.when = reason(e.Err), e.Time
		}
	}
}

func reason(err error) string {
	if err == nil {
		return ""
	}
	return clean(err.Error())
}

// texts says what is waited for, in a line each. moving: bytes arrive, and an attempt that
// failed is nobody's concern.
func (w *waits) texts(now time.Time, moving bool) (all []string) {
	for _, h := range w.hosts {
		waited := now.Sub(h.since)
		if waited >= giveUp { // the files have failed, or are about to
			continue
		}
		text := fmt.Sprintf("waiting %s for %s, giving up at %s", timeText(waited), hostOf(h.origin), timeText(giveUp))
		if h.why != "" {
			text += ": " + h.why
		}
		all = append(all, text)
	}
	if n := len(all) - maxWaits; n > 0 {
		all = append(all[:maxWaits], fmt.Sprintf("and for %d hosts more", n))
	}
	if len(all) == 0 && !moving && w.why != "" && now.Sub(w.when) <= newsTime {
		all = append(all, "waiting: "+w.why)
	}
	return all
}

func hostOf(origin string) string {
	_, host, _ := strings.Cut(origin, "://")
	return clean(host)
}
