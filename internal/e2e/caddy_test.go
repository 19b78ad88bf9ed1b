//go:build linux

package e2e

import (
	"encoding/json"
	"net/http"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

const caddyConfig = `
{
	admin off
	auto_https off
	grace_period 3s
	servers {
		protocols h1 h2
	}
}
(site) {
	bind 127.0.0.1
	root * %[2]s
	file_server
	log {
		output file %[1]s/access.log
		format json
	}
}
http://%[3]s {
	import site
}
https://%[4]s {
	tls %[1]s/cert.pem %[1]s/key.pem
	import site
}
`

func startCaddy(t *testing.T, root string) *endpoint {
	t.Helper()
	program := findProgram(t, "caddy", "caddy")
	e := newEndpoint(t, root)
	e.parse = parseCaddy
	config := e.configure(t, caddyConfig)
	e.start(t, syscall.SIGTERM, program, "run", "--adapter", "caddyfile", "--config", config)
	return e
}

// parseCaddy reads a line of Caddy's log, which is JSON.
func parseCaddy(t *testing.T, line string) request {
	t.Helper()
	var e struct {
		Status  int
		Size    int64
		Request struct {
			RemoteIP string `json:"remote_ip"`
			Proto    string
			Method   string
			URI      string
			Headers  http.Header
		}
	}
	require.NoError(t, json.Unmarshal([]byte(line), &e), line)
	r := e.Request
	return request{
		client: r.RemoteIP, method: r.Method, file: filePath(t, r.URI), protocol: r.Proto,
		status: e.Status, ranges: r.Headers.Get("Range"), agent: r.Headers.Get("User-Agent"), sent: e.Size,
	}
}
