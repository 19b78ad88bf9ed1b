package page_test

import (
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/examples/observe/page"
)

const hostile = `<img src=x onerror="document.title='hit'">`

// gated is a server that sends three quarters of what it is asked for, and the rest when it is let.
type gated struct {
	*httptest.Server
	opened chan struct{}
}

func newGated(t *testing.T) *gated {
	g := &gated{opened: make(chan struct{})}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.URL.Path, "/gone"):
			http.NotFound(w, r)
		case strings.HasPrefix(r.URL.Path, "/large"):
			w.Header().Set("ETag", `"1"`)
			body := &halting{ResponseWriter: w, ctx: r.Context(), opened: g.opened}
			http.ServeContent(body, r, "", time.Time{}, io.NewSectionReader(zeros{}, 0, 24<<20))
		default:
			w.Header().Set("Content-Disposition", `attachment; filename="`+strings.ReplaceAll(hostile, `"`, `\"`)+`"`)
			_, _ = w.Write(make([]byte, 1280))
		}
	}))
	t.Cleanup(g.Close)
	return g
}

type zeros struct{}

func (zeros) ReadAt(p []byte, _ int64) (int, error) { clear(p); return len(p), nil }

type halting struct {
	http.ResponseWriter
	ctx    context.Context
	opened chan struct{}
	sent   int64
}

func (h *halting) Write(p []byte) (int, error) {
	length, _ := strconv.ParseInt(h.Header().Get("Content-Length"), 10, 64)
	if h.sent >= length*3/4 {
		select {
		case <-h.opened:
		case <-h.ctx.Done():
			return 0, h.ctx.Err()
		}
	}
	h.sent += int64(len(p))
	n, err := h.ResponseWriter.Write(p)
	if h.sent >= length*3/4 {
		_ = http.NewResponseController(h.ResponseWriter).Flush()
	}
	return n, err
}

// TestPage: what the page shows is what the downloader says, while it runs and at the end.
func TestPage(t *testing.T) {
	server := newGated(t)
	shown := page.New()
	d, err := littledl.NewEnhancedBatchDownloader(littledl.WithEvents(shown.Hear), littledl.WithMaxTotalThreads(6))
	require.NoError(t, err)
	shown.Watch(d)
	site := httptest.NewServer(shown)
	t.Cleanup(site.Close)
	b := open(t, site.URL) // before anything is there

	dir := t.TempDir()
	large, err := d.AddURL(server.URL+"/large.iso?token=secret", littledl.WithSavePath(dir))
	require.NoError(t, err)
	for _, path := range []string{"/gone.txt?token=secret", "/a.txt", "/%3Cimg%20src=x%20onerror=%22document.title='hit'%22%3E"} {
		_, err := d.AddURL(server.URL+path, littledl.WithSavePath(dir))
		require.NoError(t, err)
	}
	b.until(`document.getElementById('pending').textContent === '4'`)
	b.requireStats(d)

	var running sync.WaitGroup
	running.Go(func() { _ = d.Start(t.Context()) }) // one file is gone, and is to be
	t.Cleanup(running.Wait)
	open := sync.OnceFunc(func() { close(server.opened) })
	t.Cleanup(open)
	b.requireSegments(d, large)
	b.looks()

	require.NoError(t, d.Pause())
	b.until(`document.getElementById('status').textContent === 'paused'`)
	b.requireStats(d)
	require.NoError(t, d.Resume())
	open()
	running.Wait()
	b.until(`document.getElementById('status').textContent === 'ended; 1 not complete'`)
	require.Equal(t, 3, d.GetStats().CompletedFiles)
	b.requireStats(d)
	b.requireHosts(d)

	// Names and errors are text, and only that.
	require.Zero(t, eval[int](b, `document.querySelectorAll('img, main script').length`))
	require.Equal(t, "ended; 1 not complete · littledl", eval[string](b, `document.title`))
	require.Contains(t, eval[string](b, `document.getElementById('log').textContent`), hostile)
	require.Contains(t, eval[string](b, `document.getElementById('ended').textContent`), "server answered 404")
	require.NotContains(t, eval[string](b, `document.documentElement.outerHTML`), "secret")

	// The log can be had without what is as it should be.
	lines := eval[int](b, `document.querySelectorAll('#log li').length`)
	require.Positive(t, lines)
	eval[bool](b, `document.getElementById('problems').click() || true`)
	left := eval[int](b, `[...document.querySelectorAll('#log li')].filter(e => e.checkVisibility()).length`)
	require.Positive(t, left)
	require.Less(t, left, lines)
}

// agree requires that what is there and what is shown of it become the same; the page is a moment
// behind.
func (b *browser) agree(look func() (want, got any)) {
	b.Helper()
	want, got := look()
	for deadline := time.Now().Add(10 * time.Second); !reflect.DeepEqual(want, got) && time.Now().Before(deadline); want, got = look() {
		time.Sleep(50 * time.Millisecond)
	}
	require.Equal(b, want, got)
}

// requireStats compares every number of the page with what GetStats says of a batch that stands
// still.
func (b *browser) requireStats(d *littledl.EnhancedBatchDownloader) {
	b.Helper()
	type shown struct{ Value, Text string }
	b.agree(func() (want, got any) {
		s := d.GetStats()
		plain := func(n int) shown { return shown{strconv.Itoa(n), strconv.Itoa(n)} }
		bytes := func(n int64) shown { return shown{strconv.FormatInt(n, 10), bytesText(n)} }
		number := func(v float64, text string) shown { return shown{strconv.FormatFloat(v, 'f', -1, 64), text} }
		return map[string]shown{
			"total": plain(s.TotalFiles), "completed": plain(s.CompletedFiles), "failed": plain(s.FailedFiles),
			"active": plain(s.ActiveFiles), "pending": plain(s.PendingFiles),
			"cancelled":   plain(s.TotalFiles - s.CompletedFiles - s.FailedFiles - s.ActiveFiles - s.PendingFiles),
			"total-bytes": bytes(s.TotalBytes), "downloaded": bytes(s.DownloadedBytes), "received": bytes(s.ReceivedBytes), "saved": bytes(s.BytesSaved),
			"reused": plain(s.ReusedFiles), "concurrency": plain(s.CurrentConcurrency),
			"threads": plain(s.ActiveThreads), "all-threads": plain(s.TotalThreads), "joined": plain(s.DynamicChunksAdded),
			"percent":  number(s.ProgressPercent, fmt.Sprintf("%.0f %%", math.Floor(s.ProgressPercent))),
			"speed":    number(s.OverallSpeed, bytesText(int64(math.Round(s.OverallSpeed)))+"/s"),
			"progress": number(s.ProgressPercent, ""),
		}, eval[map[string]shown](b, `Object.fromEntries([...document.querySelectorAll('.batch :is(data, progress)')].map(e => [e.id, {Value: String(e.value), Text: e.textContent}]))`)
	})
}

func bytesText(n int64) string {
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	exponent := int(math.Log2(float64(n))) / 10
	return fmt.Sprintf("%.1f %ciB", math.Floor(float64(n)/math.Pow(1024, float64(exponent))*10+0.5)/10, " KMGT"[exponent])
}

// requireSegments compares what is drawn of a file that has come to a halt with its segments.
func (b *browser) requireSegments(d *littledl.EnhancedBatchDownloader, id string) {
	b.Helper()
	type drawn struct {
		Segments []string // how wide, and how full, in tenths of a percent
		Name     string
		Says     bool // how many there are
	}
	b.agree(func() (want, got any) {
		segments, err := d.GetSegments(id)
		require.NoError(b, err)
		there := drawn{Name: "large.iso", Says: true}
		for _, s := range segments {
			length := float64(s.End - s.Start)
			there.Segments = append(there.Segments, fmt.Sprintf("%.0f %.0f", math.Round(1000*length/(24<<20)), math.Round(1000*float64(s.Done)/length)))
		}
		if len(segments) < 3 {
			return there, "not yet several"
		}
		return there, eval[drawn](b, fmt.Sprintf(`(bar => bar ? {
			Segments: [...bar.children].map(e => [e, e.firstChild].map(e => Math.round(10 * parseFloat(e.style.width))).join(' ')),
			Name: bar.ariaLabel, Says: bar.ariaValueText.includes(', %d segments,'),
		} : {})(document.querySelector('.segments'))`, len(segments)))
	})
}

func (b *browser) requireHosts(d *littledl.EnhancedBatchDownloader) {
	b.Helper()
	hosts := d.GetHosts()
	require.Len(b, hosts, 1)
	b.agree(func() (want, got any) {
		return []string{
			hosts[0].Origin, string(hosts[0].State), fmt.Sprintf("%d of %d", hosts[0].InFlight, hosts[0].Allowed), bytesText(hosts[0].Bytes),
		}, eval[[]string](b, `['.name', '.pill', '.in-flight', '.bytes'].map(s => document.querySelector('#hosts li ' + s).textContent)`)
	})
}

// contrasts are the texts that stand out too little from what is behind them (WCAG 2.2, 1.4.3).
const contrasts = `(() => {
	const parse = c => c.match(/[\d.]+/g).map(Number);
	const light = c => {
		const [r, g, b] = parse(c).map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
		return 0.2126 * r + 0.7152 * g + 0.0722 * b;
	};
	const behind = e => {
		for (; e; e = e.parentElement) {
			const c = getComputedStyle(e).backgroundColor;
			if (parse(c)[3] !== 0) return c;
		}
		return 'rgb(255, 255, 255)';
	};
	return [...document.querySelectorAll('body *')].filter(e => e.checkVisibility() && [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())).flatMap(e => {
		const [a, b] = [light(getComputedStyle(e).color), light(behind(e))];
		const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
		return ratio < 4.5 ? [e.className + ' ' + e.textContent + ' ' + ratio.toFixed(2)] : [];
	});
})()`

// looks looks at the page in both widths and both colours.
func (b *browser) looks() {
	b.Helper()
	for _, width := range []int64{400, 1600} {
		for _, scheme := range []string{"light", "dark"} {
			b.look(width, scheme)
			require.Equal(b, width, eval[int64](b, `innerWidth`))
			require.Equal(b, width, eval[int64](b, `document.documentElement.scrollWidth`), "nothing sticks out")
			sum := eval[float64](b, `getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number).reduce((a, b) => a + b)`)
			require.Equal(b, scheme == "dark", sum < 3*128, scheme)
			require.Empty(b, eval[[]string](b, contrasts), "%d %s", width, scheme)
		}
	}
}
