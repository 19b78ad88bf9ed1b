//go:build linux

package e2e

import (
	"fmt"
	"log"
	"os"
	"syscall"
	"testing"

	"github.com/rs/zerolog"
)

// site is what every server serves; the tests only read it.
var site *content

func TestMain(m *testing.M) {
	if os.Getenv(victimURL) != "" {
		if err := beVictim(); err != nil {
			log.Fatal(err)
		}
		return
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	zerolog.SetGlobalLevel(zerolog.Disabled) // toxiproxy's
	syscall.Umask(0o022)                     // the servers run as somebody else and must be able to read
	dir, err := os.MkdirTemp("", "littledl-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	if err = os.Chmod(dir, 0o755); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if site, err = newContent(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}
