//go:build linux

package e2e

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// squidConfig: working directory, address, address to connect from.
const squidConfig = `
http_port %[2]s
tcp_outgoing_address %[3]s
visible_hostname localhost
http_access allow all
cache deny all
memory_cache_shared off
pid_filename none
netdb_filename none
coredump_dir %[1]s
cache_log %[1]s/cache.log
logformat piped %%rm|%%ru|%%>Hs
access_log stdio:%[1]s/access.log piped
pinger_enable off
shutdown_lifetime 1 seconds
`

func startSquid(t *testing.T) *relay {
	t.Helper()
	program := findProgram(t, "squid", "squid")
	dir, addr := tempDir(t), freeAddresses(t, 1)[0]
	config := writeConfig(t, dir, fmt.Sprintf(squidConfig, dir, addr, outgoing))
	p := startProcess(t, dir, syscall.SIGTERM, program, "-N", "-f", config)
	p.await(t, addr)
	return &relay{
		process: p, url: &url.URL{Scheme: "http", Host: addr},
		carried: func(t *testing.T, addr string) int {
			text, err := os.ReadFile(filepath.Join(dir, "access.log"))
			require.NoError(t, err)
			return strings.Count(string(text), "GET|http://"+addr+"/") + strings.Count(string(text), "CONNECT|"+addr+"|")
		},
	}
}
