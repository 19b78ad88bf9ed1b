//go:build unix

package cluster

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestRandomKills: whatever is killed, again and again, all is there in the end.
func TestRandomKills(t *testing.T) {
	large(t)
	seed, err := strconv.ParseUint(cmp.Or(os.Getenv("LITTLEDL_SEED"), strconv.Itoa(int(time.Now().UnixNano()))), 10, 64)
	require.NoError(t, err)
	t.Log("LITTLEDL_SEED", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	server, url := serverProcess(t)
	m := newMatrix(t, url, Config{}, 3, 3000, 150<<10)
	for _, s := range m.sites {
		s.rate = 512 << 10
	}
	m.enqueue()
	all := append([]*process{server}, m.workers...)
	for round := range rounds(t, 20) {
		time.Sleep(time.Duration(r.Int64N(int64(2 * time.Second))))
		p := all[r.IntN(len(all))]
		p.kill()
		time.Sleep(time.Duration(r.Int64N(int64(silence))) / 2)
		p.start()
		t.Log("round", round, "killed", p.role.Worker)
	}
	m.ends(2*time.Minute, int64(1)<<40)
}

// TestServerGoesFirst: workers end although the server that they say goodbye to is not there.
func TestServerGoesFirst(t *testing.T) {
	large(t)
	for round := range rounds(t, 5) {
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			server, url := serverProcess(t)
			m := newMatrix(t, url, Config{}, 0, 3000, 1000)
			for _, s := range m.sites {
				s.rate = 0
			}
			m.enqueue()
			ctx, cancel := context.WithCancel(t.Context())
			var all sync.WaitGroup
			for i := range 3 {
				c := start(t, Config{URL: url})
				dir := t.TempDir()
				all.Go(func() {
					if err := c.Work(ctx, Worker{Name: fmt.Sprint("w", i), Scratch: dir, Sink: Dir{Path: m.store}}); err != nil {
						t.Error(err)
					}
				})
			}
			m.until(0.02 * float64(round*2+1))
			go server.kill()
			time.Sleep(time.Duration(rand.Int64N(int64(20 * time.Millisecond))))
			cancel()
			ended := make(chan struct{})
			go func() { all.Wait(); close(ended) }()
			select {
			case <-ended:
			case <-time.After(40 * time.Second):
				t.Fatal("a worker does not end")
			}
			server.start()
			work(t, m.c, Worker{Name: "last", Sink: Dir{Path: m.store}})
			m.ends(time.Minute, 10<<20)
		})
	}
}
