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

// specialNets are IANA's special-purpose registries (RFC 6890, as of 2026), but for what netip
// has predicates for, and what leads to this machine or its neighbours in other ways.
var specialNets = prefixes(
	"0.0.0.0/8",
	"100.64.0.0/10", // carrier-grade NAT
	"192.0.0.0/24",
	"192.0.2.0/24",    // documentation
	"192.31.196.0/24", // AS112
	"192.52.193.0/24", // AMT
	"192.88.99.0/24",  // 6to4 relays
	"192.175.48.0/24", // AS112
	"198.18.0.0/15",   // benchmarks
	"198.51.100.0/24", // documentation
	"203.0.113.0/24",  // documentation
	"240.0.0.0/4",
	"168.63.129.16/32",  // what Azure's machines are told their secrets by
	"::/96",             // IPv4-compatible
	"::ffff:0:0:0/96",   // IPv4-translated
	"64:ff9b::/96",      // NAT64
	"64:ff9b:1::/48",    // NAT64, local
	"100::/64",          // discard
	"100:0:0:1::/64",    // dummy
	"2001::/23",         // Teredo, benchmarks, ORCHID and more
	"2001:db8::/32",     // documentation
	"2002::/16",         // 6to4 embeds any IPv4 address
	"2620:4f:8000::/48", // AS112
	"3fff::/20",         // documentation
	"5f00::/16",         // segment routing
	"fec0::/10",         // site-local
)

func prefixes(all ...string) (p []netip.Prefix) {
	for _, s := range all {
		p = append(p, netip.MustParsePrefix(s))
	}
	return p
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
	if err != nil || Private(a) || own(a) {
		return fmt.Errorf("%w: %s (DenyPrivateNetworks is set)", ErrPrivateAddress, host)
	}
	return nil
}

// own reports whether a is an address of this machine, where that can be told. They are asked
// for each time, since they change.
func own(a netip.Addr) bool {
	all, err := net.InterfaceAddrs()
	return err == nil && Among(a, all)
}

// Among reports whether a is the address of one of these.
func Among(a netip.Addr, all []net.Addr) bool {
	a = a.Unmap().WithZone("")
	for _, n := range all {
		p, err := netip.ParsePrefix(n.String())
		if err == nil && p.Addr().Unmap() == a {
			return true
		}
	}
	return false
}
