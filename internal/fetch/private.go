package fetch

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"syscall"

	"github.com/littledl/littledl/internal/fail"
)

// ErrPrivateAddress is a connection refused because it leads into a private network.
var ErrPrivateAddress = fail.ErrPrivateAddress

// specialNets are ranges that lead to this machine or its neighbours, or hide
// such an address, and that netip has no predicate for.
var specialNets = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"), // carrier-grade NAT
	netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"), // benchmarks
	netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("64:ff9b::/96"),   // NAT64
	netip.MustParsePrefix("64:ff9b:1::/48"), // NAT64, local
	netip.MustParsePrefix("2002::/16"),      // 6to4 embeds any IPv4 address
	netip.MustParsePrefix("::/96"),          // IPv4-compatible
	netip.MustParsePrefix("fec0::/10"),
}

// Private reports whether an address leads to this machine or its neighbourhood.
func Private(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if !a.IsGlobalUnicast() || a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() {
		return true
	}
	for _, p := range specialNets {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// denyPrivate runs after name resolution, for every single dial, so a name that
// resolves differently the second time gains nothing.
func denyPrivate(_ context.Context, _, address string, _ syscall.RawConn) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	a, err := netip.ParseAddr(host)
	if err != nil || Private(a) {
		return fmt.Errorf("%w: %s (DenyPrivateNetworks is set)", ErrPrivateAddress, host)
	}
	return nil
}
