package fetch_test

import (
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/faultserver"
	"github.com/littledl/littledl/internal/fetch"
)

func TestPrivate(t *testing.T) {
	for _, a := range []string{
		"127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
		"169.254.169.254", "100.64.0.1", "192.0.0.8", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
		"::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12:3456::1", "fec0::1", "ff02::1",
		"::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::", "2002:a00:1::1",
		"168.63.129.16", "192.0.2.1", "192.31.196.1", "192.52.193.1", "192.88.99.1", "192.175.48.1", "198.51.100.7", "203.0.113.9",
		"2001::1", "2001:1::1", "2001:2::1", "2001:20::1", "2001:1ff::1", "2001:db8::1", "::ffff:0:127.0.0.1", "100::1", "100:0:0:1::1",
		"2620:4f:8000::1", "3fff::1", "5f00::1",
	} {
		require.True(t, fetch.Private(netip.MustParseAddr(a)), a)
	}
	for _, a := range []string{
		"1.1.1.1", "8.8.8.8", "172.15.255.255", "172.32.0.1", "192.169.0.1", "169.253.1.1", "100.63.255.255", "100.128.0.1",
		"198.17.255.255", "198.20.0.1", "223.255.255.255", "2606:4700::1111", "2001:200::1", "2001:db9::1", "::ffff:8.8.8.8", "168.63.129.17",
	} {
		require.False(t, fetch.Private(netip.MustParseAddr(a)), a)
	}
}

// TestDenyPrivate: it holds for addresses, for names after they are resolved, and for
// every way of writing them; nothing is sent.
func TestDenyPrivate(t *testing.T) {
	srv := faultserver.Start(t) // on loopback: the dialer is what is tested
	f := srv.File("x")
	_, port, err := net.SplitHostPort(strings.TrimPrefix(srv.Origin(), "http://"))
	require.NoError(t, err)
	deny := client(t, fetch.Config{
		DenyPrivate: true, ConnectTimeout: 1e9, HeaderTimeout: 1e9,
		Proxy: func(*http.Request) (*url.URL, error) { panic("a proxy would connect in our stead") },
	})
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0"} {
		_, err := get(t, deny, "http://"+net.JoinHostPort(strings.Trim(host, "[]"), port)+"/x")
		require.ErrorIs(t, err, fetch.ErrPrivateAddress, host)
	}
	require.Zero(t, srv.Conns())

	_, err = get(t, client(t, fetch.Config{Proxy: noProxy, ConnectTimeout: 1e9, HeaderTimeout: 1e9}), f.URL())
	require.NoError(t, err, "without it nothing is refused")
}

// TestOwnAddresses: this machine's own addresses lead to this machine, public ones, too.
func TestOwnAddresses(t *testing.T) {
	_, six, err := net.ParseCIDR("2606:4700::/64")
	require.NoError(t, err)
	six.IP = net.ParseIP("2606:4700::7")
	all := []net.Addr{&net.IPNet{IP: net.ParseIP("8.8.8.8"), Mask: net.CIDRMask(24, 32)}, six}
	for a, want := range map[string]bool{"8.8.8.8": true, "::ffff:8.8.8.8": true, "8.8.8.9": false, "2606:4700::7": true, "2606:4700::8": false} {
		require.Equal(t, want, fetch.Among(netip.MustParseAddr(a), all), a)
	}
}

func TestOrigin(t *testing.T) {
	for raw, want := range map[string]string{
		"http://a.test":               "http://a.test:80",
		"HTTP://A.Test:80/x?q":        "http://a.test:80",
		"https://a.test/x":            "https://a.test:443",
		"https://a.test:80/x":         "https://a.test:80",
		"http://u:p@a.test:8080/x":    "http://a.test:8080",
		"http://[2001:DB8::1]/x":      "http://[2001:db8::1]:80",
		"https://[2001:db8::1]:444/x": "https://[2001:db8::1]:444",
	} {
		require.Equal(t, want, fetch.Origin(parse(t, raw)), raw)
	}
}

// TestWhyNot: what is said of a URL that cannot be fetched.
func TestWhyNot(t *testing.T) {
	for bad, hint := range map[string]string{
		"/x": "not absolute", "a.test/x": "not absolute", "//a.test/x": "not absolute", "": "empty",
		"ftp://a.test/x": "scheme", "file:///x": "scheme", "javascript:x": "scheme", "a.test:80/x": "scheme",
		"http:///x": "no host", "http://:80/x": "no host", "http:x": "no host",
	} {
		_, err := fetch.ParseURL(bad)
		require.ErrorContains(t, err, hint, bad)
	}
}

func TestHeaderSyntax(t *testing.T) {
	for _, k := range []string{"X-Api-Key", "x", "!#$%&'*+-.^_`|~09azAZ"} {
		require.True(t, fetch.ValidHeaderName(k), k)
	}
	for _, k := range []string{"", "X Y", "X:", "X\n", "é", "X\x00", "(x)", "X\r\nEvil"} {
		require.False(t, fetch.ValidHeaderName(k), k)
	}
	for _, v := range []string{"", "x", "a b\tc", "é", "\xff"} {
		require.True(t, fetch.ValidHeaderValue(v), v)
	}
	for _, v := range []string{"a\r\nEvil: x", "a\n", "a\x00", "\x7f", "\x1b[2J"} {
		require.False(t, fetch.ValidHeaderValue(v), v)
	}
}

// TestCookies: they are kept where the caller gave a jar, under the jar's rules, and
// nowhere else.
func TestCookies(t *testing.T) {
	for name, want := range map[string]string{"no jar": "", "a jar": "id=1"} {
		t.Run(name, func(t *testing.T) {
			srv := faultserver.Start(t, faultserver.On(faultserver.NewNet(), "a.test:80", "b.test:80"))
			f := srv.File("x", faultserver.Behave(faultserver.SetCookie("id=1; Path=/"), faultserver.Redirect(1, 302)))
			conf := config(srv)
			if want != "" {
				jar, err := cookiejar.New(nil)
				require.NoError(t, err)
				conf.HTTPClient = &http.Client{Jar: jar}
			}
			cl := client(t, conf)
			for _, u := range []string{f.URL(), srv.URLAt("b.test:80", "y")} {
				_, err := get(t, cl, u)
				require.NoError(t, err)
			}
			var got []string
			for _, r := range srv.GETs() {
				got = append(got, r.Header.Get("Cookie"))
			}
			require.Equal(t, []string{"", want, ""}, got, "the redirect has the cookie, the other host has not")
		})
	}
}
