package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/littledl/littledl/examples/internal/command"
	"github.com/littledl/littledl/examples/internal/origin"
)

// openTerminal returns a pseudo-terminal: what is written to slave comes out of master.
func openTerminal(t *testing.T) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("no pseudo-terminals here: %v", err)
	}
	t.Cleanup(func() { master.Close() })
	require.NoError(t, unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0))
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	require.NoError(t, err)
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	require.NoError(t, err)
	require.NoError(t, unix.IoctlSetWinsize(int(slave.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 100}))
	return master, slave
}

// runOnTerminal runs the command with a terminal for its standard output.
func runOnTerminal(t *testing.T, args ...string) (code int, screen, stderr string) {
	t.Helper()
	t.Setenv("TERM", "xterm")
	master, slave := openTerminal(t)
	var seen bytes.Buffer
	read := make(chan struct{})
	go func() {
		defer close(read)
		io.Copy(&seen, master) // ends with EIO when the slave is closed
	}()
	var errors bytes.Buffer
	code = run(t.Context(), args, nil, slave, &errors)
	require.NoError(t, slave.Close())
	<-read
	return code, seen.String(), errors.String()
}

func TestBarsOnTerminal(t *testing.T) {
	o := startOrigin(t, origin.Config{Rates: []int64{8 << 20}})
	dir := t.TempDir()
	gone := strings.Replace(o.URL("gone", 1), "/1/", "/no/", 1)
	code, screen, stderr := runOnTerminal(t, "-o", dir, "-x", "2", o.URL("large.bin", 9<<20), o.URL("small.bin", 10), gone)
	require.Equal(t, command.Failed, code)
	require.Contains(t, screen, "\x1b[", "bars move the cursor")
	require.Contains(t, screen, "━")
	require.Contains(t, screen, "  large.bin  ", "a bar for the large file")
	require.NotContains(t, screen, "  small.bin    ", "none for the small one")
	require.Contains(t, screen, "3 of 3 files, 1 failed")
	require.Contains(t, screen, "small.bin  10 B\x1b[K\r\n", "a line for each that is complete")
	require.Equal(t, 1, strings.Count(stderr, "\n"), stderr)
	require.Contains(t, stderr, "404")
	requireFile(t, dir, "large.bin", 9<<20)
}

func TestNoColour(t *testing.T) {
	t.Setenv("NO_COLOR", "1")
	o := startOrigin(t, origin.Config{})
	code, screen, _ := runOnTerminal(t, "-o", t.TempDir(), o.URL("a", 10))
	require.Equal(t, command.Done, code)
	require.NotRegexp(t, `\x1b\[[\d;]*m`, screen)
}

func onTerminal(w io.Writer) bool {
	_, ok := terminalOf(w)
	return ok
}

func TestDumbTerminalGetsLines(t *testing.T) {
	_, slave := openTerminal(t)
	defer slave.Close()
	t.Setenv("TERM", "dumb")
	require.False(t, onTerminal(slave))
	t.Setenv("TERM", "xterm")
	require.True(t, onTerminal(slave))
	require.False(t, onTerminal(&bytes.Buffer{}))
}
