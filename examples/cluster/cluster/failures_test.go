//go:build unix

package cluster

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The matrix of failures: what must hold when something is killed, frozen or cut off. Every process
// is one of its own, ended by its number.

// silence is Config.Silence here: how long it takes until others take over.
const silence = 3 * time.Second

// ports returns free ones.
func ports(t testing.TB, n int) (all []int) {
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer l.Close()
		all = append(all, l.Addr().(*net.TCPAddr).Port)
	}
	return all
}

// serverProcess starts a server that can be killed, and returns its URL.
func serverProcess(t testing.TB) (*process, string) {
	at := fmt.Sprintf("127.0.0.1:%d", ports(t, 1)[0])
	return spawn(t, "server", role{Server: &Server{Dir: t.TempDir(), Listen: at}}), "nats://" + at
}

// matrix is a cluster of processes, with a batch that takes them a while.
type matrix struct {
	t       testing.TB
	c       *Cluster
	url     string
	sites   []*site
	store   string
	workers []*process
	n, size int
}

func newMatrix(t testing.TB, url string, conf Config, workers, n, size int) *matrix {
	large(t)
	m := &matrix{t: t, url: url, store: t.TempDir(), n: n, size: size}
	for range 4 {
		s := newSite(t)
		s.rate = 2 << 20
		m.sites = append(m.sites, s)
	}
	conf.URL, conf.Silence = url, silence
	m.c = start(t, conf)
	for i := range workers {
		m.work(fmt.Sprint("w", i), url)
	}
	return m
}

func (m *matrix) work(name, url string) *process {
	p := spawn(m.t, name, role{Store: m.store, URL: url, Limit: 6})
	m.workers = append(m.workers, p)
	return p
}

// balanced waits until every worker has its share.
func (m *matrix) balanced() {
	require.Eventually(m.t, func() bool {
		rows, err := m.c.rows(m.t.Context(), partRow+"*")
		held := map[string]int{}
		for p := range m.c.partitions {
			held[rows[fmt.Sprint(partRow, p)].value]++
		}
		least := m.c.partitions
		for _, w := range m.workers {
			least = min(least, held[w.role.Worker])
		}
		return err == nil && least > 0 && least >= m.c.partitions/len(m.workers)-1
	}, time.Minute, 50*time.Millisecond)
}

func (m *matrix) enqueue() {
	_, err := m.c.Enqueue(m.t.Context(), "batch", list(m.n, m.size, m.sites...))
	require.NoError(m.t, err)
}

// until waits for a part of the batch to be stored.
func (m *matrix) until(part float64) {
	m.t.Helper()
	for p, err := range m.c.Progress(m.t.Context(), "batch") {
		require.NoError(m.t, err)
		if p.Total >= 0 && float64(p.Done) >= part*float64(p.Total) {
			return
		}
	}
}

// ends checks what must hold at the end: everything is there, once and right, and no more was
// fetched twice than is given.
func (m *matrix) ends(most time.Duration, twice int64) {
	m.t.Helper()
	p := finish(m.t, m.c, "batch", most)
	assert.EqualValues(m.t, m.n, p.Done, "%+v", p)
	assert.Zero(m.t, p.Failed)
	assert.Equal(m.t, m.n, stored(m.t, m.store, "batch", list(m.n, m.size, m.sites...)))
	again := -int64(m.n) * int64(m.size)
	for _, s := range m.sites {
		again += s.sent.Load()
	}
	assert.LessOrEqual(m.t, again, twice, "bytes fetched twice")
	var peaks []int64
	for _, s := range m.sites {
		peaks = append(peaks, s.peak.Load())
	}
	m.t.Logf("%d files, %.1f MB, %.2f MB of them twice; peaks %v; %+v", m.n, float64(m.n)*float64(m.size)/1e6, float64(again)/1e6, peaks, p)
}

func (m *matrix) limited(most int64) {
	m.t.Helper()
	for _, s := range m.sites {
		assert.LessOrEqual(m.t, s.peak.Load(), most, "connections at once")
	}
}

// parts is what all that a worker has in flight may come to.
func (m *matrix) inFlight() int64 { return 4 * 8 * int64(m.size) }

// embedded is a cluster whose server is in this process.
func embedded(t testing.TB, workers, n, size int) *matrix {
	m := newMatrix(t, "", Config{}, 0, n, size)
	m.url = m.c.URL()
	for i := range workers {
		m.work(fmt.Sprint("w", i), m.url)
	}
	return m
}

// busiest is the worker that has done most so far.
func (m *matrix) busiest() *process {
	m.t.Helper()
	done := map[string]int{}
	ctx, cancel := context.WithTimeout(m.t.Context(), 300*time.Millisecond)
	defer cancel()
	for r, err := range m.c.Results(ctx, "batch", 0) {
		if err == nil {
			done[r.Worker]++
		}
	}
	most := slices.MaxFunc(m.workers, func(a, b *process) int { return done[a.role.Worker] - done[b.role.Worker] })
	require.NotZero(m.t, done[most.role.Worker])
	return most
}

func TestKilledWorker(t *testing.T) {
	m := embedded(t, 3, 120, 1<<20)
	m.enqueue()
	m.until(0.3)
	m.busiest().kill()
	m.ends(time.Minute, m.inFlight())
	m.limited(6 + 1) // its last connections are counted until the origin has seen their end
}

// TestKilledWorkerIsBack: restarted on its disk it goes on with its parts, and has its partitions.
func TestKilledWorkerIsBack(t *testing.T) {
	m := embedded(t, 2, 24, 12<<20)
	m.enqueue()
	m.until(0.2)
	w := m.busiest()
	w.kill()
	w.start()
	m.ends(2*time.Minute, 50<<20)
}

func TestKilledServerAndWorker(t *testing.T) {
	large(t)
	server, url := serverProcess(t)
	m := newMatrix(t, url, Config{}, 3, 240, 1<<20)
	m.enqueue()
	m.until(0.3)
	w := m.busiest()
	server.kill()
	w.kill()
	time.Sleep(time.Second)
	server.start()
	m.ends(time.Minute, 3*m.inFlight())
}

// TestFrozenWorker: who wakes after others have taken over stops, and falsifies nothing.
func TestFrozenWorker(t *testing.T) {
	m := embedded(t, 3, 240, 1<<20)
	m.enqueue()
	m.until(0.3)
	w := m.busiest()
	w.signal(syscall.SIGSTOP)
	time.Sleep(3 * silence)
	w.signal(syscall.SIGCONT)
	m.ends(time.Minute, 2*m.inFlight())
}

// three starts three servers that are one, and returns their URL.
func three(t testing.TB) (servers []*process, url string) {
	at := ports(t, 6)
	var routes, urls []string
	for i := range 3 {
		routes = append(routes, fmt.Sprintf("127.0.0.1:%d", at[3+i]))
		urls = append(urls, fmt.Sprintf("nats://127.0.0.1:%d", at[i]))
	}
	for i := range 3 {
		servers = append(servers, spawn(t, fmt.Sprint("s", i), role{Server: &Server{
			Name: fmt.Sprint("s", i), Dir: t.TempDir(), Listen: fmt.Sprintf("127.0.0.1:%d", at[i]), Cluster: routes[i], Routes: routes,
		}}))
	}
	return servers, strings.Join(urls, ",")
}

// rounds is how often a test is repeated that has once been seen to hang.
func rounds(t testing.TB, otherwise int) int {
	n, err := strconv.Atoi(cmp.Or(os.Getenv("LITTLEDL_CLUSTER_ROUNDS"), strconv.Itoa(otherwise)))
	require.NoError(t, err)
	return n
}

// TestKilledServerOfThree: everything is there three times, so one server and a worker may go.
func TestKilledServerOfThree(t *testing.T) {
	large(t)
	for round := range rounds(t, 3) {
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			servers, url := three(t)
			m := newMatrix(t, url, Config{Replicas: 3}, 3, 200, 1<<20)
			m.enqueue()
			m.until(0.3)
			w := m.busiest()
			servers[round%3].kill()
			w.kill()
			m.ends(90*time.Second, 6*m.inFlight())
		})
	}
}
