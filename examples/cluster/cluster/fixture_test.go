package cluster

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"iter"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// site is an origin that counts what no client can hide from it.
type site struct {
	*httptest.Server
	rate      int                                               // bytes a second and connection; 0: as fast as it goes
	refuse    func(w http.ResponseWriter, r *http.Request) bool // answers by itself
	sent      atomic.Int64
	now, peak atomic.Int64
	requests  atomic.Int64
	mu        sync.Mutex
	whole     map[string]int // bodies by path
}

// newSite serves /<size>/<name>, and 404 elsewhere.
func newSite(t testing.TB) *site {
	s := &site{whole: map[string]int{}}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	return s
}

var noise = func() []byte {
	b := make([]byte, 64<<20)
	_, _ = rand.NewChaCha8([32]byte{3}).Read(b)
	return b
}()

// content is a file of a site: it follows from its path.
func content(path string) []byte {
	size, err := strconv.Atoi(strings.Split(path, "/")[1])
	if err != nil {
		return nil
	}
	sum := sha256.Sum256([]byte(path))
	from := int(sum[0])<<8 | int(sum[1])
	return noise[from : from+size]
}

func (s *site) serve(w http.ResponseWriter, r *http.Request) {
	s.requests.Add(1)
	now := s.now.Add(1)
	over := sync.OnceFunc(func() { s.now.Add(-1) }) // for the client, whose next request may be here before this one returns
	defer over()
	defer context.AfterFunc(r.Context(), over)()
	for most := s.peak.Load(); now > most && !s.peak.CompareAndSwap(most, now); most = s.peak.Load() {
	}
	if s.refuse != nil && s.refuse(w, r) {
		return
	}
	body := content(r.URL.Path)
	if body == nil {
		http.NotFound(w, r)
		return
	}
	s.mu.Lock()
	s.whole[r.URL.Path]++
	s.mu.Unlock()
	w.Header().Set("ETag", fmt.Sprintf(`"%x"`, hash64(r.URL.Path)))
	w.Header().Set("Content-Type", "application/octet-stream")
	http.ServeContent(&paced{w, s, time.Now(), over, 0}, r, "", time.Unix(1_600_000_000, 0), bytes.NewReader(body))
}

type paced struct {
	http.ResponseWriter
	s     *site
	begun time.Time
	over  func()
	n     int
}

func (p *paced) Write(b []byte) (int, error) {
	for total := 0; ; {
		piece := b[total:min(total+16<<10, len(b))]
		if len(piece) == 0 {
			return total, nil
		}
		p.n += len(piece)
		if p.s.rate > 0 {
			time.Sleep(time.Until(p.begun.Add(time.Duration(p.n) * time.Second / time.Duration(p.s.rate))))
		}
		if strconv.Itoa(p.n) == p.Header().Get("Content-Length") {
			p.over()
		}
		n, err := p.ResponseWriter.Write(piece)
		total += n
		p.s.sent.Add(int64(n))
		if err != nil {
			return total, err
		}
	}
}

// list is n jobs of a size, from sites in turn.
func list(n, size int, sites ...*site) iter.Seq2[Job, error] {
	var bases []string
	for _, s := range sites {
		bases = append(bases, s.URL)
	}
	return urls(n, size, bases...)
}

func urls(n, size int, bases ...string) iter.Seq2[Job, error] {
	return func(yield func(Job, error) bool) {
		for i := range n {
			if !yield(Job{URL: fmt.Sprintf("%s/%d/%d", bases[i%len(bases)], size, i), Priority: i % 2}, nil) {
				return
			}
		}
	}
}

// leading are six sites that redirect to another.
func leading(t testing.TB, to *site) (sites []*site) {
	for range 6 {
		s := newSite(t)
		s.refuse = func(w http.ResponseWriter, r *http.Request) bool {
			http.Redirect(w, r, to.URL+r.URL.Path, http.StatusFound)
			return true
		}
		sites = append(sites, s)
	}
	return sites
}

func start(t testing.TB, conf Config) *Cluster {
	t.Helper()
	if conf.URL == "" && conf.Dir == "" {
		conf.Dir, conf.NoSync = t.TempDir(), true
	}
	c, err := Open(t.Context(), conf)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

// work has a worker work until the returned function is called, or the test is over.
func work(t testing.TB, c *Cluster, w Worker) (stop func()) {
	t.Helper()
	if w.Scratch == "" {
		w.Scratch = t.TempDir()
	}
	if w.Log == nil && testing.Verbose() {
		w.Log = slog.New(slog.NewTextHandler(os.Stderr, nil)).With("worker", w.Name)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.Work(ctx, w) }()
	stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-ended:
			require.NoError(t, err)
		case <-time.After(30 * time.Second):
			t.Error("Work does not end")
		}
	})
	t.Cleanup(stop)
	return stop
}

// finish waits for a batch, and returns its last state.
func finish(t testing.TB, c *Cluster, batch string, most time.Duration) Progress {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), most)
	defer cancel()
	var last Progress
	for p, err := range c.Progress(ctx, batch) {
		last = p
		require.NoError(t, err, "%+v", p)
	}
	return last
}

// stored compares every object with what its URL serves; it returns how many there are.
func stored(t testing.TB, dir, batch string, jobs iter.Seq2[Job, error]) (n int) {
	t.Helper()
	i, want := int64(0), map[string]string{}
	for j := range jobs {
		_, path, _ := strings.Cut(strings.TrimPrefix(j.URL, "http://"), "/")
		want[Key(batch, i, j.Name)] = "/" + path
		i++
	}
	require.NoError(t, filepath.WalkDir(filepath.Join(dir, batch), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(d.Name(), ".new-") {
			return err
		}
		n++
		key, err := filepath.Rel(dir, path)
		require.NoError(t, err)
		body, err := os.ReadFile(path)
		require.NoError(t, err)
		at, known := want[filepath.ToSlash(key)]
		require.True(t, known, key)
		require.True(t, bytes.Equal(content(at), body), "%s is not what %s serves", key, at)
		return nil
	}))
	return n
}

// large is for tests that take long, or need servers: LITTLEDL_CLUSTER=1 runs them, too.
func large(t testing.TB) {
	if os.Getenv("LITTLEDL_CLUSTER") == "" {
		t.Skip("LITTLEDL_CLUSTER is not set")
	}
}
