package littledl_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	. "github.com/littledl/littledl/internal/faultserver"
	"github.com/littledl/littledl/internal/partfile"
)

// TestOutOfDescriptors is number 53 of the catalogue: more files at once than the
// process may have open.
func TestOutOfDescriptors(t *testing.T) {
	if !inOwnProcess(t, "ulimit -n 48") {
		return
	}
	inBubble(t, func(b *bed) {
		b.files = 80
		b.downloader().SetProgressCallback(nil) // who looks at files needs descriptors
		for i := range 100 {
			b.add(b.srv.File(strconv.Itoa(i), Size(100*kib), Behave(Slow(50*kib))))
		}
		require.NoError(b, b.start())
		waited := 0
		for _, task := range b.d.GetAllTasks() {
			waited += task.RetryCount
		}
		require.Positive(b, waited, "the limit was to be reached")
	})
}

// 53: few descriptors, however many files.
func TestFewDescriptors(t *testing.T) {
	t.Parallel()
	inBoth(t, func(b *bed) {
		most := 0
		b.option(littledl.WithFileCompleteCallback(func(littledl.FileTask) {
			most = max(most, len(b.openFiles()))
		}))
		for i := range 120 {
			b.add(b.srv.File(strconv.Itoa(i), Size(10*kib), Behave(Flaky(503, i%2, ""))))
		}
		require.NoError(b, b.start())
		require.LessOrEqual(b, most, 2*b.files+2)
		require.Equal(b, 120+60, len(b.srv.GETs()))
	})
}

// TestManyHosts is number 144 of the catalogue: idle connections make room before anybody
// waits.
func TestManyHosts(t *testing.T) {
	const variable, hosts = "LITTLEDL_TEST_ORIGINS", 150
	origins := os.Getenv(variable) // servers in another process, which has descriptors of its own
	if origins == "" {
		plain, secure := Start(t), Start(t, AnyHTTP())
		for i := range hosts {
			plain.File(strconv.Itoa(i), Size(10*kib))
			secure.File(strconv.Itoa(i), Size(10*kib))
		}
		origins = plain.Origin() + " " + secure.Origin()
	}
	if !inOwnProcess(t, "ulimit -n 64", variable+"="+origins) {
		return
	}
	for _, origin := range strings.Fields(origins) {
		at, err := url.Parse(origin)
		require.NoError(t, err)
		conf := littledl.DownloadConfig{Proxy: noProxy, TLSConfig: &tls.Config{InsecureSkipVerify: true}}
		conf.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, at.Host)
		}
		d, err := littledl.NewBatchDownloader(littledl.WithConfig(conf), littledl.WithMaxConcurrentFiles(8))
		require.NoError(t, err)
		dir := t.TempDir()
		for i := range hosts {
			_, err := d.AddURL(fmt.Sprintf("%s://host%d.test/%d", at.Scheme, i, i), littledl.WithSavePath(dir))
			require.NoError(t, err)
		}
		require.NoError(t, d.Start(t.Context()))
		for _, task := range d.GetAllTasks() {
			require.Zero(t, task.RetryCount, "%s: nobody waits", at.Scheme)
		}
	}
}

// 144: the same where it is files that there are no descriptors for.
func TestManyHostsAndFiles(t *testing.T) {
	t.Parallel()
	t.Run("144 files", func(t *testing.T) {
		inBoth(t, func(b *bed) {
			const most = 40
			b.option(overDisk(func(d partfile.Disk) partfile.Disk { return fewFiles{d, func() bool { return b.net.Open() >= most }} }))
			b.files = 8
			for i := range 100 {
				f := b.origin(fmt.Sprintf("host%d.test:80", i)).File(strconv.Itoa(i), Size(10*kib))
				b.add(f)
			}
			require.NoError(b, b.start())
			for _, task := range b.d.GetAllTasks() {
				require.Zero(b, task.RetryCount, "nobody waits")
			}
		})
	})
}

// fewFiles is a disk of a process that has no descriptors left now and then.
type fewFiles struct {
	partfile.Disk
	none func() bool
}

func (d fewFiles) Open(name string, flag int, perm fs.FileMode) (partfile.File, error) {
	if d.none() {
		return nil, &fs.PathError{Op: "open", Path: name, Err: syscall.EMFILE}
	}
	return d.Disk.Open(name, flag, perm)
}

func (d fewFiles) Nameless() (partfile.File, error) {
	if d.none() {
		return nil, &fs.PathError{Op: "open", Path: ".", Err: syscall.EMFILE}
	}
	return d.Disk.Nameless()
}
