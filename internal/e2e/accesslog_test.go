//go:build linux

package e2e

import (
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// request is what a server noted of one.
type request struct {
	client   string // address it came from
	method   string
	file     string // path without its leading slash, not escaped
	protocol string // "HTTP/1.1" or "HTTP/2.0"
	status   int
	ranges   string // value of the Range header
	agent    string // value of the User-Agent header
	sent     int64  // bytes of the body that the server gave away
}

// start is the first byte asked for.
func (r request) start() int64 {
	s, ok := strings.CutPrefix(r.ranges, "bytes=")
	if !ok {
		return 0
	}
	s, _, _ = strings.Cut(s, "-")
	n, _ := strconv.ParseInt(s, 10, 64)
	return n
}

// readAccessLog reads the log of a server that has ended.
func readAccessLog(t *testing.T, path string, parse func(t *testing.T, line string) request) []request {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var all []request
	for line := range strings.Lines(string(text)) {
		all = append(all, parse(t, strings.TrimSpace(line)))
	}
	return all
}

// parsePiped reads the form that servers whose log can be laid out are told to use:
// client|request line|status|Range|User-Agent|bytes of the body.
func parsePiped(t *testing.T, line string) request {
	t.Helper()
	field := strings.Split(line, "|")
	require.Len(t, field, 6, line)
	words := strings.Fields(field[1])
	require.Len(t, words, 3, line)
	status, err := strconv.Atoi(field[2])
	require.NoError(t, err, line)
	sent, err := strconv.ParseInt(strings.Replace(field[5], "-", "0", 1), 10, 64) // "-" for none
	require.NoError(t, err, line)
	return request{
		client: field[0], method: words[0], file: filePath(t, words[1]), protocol: words[2],
		status: status, ranges: field[3], agent: field[4], sent: sent,
	}
}

// filePath is the file that a request's target means.
func filePath(t *testing.T, target string) string {
	t.Helper()
	name, err := url.PathUnescape(strings.TrimPrefix(target, "/"))
	require.NoError(t, err)
	return name
}

// of returns the requests of one agent for each file.
func of(all []request, agent, method string) map[string][]request {
	out := map[string][]request{}
	for _, r := range all {
		if r.agent == agent && r.method == method {
			out[r.file] = append(out[r.file], r)
		}
	}
	return out
}
