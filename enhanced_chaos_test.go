package littledl_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
	"github.com/littledl/littledl/internal/replay"
)

// TestEnhChaos: whatever sources do and whenever somebody pauses, resumes, cancels or
// stops, Start returns, no more is in flight than allowed, no task is lost, and what
// is said to be complete is right. LITTLEDL_CHAOS is how many worlds are tried, from
// LITTLEDL_SEED on.
func TestEnhChaos(t *testing.T) {
	t.Parallel()
	const once = 7202203692596542263 // hung
	inWorlds(t, once, 6, func(b *enhBed, seed uint64) { newChaos(b, seed).run() })
}

// inWorlds plays worlds one after the other, as many at least, from a seed on, until one fails.
func inWorlds(t *testing.T, seed uint64, least int, play func(b *enhBed, seed uint64)) {
	t.Helper()
	worlds, _ := strconv.Atoi(os.Getenv("LITTLEDL_CHAOS"))
	first := replay.SeedOr(seed)
	for i := range uint64(max(worlds, least)) {
		ok := t.Run(fmt.Sprint(first+i), func(t *testing.T) {
			enhBubble(t, func(b *enhBed) { play(b, first+i) })
		})
		if !ok {
			t.Logf("LITTLEDL_SEED=%d repeats it", first+i)
			return
		}
	}
}

// chaos is one world: what is random in it comes from its seed.
type chaos struct {
	*enhBed
	rnd     *rand.Rand
	srv     *faultserver.Server // all hosts, so that it sees all that is in flight
	hosts   []string
	threads int
	hashes  bool                           // every file has one
	later   map[string]faultserver.Content // by task: what ETagChange makes of it
}

func newChaos(b *enhBed, seed uint64) *chaos {
	c := &chaos{enhBed: b, rnd: rand.New(rand.NewPCG(seed, 0)), hosts: []string{"a.test:80", "b.test:80", "c.test:80"}, later: map[string]faultserver.Content{}}
	c.threads = []int{1, 1, 2, 3, 15}[c.rnd.IntN(5)]
	c.hashes = c.half()
	c.conf.StallTimeout, c.conf.HeaderTimeout, c.conf.ConnectTimeout = 2*time.Second, 2*time.Second, 2*time.Second
	c.conf.Retry.MaxElapsed = 8 * time.Second
	c.option(littledl.WithMaxTotalThreads(c.threads), littledl.WithMaxConcurrentFiles(1+c.rnd.IntN(4)),
		littledl.WithTrustedMirrors(!c.hashes && c.half()), littledl.WithAdaptiveSpeed(c.half()))
	c.reach()
	return c
}

// reach makes the hosts what they are.
func (c *chaos) reach(opts ...faultserver.Option) {
	c.srv = faultserver.Start(c, append(opts, faultserver.On(c.net, c.hosts...))...)
	for _, h := range c.hosts {
		c.rates[h] = int64(mib) << c.rnd.IntN(4)
		if c.rnd.IntN(4) == 0 {
			c.refuseBeyond(int32(1+c.rnd.IntN(2)), h)
		}
	}
}

func (c *chaos) half() bool { return c.rnd.IntN(2) == 0 }

// fault is what one source of a file does.
func (c *chaos) fault() faultserver.Behaviour {
	k := c.rnd.IntN(4)
	switch c.rnd.IntN(14) {
	case 0:
		return faultserver.After(k, enhStall(int64(c.rnd.IntN(3*mib))))
	case 1:
		return faultserver.After(k, faultserver.StallHeader())
	case 2:
		return faultserver.After(k, faultserver.RST(int64(c.rnd.IntN(mib))))
	case 3:
		return faultserver.After(k, faultserver.RSTNow())
	case 4:
		return faultserver.First(k, faultserver.Status(503))
	case 5:
		return faultserver.After(k, faultserver.Status(503, faultserver.RetryAfter("1")))
	case 6:
		return faultserver.After(k, faultserver.Status(404))
	case 7:
		return faultserver.ConnLimit(1, faultserver.Status(503))
	case 8:
		return faultserver.NoRange()
	case 9:
		return faultserver.HeadHang()
	case 10:
		return faultserver.ETagChange(k + 1)
	}
	return faultserver.Good()
}

// enhStall stands still before the last byte, so that the client is never done.
func enhStall(after int64) faultserver.Behaviour {
	return faultserver.Do(func(req *faultserver.Request, next faultserver.Handler) *faultserver.Response {
		res := next(req)
		if req.Method == http.MethodGet {
			res.End, res.EndAfter = faultserver.Hang, min(after, res.Body.Size()-1)
		}
		return res
	})
}

// size is that of a file: most are small.
func (c *chaos) size() int64 {
	size := int64(c.rnd.IntN(300 * kib))
	if c.rnd.IntN(4) == 0 {
		size = int64(5*mib + c.rnd.IntN(8*mib))
	}
	return size
}

// serve makes one file, with other faults at each host, and queues it.
func (c *chaos) serve(i int, more func(url string) []littledl.URLOption) {
	size := c.size()
	name := fmt.Sprint("f", i)
	var faults []faultserver.Behaviour
	for _, h := range c.hosts {
		faults = append(faults, faultserver.When(func(r *faultserver.Request) bool { return r.Host+":80" == h }, c.fault()))
	}
	f := c.srv.File(name, faultserver.Size(size), faultserver.Behave(faults...))
	opts := hashIf(c.hashes, f)
	if c.rnd.IntN(3) > 0 {
		opts = append(opts, littledl.WithBackupURLs(c.srv.URLAt("b.test:80", name), c.srv.URLAt("c.test:80", name)))
	}
	if more != nil {
		opts = append(opts, more(f.URL())...)
	}
	id := c.add(f.URL(), f.Content(), append(opts, littledl.WithPriority(c.rnd.IntN(3)))...)
	c.later[id] = faultserver.Generate("/"+name, 2, size)
}

// meddle does something at a random moment.
func (c *chaos) meddle() {
	host := c.hosts[c.rnd.IntN(3)]
	for range 1 + c.rnd.IntN(4) {
		at, long := time.Duration(c.rnd.IntN(6000))*time.Millisecond, time.Duration(c.rnd.IntN(3000))*time.Millisecond
		switch c.rnd.IntN(6) {
		case 0, 1:
			time.AfterFunc(at, func() { c.get().Pause() })
			time.AfterFunc(at+long, func() { c.get().Resume() })
		case 2:
			time.AfterFunc(at, func() { c.net.Outage(true) })
			time.AfterFunc(at+long, func() { c.net.Outage(false) })
		case 3:
			time.AfterFunc(at, func() { c.net.Blackhole(host, true) })
			time.AfterFunc(at+long, func() { c.net.Blackhole(host, false) })
		case 4:
			time.AfterFunc(at, func() { c.net.ResetAll() })
		}
	}
}

func (c *chaos) run() {
	n := 2 + c.rnd.IntN(12)
	for i := range n {
		c.serve(i, nil)
	}
	c.starts(func() {})
}

// starts has it started, again where somebody ends it, and meddled with.
func (c *chaos) starts(meddle func()) {
	for starts := 1 + c.rnd.IntN(3); starts > 0; starts-- {
		c.meddle()
		meddle()
		time.AfterFunc(30*time.Second, func() { c.get().Resume() }) // of two pauses the second may have lasted
		end := func() { c.get().Cancel() }
		if starts == 1 {
			end = func() { c.get().Stop() }
		}
		if starts > 1 || c.rnd.IntN(3) == 0 {
			time.AfterFunc(time.Duration(1+c.rnd.IntN(4000))*time.Millisecond, end)
		}
		ctx, stop := context.WithCancel(c.Context())
		hung := time.AfterFunc(10*time.Minute, func() {
			c.Errorf("it hangs: %+v\n%+v\n%s", c.get().GetActiveTasks(), c.get().GetHosts(), stacks())
			stop()
		})
		err := c.get().Start(ctx)
		hung.Stop()
		stop()
		require.True(c, err == nil || errors.As(err, new(*littledl.BatchError)) || errors.Is(err, littledl.ErrCancelled), "%v", err)
		c.look(err == nil)
	}
}

// look checks what must be so after every Start.
func (c *chaos) look(complete bool) {
	s := c.get().GetStats()
	require.Zero(c, s.ActiveThreads)
	require.Zero(c, s.ActiveFiles)
	require.Zero(c, s.PendingFiles)
	require.Equal(c, complete, s.CompletedFiles == s.TotalFiles)
	require.LessOrEqual(c, c.srv.MaxInFlight(), c.threads)
	require.Less(c, len(c.srv.Requests()), 1500)
	for _, task := range c.get().GetAllTasks() {
		if !task.IsCompleted() {
			continue
		}
		got, err := os.ReadFile(task.Path())
		require.NoError(c, err)
		if err = faultserver.Compare(bytes.NewReader(got), c.later[task.TaskID]); c.hashes || err != nil {
			if faultserver.Compare(bytes.NewReader(got), c.want[task.TaskID]) != nil {
				c.Logf("%+v", task)
				c.Logf("%+v %v", c.opts, c.threads)
			}
			require.NoError(c, faultserver.Compare(bytes.NewReader(got), c.want[task.TaskID]), task.URL)
		}
	}
}
