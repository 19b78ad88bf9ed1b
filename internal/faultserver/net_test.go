package faultserver

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// pair connects over n and returns both ends.
func pair(t *testing.T, n *Net, addr string) (client, server net.Conn) {
	t.Helper()
	l, err := n.Listen(addr)
	require.NoError(t, err)
	defer l.Close()
	client, err = n.DialContext(t.Context(), "tcp", addr)
	require.NoError(t, err)
	server, err = l.Accept()
	require.NoError(t, err)
	t.Cleanup(func() {
		client.Close()
		server.Close()
	})
	return client, server
}

func bubble(t *testing.T, name string, f func(t *testing.T, n *Net)) {
	t.Run(name, func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			n := NewNet()
			defer n.Close()
			f(t, n)
		})
	})
}

func TestDialErrors(t *testing.T) {
	bubble(t, "refused", func(t *testing.T, n *Net) {
		_, err := n.DialContext(t.Context(), "tcp", "a.test:80")
		require.ErrorIs(t, err, syscall.ECONNREFUSED)
		var op *net.OpError
		require.ErrorAs(t, err, &op)
		require.Equal(t, "dial", op.Op)
		require.Equal(t, 1, n.Dials("a.test:80"))
	})
	bubble(t, "name", func(t *testing.T, n *Net) {
		n.FailName("a.test", &net.DNSError{Err: "no such host", Name: "a.test", IsNotFound: true})
		_, err := n.DialContext(t.Context(), "tcp", "a.test:80")
		var dns *net.DNSError
		require.ErrorAs(t, err, &dns)
		require.True(t, dns.IsNotFound)
		n.FailName("a.test", nil)
		pair(t, n, "a.test:80")
	})
	bubble(t, "unreachable", func(t *testing.T, n *Net) {
		n.FailDial("a.test:80", os.NewSyscallError("connect", syscall.EHOSTUNREACH))
		_, err := n.DialContext(t.Context(), "tcp", "a.test:80")
		require.ErrorIs(t, err, syscall.EHOSTUNREACH)
	})
	bubble(t, "black hole", func(t *testing.T, n *Net) {
		n.Blackhole("a.test:80", true)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		_, err := n.DialContext(ctx, "tcp", "a.test:80")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, time.Minute, time.Since(start))
		n.Blackhole("a.test:80", false)
		pair(t, n, "a.test:80")
	})
}

func TestConnEnds(t *testing.T) {
	bubble(t, "close", func(t *testing.T, n *Net) {
		client, server := pair(t, n, "a.test:80")
		server.Write([]byte("hello"))
		server.Close()
		got, err := io.ReadAll(client)
		require.NoError(t, err)
		require.Equal(t, "hello", string(got))
		_, err = client.Write([]byte("x"))
		require.ErrorIs(t, err, syscall.EPIPE)
		_, err = server.Read(make([]byte, 1))
		require.ErrorIs(t, err, net.ErrClosed)
		require.Equal(t, 1, n.Open())
		client.Close()
		require.Zero(t, n.Open())
	})
	bubble(t, "half close", func(t *testing.T, n *Net) {
		client, server := pair(t, n, "a.test:80")
		require.NoError(t, client.(*conn).CloseWrite())
		_, err := server.Read(make([]byte, 1))
		require.Equal(t, io.EOF, err)
		_, err = server.Write([]byte("late"))
		require.NoError(t, err)
		server.Close()
		got, err := io.ReadAll(client)
		require.NoError(t, err)
		require.Equal(t, "late", string(got))
	})
	bubble(t, "peer gone", func(t *testing.T, n *Net) {
		client, server := pair(t, n, "a.test:80")
		require.False(t, peerGone(server))
		client.Close()
		require.True(t, peerGone(server))
	})
	bubble(t, "reset", func(t *testing.T, n *Net) {
		client, server := pair(t, n, "a.test:80")
		server.Write([]byte("hello"))
		reset(server)
		got, err := io.ReadAll(client)
		require.ErrorIs(t, err, syscall.ECONNRESET)
		require.Equal(t, "hello", string(got), "what was sent before the reset arrives")
		_, err = client.Write([]byte("x"))
		require.ErrorIs(t, err, syscall.ECONNRESET)
	})
	bubble(t, "outage", func(t *testing.T, n *Net) {
		client, server := pair(t, n, "a.test:80")
		l, err := n.Listen("a.test:80")
		require.NoError(t, err)
		defer l.Close()
		server.Write([]byte("lost"))
		n.Outage(true)
		for _, c := range []net.Conn{client, server} {
			_, err := c.Read(make([]byte, 1))
			require.ErrorIs(t, err, syscall.ECONNRESET)
		}
		_, err = n.DialContext(t.Context(), "tcp", "a.test:80")
		require.ErrorIs(t, err, syscall.ECONNREFUSED)
		n.Outage(false)
		c, err := n.DialContext(t.Context(), "tcp", "a.test:80")
		require.NoError(t, err)
		c.Close()
	})
	bubble(t, "close wakes", func(t *testing.T, n *Net) {
		client, server := pair(t, n, "a.test:80")
		failed := make(chan error, 2)
		go func() { _, err := client.Read(make([]byte, 1)); failed <- err }()
		go func() { _, err := client.Write(make([]byte, 1<<20)); failed <- err }()
		synctest.Wait()
		client.Close()
		require.ErrorIs(t, <-failed, net.ErrClosed)
		require.ErrorIs(t, <-failed, net.ErrClosed)
		server.Close()
	})
}

func TestDeadlines(t *testing.T) {
	bubble(t, "read and write", func(t *testing.T, n *Net) {
		client, _ := pair(t, n, "a.test:80")
		start := time.Now()
		client.SetReadDeadline(start.Add(3 * time.Second))
		_, err := client.Read(make([]byte, 1))
		var timeout net.Error
		require.ErrorAs(t, err, &timeout)
		require.True(t, timeout.Timeout())
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		require.Equal(t, 3*time.Second, time.Since(start))

		client.SetWriteDeadline(start.Add(5 * time.Second))
		sent, err := client.Write(make([]byte, 1<<20))
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		require.Equal(t, defaultBuffer, sent)
		require.Equal(t, 5*time.Second, time.Since(start))
	})
	bubble(t, "set while reading", func(t *testing.T, n *Net) {
		client, server := pair(t, n, "a.test:80")
		time.AfterFunc(time.Second, func() { client.SetReadDeadline(time.Unix(1, 0)) })
		_, err := client.Read(make([]byte, 1))
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		client.SetReadDeadline(time.Time{})
		server.Write([]byte("x"))
		_, err = client.Read(make([]byte, 1))
		require.NoError(t, err)
	})
}

func TestLinks(t *testing.T) {
	const size = 1_000_000
	// transfer sends size bytes over each connection at once and tells how long each
	// took.
	transfer := func(t *testing.T, n *Net, conns int) (took []time.Duration) {
		l, err := n.Listen("a.test:80")
		require.NoError(t, err)
		defer l.Close()
		start := time.Now()
		results := make([]time.Duration, conns)
		done := make(chan error, 2*conns)
		for i := range conns {
			client, err := n.DialContext(t.Context(), "tcp", "a.test:80")
			require.NoError(t, err)
			server, err := l.Accept()
			require.NoError(t, err)
			go func() {
				_, err := server.Write(make([]byte, size))
				done <- errors.Join(err, server.Close())
			}()
			go func() {
				got, err := io.Copy(io.Discard, client)
				if got != size {
					err = errors.Join(err, io.ErrUnexpectedEOF)
				}
				results[i] = time.Since(start)
				done <- errors.Join(err, client.Close())
			}()
		}
		for range 2 * conns {
			require.NoError(t, <-done)
		}
		return results
	}
	bubble(t, "unlimited", func(t *testing.T, n *Net) {
		require.Equal(t, []time.Duration{0}, transfer(t, n, 1))
	})
	bubble(t, "rates in turn", func(t *testing.T, n *Net) {
		n.Shape(Rates(size, size/4))
		took := transfer(t, n, 3)
		require.InDelta(t, 1, took[0].Seconds(), 0.01)
		require.InDelta(t, 4, took[1].Seconds(), 0.01)
		require.InDelta(t, 1, took[2].Seconds(), 0.01)
	})
	bubble(t, "round trip", func(t *testing.T, n *Net) {
		n.Shape(Same(RTT(100 * time.Millisecond)))
		// A dial, and four buffers of which each waits for the one before to arrive.
		require.Equal(t, 100*time.Millisecond+4*50*time.Millisecond, transfer(t, n, 1)[0])
	})
	bubble(t, "shared", func(t *testing.T, n *Net) {
		n.Shape(Same(Link{Shared: NewBottleneck(size)}))
		took := transfer(t, n, 4)
		require.InDelta(t, 4, max(took[0], took[1], took[2], took[3]).Seconds(), 0.1)
	})
}
