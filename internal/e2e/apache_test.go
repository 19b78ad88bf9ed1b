//go:build linux

package e2e

import (
	"syscall"
	"testing"
)

const apacheConfig = `
ServerRoot %[1]s
DefaultRuntimeDir %[1]s
PidFile %[1]s/apache.pid
ErrorLog %[1]s/error.log
ServerName 127.0.0.1
GracefulShutdownTimeout 3

LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule ssl_module /usr/lib/apache2/modules/mod_ssl.so
LoadModule http2_module /usr/lib/apache2/modules/mod_http2.so

LogFormat "%%h|%%r|%%>s|%%{Range}i|%%{User-Agent}i|%%B" piped
CustomLog %[1]s/access.log piped

DocumentRoot %[2]s
<Directory %[2]s>
	Require all granted
</Directory>
Listen %[3]s
Listen %[4]s
<VirtualHost %[4]s>
	Protocols h2 http/1.1
	SSLEngine on
	SSLCertificateFile %[1]s/cert.pem
	SSLCertificateKeyFile %[1]s/key.pem
</VirtualHost>
`

func startApache(t *testing.T, root string) *endpoint {
	t.Helper()
	program := findProgram(t, "apache2", "apache2")
	e := newEndpoint(t, root)
	config := e.configure(t, apacheConfig)
	e.start(t, syscall.SIGWINCH, program, "-DFOREGROUND", "-d", e.dir, "-f", config)
	return e
}
