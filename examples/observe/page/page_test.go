package page

import (
	"bufio"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
)

func event(kind littledl.EventKind, task string) littledl.Event {
	return littledl.Event{Kind: kind, Time: time.Now(), TaskID: task, Source: "http://a.test/" + task, Origin: "http://a.test:80"}
}

// TestStream: a state at once, then those that differ, with the lines of the log that are new.
func TestStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New()
		network := serve(t, p)
		s := network.listen(t, "")
		require.False(t, s.next(time.Nanosecond).state.Watching)

		p.Watch(&still{stats: littledl.BatchStats{TotalFiles: 7, PendingFiles: 7}})
		h := s.next(2 * interval)
		require.True(t, h.state.Watching)
		require.Equal(t, 7, h.state.Stats.TotalFiles)
		require.Empty(t, h.state.Log)
		s.none(quiet - interval)
		require.Equal(t, h.text, s.next(3*interval).text, "to keep the connection")

		p.Hear(event(littledl.EventStarted, "1"))
		p.Hear(event(littledl.EventStarted, "2"))
		h = s.next(2 * interval)
		require.Equal(t, "2", h.id)
		require.Len(t, h.state.Log, 2)
		require.Len(t, h.state.Files, 2)
		p.Hear(event(littledl.EventPaused, "2"))
		h = s.next(3 * interval)
		require.Equal(t, "3", h.id)
		require.Len(t, h.state.Log, 1)
		require.Equal(t, "paused", h.state.Files[0].State)

		again := network.listen(t, "2")
		require.Len(t, again.next(time.Nanosecond).state.Log, 1, "from where it was")
		other := network.listen(t, "4711")
		require.Len(t, other.next(time.Nanosecond).state.Log, 3, "another process has sent it that number")
	})
}

// TestSlowViewer: a browser that takes nothing is let go; meanwhile nobody waits for it.
func TestSlowViewer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New()
		p.Watch(&still{})
		network := serve(t, p)
		c, err := network.dial(t.Context(), "", "")
		require.NoError(t, err)
		defer c.Close()
		_, err = fmt.Fprint(c, "GET /events HTTP/1.1\r\nHost: page.test\r\n\r\n")
		require.NoError(t, err)
		_, err = bufio.NewReaderSize(c, 16).ReadByte() // the first bytes, and then no more
		require.NoError(t, err)
		synctest.Wait()
		require.Equal(t, int64(1), p.viewers.Load())
		begun := time.Now()
		quick := network.listen(t, "")
		for i := range 10_000 {
			p.Hear(event(littledl.EventStarted, fmt.Sprint(i)))
		}
		require.Zero(t, time.Since(begun), "nobody was waited for")
		quick.next(time.Nanosecond)
		require.Len(t, quick.next(2*interval).state.Log, maxLog)
		time.Sleep(patience + interval)
		synctest.Wait()
		require.Equal(t, int64(1), p.viewers.Load(), "the quick one is left")
	})
}

func TestTooManyViewers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New()
		network := serve(t, p)
		var last *stream
		for range maxViewers {
			last = network.listen(t, "")
		}
		refused := httptest.NewRecorder()
		p.ServeHTTP(refused, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/events", nil))
		require.Equal(t, http.StatusServiceUnavailable, refused.Code)
		last.end()
		synctest.Wait()
		network.listen(t, "").next(time.Nanosecond)
	})
}

// TestManyFiles: a page of ten thousand files has a few rows, the failed ones among them.
func TestManyFiles(t *testing.T) {
	t.Parallel()
	p := New()
	b := &still{segments: map[string][]littledl.Segment{}}
	p.Watch(b)
	for i := range 10_000 {
		id := fmt.Sprint(i)
		p.Hear(event(littledl.EventStarted, id))
		if i >= 5000 {
			continue
		}
		e := event(littledl.EventCompleted, id)
		if i == 7 {
			e.Kind, e.Err = littledl.EventFailed, errors.New("why not")
		}
		e.Task = littledl.FileTask{TaskID: id, URL: e.Source, Filename: id, FileSize: 5}
		p.Hear(e)
	}
	b.segments["5050"] = []littledl.Segment{{Start: 0, End: 5, Done: 5}, {Start: 5, End: 10, Done: 1, Source: "http://a.test/5050"}}
	s, last := p.state(0)
	require.Len(t, s.Files, maxFiles)
	require.Equal(t, "5050", s.Files[0].ID, "what is in transfer comes first")
	require.Equal(t, int64(6), s.Files[0].Done)
	require.Equal(t, 1, s.Files[0].Requests)
	require.Equal(t, 5000-maxFiles, s.MoreFiles)
	require.Len(t, s.Ended, maxEnded)
	require.Equal(t, "4999", s.Ended[0].Name)
	require.Equal(t, "failed", s.Ended[maxEnded-1].Outcome)
	require.Equal(t, "why not", s.Ended[maxEnded-1].Note)
	require.Equal(t, 5000-maxEnded, s.MoreEnded)
	require.Len(t, s.Log, maxLog)
	require.Equal(t, int64(15_000), last)

	for i := range 100 { // nor do failures fill it
		e := event(littledl.EventFailed, fmt.Sprint("f", i))
		e.Task = littledl.FileTask{TaskID: e.TaskID, URL: e.Source}
		p.Hear(e)
	}
	for i := range 100 {
		e := event(littledl.EventCompleted, fmt.Sprint("c", i))
		e.Task = littledl.FileTask{TaskID: e.TaskID, URL: e.Source}
		p.Hear(e)
	}
	s, _ = p.state(0)
	require.Len(t, s.Ended, maxEnded)
	require.Equal(t, "completed", s.Ended[0].Outcome)
}

// TestManySegments: of thousands so many are drawn as can be seen, and together they are the file.
func TestManySegments(t *testing.T) {
	t.Parallel()
	var all []littledl.Segment
	for i := range int64(5000) {
		all = append(all, littledl.Segment{Start: 10 * i, End: 10*i + 10, Done: i % 11, Source: []string{"", "http://a.test/x", "http://b.test/x"}[i%3]})
	}
	f := &file{id: "1"}
	s := f.shown(all)
	require.Equal(t, int64(50_000), s.Size)
	require.LessOrEqual(t, len(s.Segments), 2*maxSegments)
	end, done := int64(0), int64(0)
	for _, g := range s.Segments {
		require.Equal(t, end, g.Start)
		end, done = g.End, done+g.Done
	}
	require.Equal(t, s.Size, end)
	require.Equal(t, s.Done, done)
	require.Equal(t, []string{"a.test", "b.test"}, s.Sources)
}

func TestUnknownSize(t *testing.T) {
	t.Parallel()
	s := (&file{}).shown([]littledl.Segment{{Start: 0, End: -1, Done: 7, Source: "http://a.test/x"}})
	require.Equal(t, int64(-1), s.Size)
	require.Equal(t, int64(7), s.Done)
	require.Equal(t, 1, s.Requests)
	require.Empty(t, s.Segments)
	require.Equal(t, "receiving", s.State)
}

// TestEveryKindOfEvent: each has words of its own, and none of them shows a secret.
func TestEveryKindOfEvent(t *testing.T) {
	t.Parallel()
	p := New()
	kinds := []littledl.EventKind{
		littledl.EventStarted, littledl.EventRequest, littledl.EventResponse, littledl.EventRetry, littledl.EventSource, littledl.EventRestart,
		littledl.EventReused, littledl.EventPaused, littledl.EventHostUp, littledl.EventHostBusy, littledl.EventHostDown, littledl.EventHostLimit,
		littledl.EventCompleted, littledl.EventFailed, littledl.EventCancelled,
	}
	for _, kind := range kinds {
		e := littledl.Event{
			Kind: kind, Time: time.Now(), TaskID: "1", Origin: "https://a.test:443", Source: "https://user:secret@a.test/file.bin?token=secret#secret",
			Status: 206, Protocol: "HTTP/1.1", Length: 5, Limit: 3, Wait: time.Second,
		}
		switch kind {
		case littledl.EventHostUp, littledl.EventHostBusy, littledl.EventHostDown, littledl.EventHostLimit:
			e.TaskID, e.Source = "", ""
		case littledl.EventCompleted, littledl.EventFailed, littledl.EventCancelled:
			e.Task = littledl.FileTask{TaskID: "1", URL: e.Source, FileSize: 5, RetryCount: 2}
		}
		switch kind {
		case littledl.EventRetry, littledl.EventSource, littledl.EventHostBusy, littledl.EventHostDown, littledl.EventFailed, littledl.EventCancelled:
			e.Err = errors.New("the \x1b[31mreason\u202e\n" + strings.Repeat("x", 1000))
		}
		p.Hear(e)
	}
	s, _ := p.state(0)
	require.Len(t, s.Log, len(kinds))
	seen := map[string]bool{}
	for i, l := range s.Log {
		require.Equal(t, string(kinds[i]), l.Kind)
		require.NotEmpty(t, l.Who, l.Kind)
		require.NotEmpty(t, l.What, l.Kind)
		require.LessOrEqual(t, len(l.What), maxText+100)
		require.NotContains(t, l.What, "\x1b")
		require.NotContains(t, l.What, "\u202e")
		require.Contains(t, []string{"info", "good", "warn", "bad"}, l.Level)
		seen[l.What] = true
	}
	require.GreaterOrEqual(t, len(seen), len(kinds)-1, "failed and cancelled may sound alike")
	require.NotContains(t, fmt.Sprint(s), "secret")
	require.Equal(t, "a.test", hostOf("https://a.test:443"))
	require.Equal(t, "a.test:80", hostOf("https://a.test:80/x"))
}

// TestHeaders: nothing is to be loaded from elsewhere, nor run that is not this page's own.
func TestHeaders(t *testing.T) {
	t.Parallel()
	p := New()
	for path, kind := range map[string]string{"/": "text/html", "/page.js": "text/javascript", "/page.css": "text/css", "/icon.svg": "image/svg+xml"} {
		w := httptest.NewRecorder()
		p.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		require.Equal(t, http.StatusOK, w.Code, path)
		require.Contains(t, w.Header().Get("Content-Type"), kind, path)
		policy := w.Header().Get("Content-Security-Policy")
		require.Contains(t, policy, "default-src 'none'")
		require.NotContains(t, policy, "unsafe")
		require.NotContains(t, policy, "http")
		require.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"))
		require.NotRegexp(t, `(?i)(src|href|import|url)[=( ]+["']?(https?:)?//`, w.Body.String(), path)
		require.NotContains(t, w.Body.String(), "innerHTML", path)
	}
	w := httptest.NewRecorder()
	p.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/events", nil))
	require.Equal(t, http.StatusMethodNotAllowed, w.Code)
}
