package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/examples/internal/command"
	. "github.com/littledl/littledl/internal/faultserver"
)

// TestMain lets the library be started as a process from the test's binary.
func TestMain(m *testing.M) {
	if isLibrary(os.Args) {
		os.Exit(libraryMain(context.Background(), os.Args[2:]))
	}
	os.Setenv("GORACE", "atexit_sleep_ms=0") // else each process lingers for a second
	os.Exit(m.Run())
}

// TestSomeFaults runs a handful of all with this library alone.
func TestSomeFaults(t *testing.T) {
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), []string{"-run", "6,13,17,29,64,68,69,93,107,117,118", "-c", "littledl,littledl+"}, &stdout, &stderr)
	require.Equal(t, command.Done, code, stderr.String())
	require.Regexp(t, `(?m)^ +6 .*the whole file +right +right *$`, stdout.String())
	require.Regexp(t, `(?m)^ +13 .*\(a digest is given\) +error +error *$`, stdout.String())
	require.Regexp(t, `(?m)^ +69 killed halfway.* +error +error *$`, stdout.String())
	require.Regexp(t, `(?m)^WRONG +0 +0 *$`, stdout.String())
}

// TestSurprise has the library do other than it should, which must be said.
func TestSurprise(t *testing.T) {
	all := []fault{
		{number: 1, what: "a stall", does: does(Stall(1)), limit: 300 * time.Millisecond},
		{number: 2, what: "nothing", file: sized(1000), ends: failed},
	}
	c, _ := installed(t.Context(), []string{plainName})
	got, err := play(t.Context(), options{faults: all, atOnce: 2}, c, nil)
	require.NoError(t, err)
	require.Equal(t, hang, got.results[0][0].verdict)
	require.Equal(t, []string{"1 a stall: littledl: hang instead of right", "2 nothing: littledl: right instead of error"}, got.surprises())
	var stdout strings.Builder
	require.Error(t, report(options{}, got, &stdout))
	require.Equal(t, "| 1 | a stall |  | hang |\n| 2 | nothing |  | right |\n", lastRows(got.markdown(), 2))
}

func lastRows(s string, n int) string {
	lines := strings.SplitAfter(s, "\n")
	return strings.Join(lines[len(lines)-1-n:], "")
}

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stdout, stderr bytes.Buffer
	require.Equal(t, command.Failed, run(ctx, []string{"-run", "41", "-c", plainName}, &stdout, &stderr))
	require.Empty(t, stdout.String())
}

func TestArguments(t *testing.T) {
	for _, args := range [][]string{{"-z"}, {"x"}, {"-j", "0"}, {"-run", "9999"}, {"-run", "six"}, {"-c", "netscape"}, {"-run", "1", "-md", "x"}} {
		var stdout, stderr bytes.Buffer
		require.Equal(t, command.Usage, run(t.Context(), args, &stdout, &stderr), args)
		require.Empty(t, stdout.String())
		require.NotEmpty(t, stderr.String())
	}
	var stdout, stderr bytes.Buffer
	require.Equal(t, command.Done, run(t.Context(), []string{"-h"}, &stdout, &stderr))
	require.Contains(t, stdout.String(), "littledl-py")
}

func TestQueue(t *testing.T) {
	q := newQueue(make([]fault, 20), make([]client, 2))
	var taken []job
	for range 2 * perClient {
		j, ok := q.next()
		require.True(t, ok)
		taken = append(taken, j)
	}
	require.Equal(t, map[int]int{0: perClient, 1: perClient}, q.running)
	next := make(chan job)
	go func() {
		j, _ := q.next()
		next <- j
	}()
	q.done(taken[1], func() {})
	require.Equal(t, 1, (<-next).client, "the other has its share")
	q.stop()
	_, ok := q.next()
	require.False(t, ok)
}

// TestReliability has RELIABILITY.md name every fault that this program knows, and none
// that it does not, in the words that it has for them.
func TestReliability(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "RELIABILITY.md"))
	require.NoError(t, err)
	_, rest, ok := strings.Cut(string(text), tableBegin)
	require.True(t, ok)
	tables, _, ok := strings.Cut(rest, tableEnd)
	require.True(t, ok)
	var want, got []string
	for _, f := range faults() {
		want = append(want, fmt.Sprintf("| %d | %s | %s ", f.number, f.cell(), f.ours))
	}
	for _, line := range strings.Split(tables, "\n") {
		if first, cells, _ := strings.Cut(strings.TrimPrefix(line, "| "), " | "); first != "" && strings.Trim(first, "0123456789") == "" {
			what, cells, _ := strings.Cut(cells, " | ")
			ours, _, _ := strings.Cut(cells, "| ")
			got = append(got, fmt.Sprintf("| %s | %s | %s", first, what, ours))
		}
	}
	require.Equal(t, want, got, "run make reliability")
}

func TestReplaceTable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.md")
	require.NoError(t, os.WriteFile(path, []byte("a\n"+tableBegin+"\nold\n"+tableEnd+"\nb\n"), 0o600))
	for range 2 {
		require.NoError(t, replaceTable(path, "new\n"))
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, "a\n"+tableBegin+"\n\nnew\n\n"+tableEnd+"\nb\n", string(text))
	}
	require.NoError(t, os.WriteFile(path, []byte("a\n"), 0o600))
	require.Error(t, replaceTable(path, "new\n"))
}

// TestEveryFaultIsItself: a row is found by its number and its words.
func TestEveryFaultIsItself(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range faults() {
		require.False(t, seen[f.title()], f.title())
		seen[f.title()] = true
		require.NotEmpty(t, f.ours, f.title())
		require.NotContains(t, f.what+f.ours, "|", "it would end a cell")
	}
}
