package main

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/examples/internal/command"
)

func TestWhatIsWaitedFor(t *testing.T) {
	var w waits
	begun := time.Now()
	tell := func(after time.Duration, kind littledl.EventKind, origin string, err error) {
		w.hear(littledl.Event{Kind: kind, Time: begun.Add(after), Origin: origin, Err: err})
	}
	at := func(after time.Duration) []string { return w.texts(begun.Add(after), false) }
	require.Empty(t, at(0))

	tell(0, littledl.EventRetry, "", errors.New("reset \x1b by peer"))
	require.Equal(t, []string{"waiting: reset ? by peer"}, at(time.Second))
	require.Empty(t, w.texts(begun, true), "bytes arrive")
	require.Empty(t, at(newsTime+1))

	tell(2*time.Second, littledl.EventHostDown, "http://a.test:80", errors.New("refused"))
	tell(4*time.Second, littledl.EventHostBusy, "https://b.test:443", nil)
	require.Equal(t, []string{
		"waiting 3s for a.test:80, giving up at 1m: refused",
		"waiting 1s for b.test:443, giving up at 1m",
	}, at(5*time.Second))
	tell(6*time.Second, littledl.EventHostBusy, "http://a.test:80", errors.New("status 503"))
	require.Equal(t, "waiting 10s for a.test:80, giving up at 1m: status 503", at(12 * time.Second)[0], "since it serves nobody")
	tell(20*time.Second, littledl.EventHostUp, "http://a.test:80", nil)
	require.Equal(t, []string{"waiting 16s for b.test:443, giving up at 1m"}, at(20*time.Second))
	require.Empty(t, at(64*time.Second), "it was given up")

	w.hear(littledl.Event{Kind: littledl.EventHostBusy, Time: begun, Origin: "http://c.test:80", Wait: giveUp + 1})
	require.Len(t, at(20*time.Second), 1, "nobody waits for so long")

	for i := range maxWaits + 2 {
		tell(time.Minute, littledl.EventHostDown, fmt.Sprintf("http://%d.test:80", i), nil)
	}
	all := at(62 * time.Second)
	require.Len(t, all, maxWaits+1)
	require.Equal(t, "and for 3 hosts more", all[maxWaits])
}

// TestWaitingIsExplained: a batch that stands still says why, in lines too.
func TestWaitingIsExplained(t *testing.T) {
	var out bytes.Buffer
	p := &plain{out: &out, stderr: &out, perFile: true}
	for range 2 * patience {
		p.progress(state{counts: counts{ended: 1, all: 3, failed: 1}, waits: []string{"waiting 3s for a.test:80, giving up at 1m: refused"}})
	}
	require.Equal(t, strings.Repeat("  0%  1 of 3 files, 1 failed  waiting 3s for a.test:80, giving up at 1m: refused\n", 2), out.String())
}

// TestBusyHostIsShown: with how long it is waited for; nothing of that is left at the end.
func TestBusyHostIsShown(t *testing.T) {
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) == 1 {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.Write([]byte("body"))
	}))
	defer server.Close()
	code, f, stderr := runOn(t, 80, "-o", t.TempDir(), server.URL+"/a?key=secret")
	require.Equal(t, command.Done, code, stderr)
	frames := strings.Join(f.writes, "")
	require.Contains(t, frames, "giving up at 1m")
	require.Contains(t, frames, strings.TrimPrefix(server.URL, "http://"))
	require.NotContains(t, frames, "secret")
	require.NotContains(t, f.text(), "waiting")
}
