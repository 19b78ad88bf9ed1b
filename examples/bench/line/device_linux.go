package line

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

const (
	deviceName = "line"

	// deviceQueue is how many packets the kernel keeps until they are read: no burst may
	// be lost anywhere but where the line says so.
	deviceQueue = 10_000
)

// newDevice opens a TUN device in the thread's namespace: what is read are packets that the
// kernel sends, what is written it receives.
func newDevice() (*os.File, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, os.NewSyscallError("open /dev/net/tun", err)
	}
	request, err := unix.NewIfreq(deviceName)
	if err == nil {
		request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		err = os.NewSyscallError("ioctl TUNSETIFF", unix.IoctlIfreq(fd, unix.TUNSETIFF, request))
	}
	if err != nil {
		unix.Close(fd)
		return nil, err
	}
	return os.NewFile(uintptr(fd), deviceName), nil
}

// configure gives the device in the thread's namespace its address and brings it up, and the
// loopback interface with it, which some clients look for.
func configure(address netip.Addr) error {
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	defer unix.Close(s)
	var failed error
	set := func(device, what string, request uint, fill func(*unix.Ifreq) error) {
		r, err := unix.NewIfreq(device)
		if err == nil {
			err = errors.Join(fill(r), unix.IoctlIfreq(s, request, r))
		}
		if err != nil && failed == nil {
			failed = fmt.Errorf("set the %s of %s: %w", what, device, err)
		}
	}
	number := func(n uint32) func(*unix.Ifreq) error {
		return func(r *unix.Ifreq) error { r.SetUint32(n); return nil }
	}
	ip := func(a [4]byte) func(*unix.Ifreq) error {
		return func(r *unix.Ifreq) error { return r.SetInet4Addr(a[:]) }
	}
	up := func(r *unix.Ifreq) error { r.SetUint16(unix.IFF_UP | unix.IFF_RUNNING); return nil }
	var mask [4]byte
	binary.BigEndian.PutUint32(mask[:], 0xffffff00)
	set(deviceName, "MTU", unix.SIOCSIFMTU, number(mtu))
	set(deviceName, "queue", unix.SIOCSIFTXQLEN, number(deviceQueue))
	set(deviceName, "address", unix.SIOCSIFADDR, ip(address.As4()))
	set(deviceName, "mask", unix.SIOCSIFNETMASK, ip(mask))
	set(deviceName, "state", unix.SIOCSIFFLAGS, up)
	set("lo", "state", unix.SIOCSIFFLAGS, up)
	return failed
}
