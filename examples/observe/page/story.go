package page

import (
	"net/url"
	"path"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/littledl/littledl"
)

const (
	maxLog   = 300 // lines that are kept
	maxEnded = 16  // files
	maxText  = 300 // characters of what others have said
)

// story is what events have told, as much of it as a page has room for.
type story struct {
	begun  int64 // files so far
	files  map[string]*file
	ended  []ended // the latest, and those that failed before
	endeds int     // in all
	lines  []line  // the latest
	last   int64   // number of the latest line
}

// file is one that has begun and not ended.
type file struct {
	id, name, url string
	nth           int64
	since         time.Time
	paused        bool
	requests      map[int64]time.Time // that no answer has come to yet
}

// ended is a file that has.
type ended struct {
	N       int    `json:"n"`
	Name    string `json:"name"`
	URL     string `json:"url"`
	Outcome string `json:"outcome"`
	Size    int64  `json:"size"`
	Note    string `json:"note"`
}

// line is one of the log.
type line struct {
	N     int64  `json:"n"`
	Time  int64  `json:"time"`  // in milliseconds
	Level string `json:"level"` // info, good, warn or bad
	Kind  string `json:"kind"`
	Who   string `json:"who"` // a file or a host
	What  string `json:"what"`
}

func newStory() story { return story{files: map[string]*file{}} }

func (s *story) hear(e littledl.Event) {
	f := s.files[e.TaskID]
	switch e.Kind {
	case littledl.EventStarted:
		f = s.begin(e)
	case littledl.EventCompleted, littledl.EventFailed, littledl.EventCancelled:
		s.log(e, f)
		s.end(e, f)
		return
	}
	s.log(e, f)
	if f == nil {
		return
	}
	f.paused = e.Kind == littledl.EventPaused
	switch e.Kind {
	case littledl.EventRequest:
		f.requests[e.Request] = e.Time
	case littledl.EventResponse:
		delete(f.requests, e.Request)
	}
}

func (s *story) begin(e littledl.Event) *file {
	s.begun++
	shown := redacted(e.Source)
	f := &file{id: e.TaskID, name: nameIn(shown), url: clean(shown), nth: s.begun, since: e.Time, requests: map[int64]time.Time{}}
	s.files[e.TaskID] = f
	return f
}

func (s *story) end(e littledl.Event, f *file) {
	delete(s.files, e.TaskID)
	s.endeds++
	shown := redacted(e.Task.URL)
	done := ended{N: s.endeds, Name: clean(e.Task.Filename), URL: clean(shown), Outcome: string(e.Kind), Size: e.Task.FileSize, Note: outcome(e, f)}
	if done.Name == "" {
		done.Name = nameIn(shown)
	}
	if s.ended = append(s.ended, done); len(s.ended) > maxEnded {
		s.ended = slices.Delete(s.ended, s.old(), s.old()+1)
	}
}

// old is the number of the ended file that is shown no more: files that failed stay longer, but do
// not fill the page.
func (s *story) old() int {
	good := func(e ended) bool { return e.Outcome == string(littledl.EventCompleted) }
	if i := slices.IndexFunc(s.ended, good); i >= 0 && i <= maxEnded/2 {
		return i
	}
	return 0
}

// log notes an event in words.
func (s *story) log(e littledl.Event, f *file) {
	who := clean(e.Origin)
	switch {
	case f != nil:
		who = f.name
	case e.Task.Filename != "":
		who = clean(e.Task.Filename)
	case e.TaskID != "":
		who = nameIn(redacted(e.Source))
	}
	level, what := words(e, f)
	s.last++
	if s.lines = append(s.lines, line{s.last, e.Time.UnixMilli(), level, string(e.Kind), who, what}); len(s.lines) > maxLog {
		s.lines = s.lines[1:]
	}
}

// since are the lines after the one of that number. A page that knows of later ones than there
// are has been looking at another process.
func (s *story) since(n int64) []line {
	if n > s.last {
		n = 0
	}
	first := s.last - int64(len(s.lines)) // the one before the oldest
	return append([]line{}, s.lines[max(n-first, 0):]...)
}

// redacted is a URL without what may be a secret: user, query and fragment.
func redacted(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	u.User, u.RawQuery, u.ForceQuery, u.Fragment, u.RawFragment = nil, "", false, "", ""
	return u.String()
}

// nameIn is the end of a URL, for a file whose name is not settled.
func nameIn(shown string) string {
	u, err := url.Parse(shown)
	if err != nil {
		return "?"
	}
	if name := path.Base(u.Path); name != "." && name != "/" {
		return clean(name)
	}
	return clean(u.Host)
}

// clean makes text of others fit for one line: short, with nothing in it that cannot be seen, or
// turns the direction of writing.
func clean(s string) string {
	if all := []rune(s); len(all) > maxText {
		s = string(all[:maxText]) + "…"
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) && r != unicode.ReplacementChar {
			return r
		}
		return '?'
	}, s)
}
