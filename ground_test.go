package littledl_test

import (
	"context"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/crashfs"
	"github.com/littledl/littledl/internal/faultdisk"
	"github.com/littledl/littledl/internal/faultserver"
	"github.com/littledl/littledl/internal/partfile"
	"github.com/littledl/littledl/internal/recovery"
)

// ground is what the fixtures stand on: a network in memory, a directory, and settings
// for a downloader that has not been made yet.
type ground struct {
	*testing.T
	net  *faultserver.Net
	dir  string
	conf littledl.DownloadConfig
	opts []littledl.Option
	read atomic.Int64 // bytes off the network
}

// inGround runs a test in a synctest bubble, where waiting costs no time, and whose end
// finds a goroutine that is left. Then no connection and no file may be open either.
func inGround(t *testing.T, test func(*ground)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		g := &ground{T: t, net: faultserver.NewNet(), dir: t.TempDir()}
		g.conf.Proxy, g.conf.DialContext = noProxy, g.dial
		g.option(littledl.WithTraces(g.replay))
		test(g)
		synctest.Wait()
		require.Zero(t, g.net.Open(), "connections are left")
		require.Empty(t, g.openFiles(), "files are left open")
	})
}

func (g *ground) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	c, err := g.net.DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	return &readCounter{c, &g.read}, nil
}

type readCounter struct {
	net.Conn
	n *atomic.Int64
}

func (c *readCounter) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// replay plays again what a file has decided, without a network: it must decide the same, and
// each failure must bring it nearer to its end.
func (g *ground) replay(t *recovery.Trace) {
	if err := t.Replay(); err != nil {
		g.Errorf("what was decided, played again: %v", err)
	}
}

func (g *ground) option(o ...littledl.Option) { g.opts = append(g.opts, o...) }

// onDisk has the test's files stored on a disk with these faults.
func (g *ground) onDisk(faults ...faultdisk.Fault) *faultdisk.Faults {
	disk := faultdisk.New(faults...)
	g.option(littledl.WithOpenDir(disk.OpenDir))
	return disk
}

// overDisk has files stored on the disk there is, behind what is put before it.
func overDisk(before func(partfile.Disk) partfile.Disk) littledl.Option {
	return littledl.WithOpenDir(func(dir, sub string) (*partfile.Dir, error) {
		disk, err := partfile.OpenDisk(dir, sub)
		if err != nil {
			return nil, err
		}
		return partfile.NewDir(before(disk)), nil
	})
}

// tapped lets a hook see what a downloader does on its disk.
func tapped(h crashfs.Hook) littledl.Option {
	return overDisk(func(d partfile.Disk) partfile.Disk { return crashfs.Tap(d, h) })
}

// openFiles are the descriptors below the directory, where the system tells.
func (g *ground) openFiles() []string { return openBelow(g.dir) }
