//go:build linux

package e2e

import (
	"os"
	"syscall"
	"testing"
)

// A file whose type lighttpd does not know gets no Last-Modified.
const lighttpdConfig = `
server.modules = ("mod_openssl", "mod_accesslog")
server.document-root = "%[2]s"
server.errorlog = "%[1]s/error.log"
mimetype.assign = ("" => "application/octet-stream")
server.upload-dirs = ("%[1]s")
accesslog.filename = "%[1]s/access.log"
accesslog.format = "%%h|%%r|%%s|%%{Range}i|%%{User-Agent}i|%%B"
server.bind = "127.0.0.1"
server.port = %[5]s
ssl.pemfile = "%[1]s/cert.pem"
ssl.privkey = "%[1]s/key.pem"
$SERVER["socket"] == "%[4]s" { ssl.engine = "enable" }
`

func startLighttpd(t *testing.T, root string) *endpoint {
	t.Helper()
	program := findProgram(t, "lighttpd", "lighttpd")
	if _, err := os.Stat("/usr/lib/lighttpd/mod_openssl.so"); err != nil {
		skip(t, "lighttpd has no TLS: apt-get install lighttpd-mod-openssl")
	}
	e := newEndpoint(t, root)
	config := e.configure(t, lighttpdConfig)
	e.start(t, syscall.SIGINT, program, "-D", "-f", config)
	return e
}
