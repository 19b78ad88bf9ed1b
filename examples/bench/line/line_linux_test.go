package line

import (
	"context"
	"io"
	"math"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func start(t *testing.T, c Config) *Line {
	t.Helper()
	l, err := Start(c)
	if err != nil {
		require.ErrorIs(t, err, ErrUnavailable)
		t.Skip(err)
	}
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	return l
}

// sender listens at the far end and sends n bytes to whoever connects.
func sender(t *testing.T, l *Line, n int) (address string) {
	t.Helper()
	listener, err := l.Listen()
	require.NoError(t, err)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			c.SetDeadline(time.Now().Add(time.Minute))
			c.Write(make([]byte, n))
			c.Close()
		}
	}()
	t.Cleanup(func() { listener.Close(); <-ended })
	return listener.Addr().String()
}

// receive connects and reads until the end; it returns how long each took.
func receive(t *testing.T, l *Line, address string, n int) (connected, all time.Duration) {
	t.Helper()
	begun := time.Now()
	c, err := l.Dial(t.Context(), "tcp", address)
	require.NoError(t, err)
	defer c.Close()
	connected = time.Since(begun)
	c.SetDeadline(begun.Add(time.Minute))
	got, err := io.Copy(io.Discard, c)
	require.NoError(t, err)
	require.EqualValues(t, n, got)
	return connected, time.Since(begun)
}

// patience is how often something is measured until the machine had time for it: that it is
// busy makes a line slower, never faster.
const patience = 20

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	const rtt = 40 * time.Millisecond
	l := start(t, Config{RTT: rtt})
	address := sender(t, l, 1)
	var least time.Duration = math.MaxInt64
	for range patience {
		connected, all := receive(t, l, address, 1)
		require.GreaterOrEqual(t, connected, rtt, "no packet comes before its time")
		require.Less(t, rtt, all)
		if least = min(least, connected); least < 2*rtt {
			return
		}
	}
	require.Less(t, least, 2*rtt)
}

func TestRate(t *testing.T) {
	t.Parallel()
	const rate, size = 2_000_000, 1_000_000
	l := start(t, Config{Rate: rate, RTT: 5 * time.Millisecond})
	address := sender(t, l, size)
	var least time.Duration = math.MaxInt64
	for range patience {
		_, all := receive(t, l, address, size)
		require.GreaterOrEqual(t, all, time.Second*size/rate, "no more than the rate")
		if least = min(least, all); least < 3*time.Second*size/rate/2 {
			return
		}
	}
	require.Less(t, least, 3*time.Second*size/rate/2)
}

func TestLoss(t *testing.T) {
	t.Parallel()
	const size, loss = 2_000_000, 0.05
	l := start(t, Config{Loss: loss, Seed: 1})
	receive(t, l, sender(t, l, size), size)
	up, down := l.Counts()
	require.Zero(t, up.Lost+up.Dropped+down.Dropped)
	packets := float64(down.Carried + down.Lost)
	require.Greater(t, packets, float64(size/mtu))
	require.InDelta(t, packets*loss, down.Lost, 5*math.Sqrt(packets*loss), "five deviations")
	require.Greater(t, down.Bytes, int64(size))
}

func TestQueue(t *testing.T) {
	t.Parallel()
	const size = 1_000_000
	narrow := start(t, Config{Rate: 5_000_000, RTT: 20 * time.Millisecond, Queue: 8, Control: "reno"})
	receive(t, narrow, sender(t, narrow, size), size)
	_, down := narrow.Counts()
	require.Positive(t, down.Dropped, "what Reno sends doubles until something is dropped")
	patient := start(t, Config{Rate: 5_000_000, RTT: 20 * time.Millisecond, Queue: size})
	receive(t, patient, sender(t, patient, size), size)
	_, down = patient.Counts()
	require.Zero(t, down.Dropped)
}

func TestControl(t *testing.T) {
	t.Parallel()
	reno := start(t, Config{Control: "reno"})
	receive(t, reno, sender(t, reno, 10), 10)
	_, err := start(t, Config{Control: "no such thing"}).Listen()
	require.Error(t, err)
}

func TestLinesAreApart(t *testing.T) {
	t.Parallel()
	one, other := start(t, Config{}), start(t, Config{})
	address := sender(t, one, 10)
	receive(t, one, address, 10)
	_, err := other.Dial(t.Context(), "tcp", address)
	require.Error(t, err, "nobody listens there")
	_, err = (&net.Dialer{Timeout: 100 * time.Millisecond}).Dial("tcp", address)
	require.Error(t, err, "nor does anybody outside")
}

// TestProcessesAreAtTheNearEnd: so clients that know nothing of lines use one.
func TestProcessesAreAtTheNearEnd(t *testing.T) {
	t.Parallel()
	l := start(t, Config{})
	var out []byte
	require.NoError(t, l.Near(func() (err error) {
		out, err = exec.Command("cat", "/proc/net/dev").Output()
		return err
	}))
	require.Contains(t, string(out), deviceName+":")
	require.Len(t, strings.Split(strings.TrimSpace(string(out)), "\n"), 4, "two lines of head, two devices")
}

// TestNothingIsLeft: neither a goroutine, nor a descriptor, nor a thread that is elsewhere.
func TestNothingIsLeft(t *testing.T) {
	interfaces := seenHere(t)
	l := start(t, Config{RTT: time.Minute})
	require.Equal(t, interfaces, seenHere(t), "nothing is seen of it outside")
	require.Len(t, held(t), 6)
	listener, err := l.Listen()
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err = l.Dial(ctx, "tcp", listener.Addr().String())
	require.Error(t, err, "its packet is under way")
	require.NoError(t, listener.Close())
	require.NoError(t, l.Close())
	require.NoError(t, l.Close())
	require.Error(t, l.Near(func() error { return nil }))

	require.Empty(t, held(t))
	home, err := os.Readlink("/proc/self/ns/net")
	require.NoError(t, err)
	threads, err := filepath.Glob("/proc/self/task/*/ns/net")
	require.NoError(t, err)
	for _, thread := range threads {
		if at, err := os.Readlink(thread); err == nil { // else it has just ended
			require.Equal(t, home, at)
		}
	}
	stacks := make([]byte, 1<<20)
	require.NotContains(t, string(stacks[:runtime.Stack(stacks, true)]), ".carry")
}

func seenHere(t *testing.T) (names []string) {
	t.Helper()
	all, err := net.Interfaces()
	require.NoError(t, err)
	for _, i := range all {
		names = append(names, i.Name)
	}
	return names
}

// held are this process's descriptors of namespaces and devices.
func held(t *testing.T) (what []string) {
	t.Helper()
	all, err := filepath.Glob("/proc/self/fd/*")
	require.NoError(t, err)
	for _, fd := range all {
		if at, _ := os.Readlink(fd); strings.HasPrefix(at, "net:[") || at == "/dev/net/tun" {
			what = append(what, at)
		}
	}
	return what
}
