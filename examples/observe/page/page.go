// Package page shows a batch while it runs, in a browser: how far it is, its files, its hosts, the
// segments of large files as they fill, and what has happened. It is an http.Handler to mount in a
// program of one's own.
//
// Whoever looks must not hold up what is looked at. Events are noted in bounded memory and nobody
// is waited for; a browser is sent the state of the moment as often as it takes it, so one that is
// slow sees fewer states, and one that takes nothing for a while is let go.
//
// Names and errors come from servers. They reach the page as JSON and its text as text nodes, and
// the page allows no script, style or connection but its own. URLs are shown without their secrets.
package page

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/littledl/littledl"
)

// Batch is what is asked of a downloader; both kinds have it.
type Batch interface {
	GetStats() littledl.BatchStats
	GetHosts() []littledl.HostStats
	GetSegments(taskID string) ([]littledl.Segment, error)
}

const (
	interval   = 200 * time.Millisecond // between two states
	quiet      = 10 * time.Second       // after which an unchanged one is sent, too
	patience   = 10 * time.Second       // with a browser that takes nothing
	maxViewers = 32
)

//go:embed static
var static embed.FS

// Page is the page of one downloader. Make it before that, give its Hear to littledl.WithEvents,
// and the downloader to Watch.
type Page struct {
	mux     *http.ServeMux
	batch   atomic.Pointer[Batch]
	viewers atomic.Int64

	mu    sync.Mutex
	story story
}

// New makes a page.
func New() *Page {
	p := &Page{mux: http.NewServeMux(), story: newStory()}
	files, err := fs.Sub(static, "static")
	if err != nil {
		panic(err) // it is embedded
	}
	p.mux.Handle("GET /", http.FileServerFS(files))
	p.mux.HandleFunc("GET /events", p.events)
	return p
}

// Watch has the page show this downloader; before, it has nothing to show.
func (p *Page) Watch(b Batch) { p.batch.Store(&b) }

// Hear takes the next event. It waits for nobody.
func (p *Page) Hear(e littledl.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.story.hear(e)
}

// ServeHTTP implements http.Handler.
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "+
		"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	p.mux.ServeHTTP(w, r)
}

// events sends states until the browser goes away.
func (p *Page) events(w http.ResponseWriter, r *http.Request) {
	defer p.viewers.Add(-1)
	if p.viewers.Add(1) > maxViewers {
		http.Error(w, "too many pages are open; close one of them", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(w)
	seen, _ := strconv.ParseInt(r.Header.Get("Last-Event-ID"), 10, 64) // none: 0, from the beginning
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	var last string
	var sent time.Time
	for {
		state, upTo := p.state(seen)
		text, err := json.Marshal(state)
		if err != nil {
			return
		}
		if string(text) != last || time.Since(sent) > quiet {
			last, sent, seen = string(text), time.Now(), upTo
			_ = out.SetWriteDeadline(sent.Add(patience)) // where that is not supported, TCP has its own
			if _, err := fmt.Fprintf(w, "id: %d\ndata: %s\n\n", seen, text); err != nil || out.Flush() != nil {
				return
			}
		}
		select {
		case <-ticker.C:
		case <-r.Context().Done():
			return
		}
	}
}
