// Command mirrors fetches one file from three servers at once, of which two are not
// to be trusted: the fastest goes down halfway, the slowest has other bytes under the
// same size, date and ETag. What counts is that the file is right in the end all the
// same, and that the program can tell who was at fault.
//
//	mirrors
//
// The exit code is 0 when the file is right, 1 when it is not, 2 when the command
// line makes no sense.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/littledl/littledl/examples/internal/command"
)

const mib = 1 << 20

func main() {
	command.Main(func(ctx context.Context) int { return run(ctx, os.Args[1:], standard(), os.Stdout, os.Stderr) })
}

// run is the whole command; it returns the exit code.
func run(ctx context.Context, args []string, s scene, stdout, stderr io.Writer) int {
	if len(args) > 0 {
		fmt.Fprintln(stderr, "mirrors takes no arguments; it brings its own servers")
		return 2
	}
	if err := s.play(ctx, stdout); err != nil {
		fmt.Fprintln(stderr, "mirrors:", err)
		return 1
	}
	return 0
}

// scene is the servers of a file, and the file.
type scene struct {
	size      int64
	mirrors   []mirror
	perMirror int // connections to a mirror at most
	rtt       time.Duration
	interval  time.Duration // between two lines
}

// mirror is one server.
type mirror struct {
	name string
	rate int64 // bytes per second and connection
	dies bool  // when half the file is there
	lies bool
}

func standard() scene {
	return scene{
		size: 64 * mib, perMirror: 2, rtt: 30 * time.Millisecond, interval: 500 * time.Millisecond,
		mirrors: []mirror{
			{name: "fast", rate: 8e6, dies: true},
			{name: "steady", rate: 4e6},
			{name: "liar", rate: 2e6, lies: true},
		},
	}
}

func (m mirror) String() string {
	s := fmt.Sprintf("%s: %.0f MB/s a connection", m.name, float64(m.rate)/1e6)
	if m.dies {
		s += ", goes down halfway"
	}
	if m.lies {
		s += ", has other bytes under the same size, date and ETag"
	}
	return s
}
