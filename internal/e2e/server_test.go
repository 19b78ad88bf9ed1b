//go:build linux

package e2e

import (
	"fmt"
	"net"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// server is a program that serves a folder over HTTP.
type server struct {
	name  string
	start func(t *testing.T, root string) *endpoint
}

// endpoint is one run of a server, from its configuration to its log.
type endpoint struct {
	*process      // once it is started
	dir           string
	root          string // the folder to serve
	plain, secure string // addresses
	certificate   certificate
	parse         func(t *testing.T, line string) request
}

// servers are all that the batch is downloaded from.
var servers = []server{
	{"nginx", startNginx},
	{"apache", startApache},
	{"caddy", startCaddy},
	{"lighttpd", startLighttpd},
}

func newEndpoint(t *testing.T, root string) *endpoint {
	t.Helper()
	free := freeAddresses(t, 2)
	e := &endpoint{dir: tempDir(t), root: root, plain: free[0], secure: free[1], parse: parsePiped}
	e.certificate = newCertificate(t, e.dir)
	return e
}

// configure fills in a configuration and returns the path of the file. The template's
// arguments are the working directory, the folder to serve, the plain address, the
// secure one, and the plain one's port; the certificate is cert.pem and key.pem, the log
// is to be access.log.
func (e *endpoint) configure(t *testing.T, template string) string {
	t.Helper()
	_, port, err := net.SplitHostPort(e.plain)
	require.NoError(t, err)
	return writeConfig(t, e.dir, fmt.Sprintf(template, e.dir, e.root, e.plain, e.secure, port))
}

// start runs the server and returns when it accepts connections.
func (e *endpoint) start(t *testing.T, quit syscall.Signal, program string, args ...string) {
	t.Helper()
	e.process = startProcess(t, e.dir, quit, program, args...)
	e.await(t, e.plain, e.secure)
}

// requests stops the server and returns what it was asked.
func (e *endpoint) requests(t *testing.T) []request {
	t.Helper()
	e.stop()
	return readAccessLog(t, filepath.Join(e.dir, "access.log"), e.parse)
}

func TestServers(t *testing.T) {
	for _, s := range servers {
		t.Run(s.name+"/plain", func(t *testing.T) { newBatch(t, s.start(t, site.root)).check(t) })
		t.Run(s.name+"/TLS", func(t *testing.T) {
			b := newBatch(t, s.start(t, site.root))
			b.secure = true
			b.check(t)
		})
	}
}
