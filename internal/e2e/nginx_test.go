//go:build linux

package e2e

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

const nginxConfig = `
daemon off;
pid %[1]s/nginx.pid;
lock_file %[1]s/nginx.lock;
error_log %[1]s/error.log;
events {}
http {
	client_body_temp_path %[1]s/body;
	proxy_temp_path %[1]s/proxy;
	fastcgi_temp_path %[1]s/fastcgi;
	uwsgi_temp_path %[1]s/uwsgi;
	scgi_temp_path %[1]s/scgi;
	log_format piped '$remote_addr|$request|$status|$http_range|$http_user_agent|$body_bytes_sent';
	access_log %[1]s/access.log piped;
	sendfile on;
	root %[2]s;
	# rules
	server { listen %[3]s; }
	server {
		listen %[4]s ssl http2;
		ssl_certificate cert.pem;
		ssl_certificate_key key.pem;
	}
}
`

func startNginx(t *testing.T, root string) *endpoint {
	t.Helper()
	return startNginxWith(t, root, "")
}

// startNginxWith starts one whose http block has rules of its own.
func startNginxWith(t *testing.T, root, rules string) *endpoint {
	t.Helper()
	e := newEndpoint(t, root)
	e.configure(t, strings.Replace(nginxConfig, "# rules", rules, 1))
	runNginx(t, e)
	return e
}

// runNginx runs a configured one, once more if it was stopped.
func runNginx(t *testing.T, e *endpoint) {
	t.Helper()
	program := findProgram(t, "nginx", "nginx-light")
	e.start(t, syscall.SIGQUIT, program, "-p", e.dir, "-e", filepath.Join(e.dir, "error.log"), "-c", filepath.Join(e.dir, "config"))
}
