package main

import (
	"fmt"
	"time"

	"github.com/littledl/littledl/examples/bench/line"
	"github.com/littledl/littledl/examples/internal/origin"
)

// scenario is what is to be downloaded, from how far, and over how many connections.
type scenario struct {
	name    string
	about   string
	from    place
	files   []file
	conns   int // at once, over all files
	perFile int // at once, of one file
}

// place is where the server is.
type place struct {
	server origin.Config
	line   *line.Config // between it and the clients; nil: they are on one machine
	tls    bool         // it speaks TLS, and so HTTP/2
}

type file struct {
	name string
	size int64
}

const (
	mb  = 1_000_000 // what lines are sold by
	kib = 1 << 10
	mib = 1 << 20
)

// scenarios returns all of them, with sizes and numbers of files scaled. Those over a real
// line are small in full, too: on a lossy one a connection is slow.
func scenarios(scale float64) []scenario {
	size := func(n int64) int64 { return max(int64(float64(n)*scale), mib) }
	count := func(n, least int) int { return max(int(float64(n)*scale), least) }
	onLine := min(1, scale/defaultScale)
	lineSize := func(n int64) int64 { return max(int64(float64(n)*onLine), mib) }
	lineCount := func(n int) int { return max(int(float64(n)*onLine), 20) }
	refusing := many("r", count(120, 40), mib)
	return []scenario{
		{"line-lossy", "real TCP, 80 ms, 200 Mbit/s, loses 0.5 %", over(80, 200, 0.5, false), many("a", 1, lineSize(16*mib)), 16, 16},
		{"line-tls", "HTTP/2, real TCP, 80 ms, 100 Mbit/s, loses 0.1 %", over(80, 100, 0.1, true), many("t", lineCount(500), 16*kib), 16, 1},
		{"line-mixed", "real TCP, 80 ms, 100 Mbit/s, loses 0.1 %", over(80, 100, 0.1, false), mixed(lineCount(30), 2, lineSize(6*mib)), 16, 8},
		{"wan", "60 ms away, 8 MB/s a connection", away(60, 0, 8), many("a", 1, size(512*mib)), 16, 16},
		{"straggler", "60 ms away, 8 MB/s, every fourth 0.4 MB/s", away(60, 0, 8, 8, 8, 0.4), many("a", 1, size(256*mib)), 16, 16},
		{"mixed", "40 ms away, 8 MB/s a connection", away(40, 0, 8), mixed(count(150, 40), 4, size(64*mib)), 16, 8},
		{"refusing", "20 ms away, 20 MB/s, 503 above 6 at once", away(20, 6, 20), refusing, 16, 1},
		{"rttbound", "80 ms away", away(80, 0, 8), many("t", count(1000, 100), 8*kib), 16, 1},
		{"small", "loopback, as fast as it goes", place{}, many("f", count(10_000, 100), 16*kib), 16, 1},
		{"large", "loopback, as fast as it goes", place{}, many("big", 1, size(2<<30)), 8, 8},
	}
}

func scenarioNames() (names []string) {
	for _, s := range scenarios(1) {
		names = append(names, s.name)
	}
	return names
}

// aboutOf describes a scenario by its name.
func aboutOf(name string) string {
	for _, s := range scenarios(1) {
		if s.name == name {
			return s.about
		}
	}
	return ""
}

// away is a server so many milliseconds and MB/s away, as its answers have it: TCP is that of
// the loopback interface.
func away(ms, maxInFlight int, rates ...float64) place {
	c := origin.Config{RTT: time.Duration(ms) * time.Millisecond, MaxInFlight: maxInFlight}
	for _, r := range rates {
		c.Rates = append(c.Rates, int64(r*mb))
	}
	return place{server: c}
}

// over is a server behind a real line of so many milliseconds and Mbit/s, which loses so many
// percent of what it sends.
func over(ms int, mbit, loss float64, tls bool) place {
	return place{line: &line.Config{RTT: time.Duration(ms) * time.Millisecond, Rate: mbit * mb / 8, Loss: loss / 100}, tls: tls}
}

func many(prefix string, n int, size int64) (files []file) {
	for i := range n {
		files = append(files, file{fmt.Sprintf("%s%05d.bin", prefix, i), size})
	}
	return files
}

// mixed has n small files before and after the large ones.
func mixed(n, large int, size int64) (files []file) {
	files = append(files, many("small", n, 64*kib)...)
	files = append(files, many("large", large, size)...)
	return append(files, many("tail", n, 64*kib)...)
}

// String says what the race is about in one line.
func (s scenario) String() string {
	return fmt.Sprintf("%s: %s, over %d connections; %s", s.name, s.load(), s.conns, s.about)
}

// load is how much there is to fetch.
func (s scenario) load() string {
	var total int64
	for _, f := range s.files {
		total += f.size
	}
	amount := fmt.Sprintf("%d MiB", total/mib)
	if total < 10*mib {
		amount = fmt.Sprintf("%d KiB", total/kib)
	}
	return fmt.Sprintf("files: %d, %s in all", len(s.files), amount)
}
