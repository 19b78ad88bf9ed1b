package main

import (
	"bytes"
	"context"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// quick is the standard scene, small and near.
func quick() scene {
	s := standard()
	s.size, s.rtt, s.interval = 12*mib, 2*time.Millisecond, 20*time.Millisecond
	for i := range s.mirrors {
		s.mirrors[i].rate *= 2
	}
	return s
}

type result struct {
	code           int
	stdout, stderr string
}

// runCommand also checks that no file is left behind.
func runCommand(ctx context.Context, t *testing.T, s scene, args ...string) result {
	t.Helper()
	t.Setenv("TMPDIR", t.TempDir())
	var stdout, stderr bytes.Buffer
	code := run(ctx, args, s, &stdout, &stderr)
	left, err := os.ReadDir(os.Getenv("TMPDIR"))
	require.NoError(t, err)
	require.Empty(t, left)
	return result{code, stdout.String(), stderr.String()}
}

func TestFileIsRightAndTheGuiltyAreNamed(t *testing.T) {
	r := runCommand(t.Context(), t, quick())
	require.Zero(t, r.code, r.stderr)
	require.Regexp(t, `(?m)^ +\d+\.\d s +\d+% +\d+\.\d MB/s  =  fast +\d+\.\d  steady +\d+\.\d  liar +\d+\.\d$`, r.stdout)
	require.Contains(t, r.stdout, "\nfast goes down\n")
	require.Contains(t, r.stdout, "\nthe SHA-256 is wrong")
	require.Regexp(t, `(?m)^fast +[\d.]+ +[1-9]\d* +(true|false)$`, r.stdout)
	require.Regexp(t, `(?m)^steady +[\d.]+ +0 +false$`, r.stdout)
	require.Regexp(t, `(?m)^liar +[\d.]+ +1 +true$`, r.stdout)
	require.Regexp(t, `(?m)^SHA-256  [0-9a-f]{64}, right$`, r.stdout)
}

func TestNobodyHasTheFile(t *testing.T) {
	s := quick()
	s.mirrors = []mirror{{name: "liar", lies: true}, {name: "other liar", lies: true}}
	r := runCommand(t.Context(), t, s)
	require.Equal(t, 1, r.code)
	require.Contains(t, r.stderr, "hash")
	require.NotContains(t, r.stdout, "right")
}

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := runCommand(ctx, t, quick())
	require.Equal(t, 1, r.code)
	require.NotContains(t, r.stdout, "SHA-256")
}

func TestArguments(t *testing.T) {
	r := runCommand(t.Context(), t, quick(), "-fast")
	require.Equal(t, 2, r.code)
	require.Empty(t, r.stdout)
	require.NotEmpty(t, r.stderr)
}
