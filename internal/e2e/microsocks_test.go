//go:build linux

package e2e

import (
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// startMicrosocks starts a SOCKS5 proxy that wants a password.
func startMicrosocks(t *testing.T) *relay {
	t.Helper()
	program := findProgram(t, "microsocks", "microsocks")
	dir, addr := tempDir(t), freeAddresses(t, 1)[0]
	host, port, err := net.SplitHostPort(addr)
	require.NoError(t, err)
	p := startProcess(t, dir, syscall.SIGTERM, program, "-i", host, "-p", port, "-b", outgoing, "-u", "somebody", "-P", "secret")
	p.await(t, addr)
	return &relay{
		process: p, url: &url.URL{Scheme: "socks5", Host: addr, User: url.UserPassword("somebody", "secret")},
		carried: func(t *testing.T, addr string) int {
			text, err := os.ReadFile(filepath.Join(dir, "output.log"))
			require.NoError(t, err)
			return strings.Count(string(text), "connected to "+addr+"\n")
		},
	}
}
