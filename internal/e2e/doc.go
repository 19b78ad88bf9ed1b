// Package e2e answers the question that no scripted server can: do the bytes
// still come out right when programs that other people wrote are in between?
// Its tests download one batch from nginx, Apache httpd, Caddy and lighttpd, in
// plain text and over TLS, and through squid and a SOCKS5 proxy, and read in the
// servers' own logs what was asked of them.
//
// Other tests make a batch meet with what goes wrong: an nginx that refuses, is slow,
// is restarted, frozen or killed, or gets other files in the middle; and, between it
// and the downloader, a toxiproxy that delays, chokes, cuts and resets connections.
// The downloader's own process is killed, too.
//
// The tests start the programs themselves, as an ordinary user, on free loopback
// ports, with a configuration in a temporary directory. They need Linux and the
// Debian packages nginx-light, apache2, caddy, lighttpd, lighttpd-mod-openssl,
// squid and microsocks; what is not installed is skipped, or fails the test where
// the environment says LITTLEDL_E2E=require.
package e2e
