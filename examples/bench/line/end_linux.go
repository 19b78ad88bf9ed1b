package line

import (
	"fmt"
	"net/netip"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// end is one end of a line: a network namespace and the device in it.
type end struct {
	home, ns *os.File // the namespace this process is in, and the end's
	device   *os.File
}

// threadNS is the network namespace of the thread that opens it.
const threadNS = "/proc/thread-self/ns/net"

func newEnd(address string) (*end, error) {
	home, err := os.Open(threadNS)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	e := &end{home: home}
	err = e.visit(
		func() error { return unix.Unshare(unix.CLONE_NEWNET) },
		func() (err error) {
			if e.ns, err = os.Open(threadNS); err != nil {
				return err
			}
			if e.device, err = newDevice(); err != nil {
				return err
			}
			return configure(netip.MustParseAddr(address))
		})
	if err != nil {
		e.close()
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return e, nil
}

// run runs f in the end's namespace.
func (e *end) run(f func() error) error {
	return e.visit(func() error { return os.NewSyscallError("setns", unix.Setns(int(e.ns.Fd()), unix.CLONE_NEWNET)) }, f)
}

// visit runs f on a thread that leave has brought into another namespace. The thread goes
// home before anything else runs on it; one that cannot ends with its goroutine.
func (e *end) visit(leave, f func() error) error {
	result := make(chan error)
	go func() {
		runtime.LockOSThread()
		err := leave()
		if err == nil {
			err = f()
		}
		if unix.Setns(int(e.home.Fd()), unix.CLONE_NEWNET) == nil {
			runtime.UnlockOSThread()
		}
		result <- err
	}()
	return <-result
}

// close lets go of the namespace, which the kernel removes with all that is in it.
func (e *end) close() error {
	for _, f := range []*os.File{e.device, e.ns, e.home} {
		f.Close() // one that is nil does not mind
	}
	return nil
}
