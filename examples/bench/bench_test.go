package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/examples/bench/line"
	"github.com/littledl/littledl/examples/internal/command"
	"github.com/littledl/littledl/examples/internal/origin"
)

// TestMain lets the race start its processes from the test's binary.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		if part, ok := parts[os.Args[1]]; ok {
			os.Exit(part(context.Background(), os.Args[2:]))
		}
	}
	os.Setenv("GORACE", "atexit_sleep_ms=0") // else each process lingers for a second
	os.Exit(m.Run())
}

func TestRace(t *testing.T) {
	dir, chartFile := t.TempDir(), filepath.Join(t.TempDir(), "chart.svg")
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), []string{"-n", "2", "-scale", "0.01", "-s", "small", "-c", "pool,littledl", "-d", dir, "-o", chartFile}, &stdout, &stderr)
	require.Equal(t, command.Done, code, stderr.String())
	require.Regexp(t, `(?m)^small: files: 100, 1600 KiB in all, over 16 connections`, stdout.String())
	require.Regexp(t, `(?m)^  littledl +\d+\.\d\d +\d+\.\d\d-\d+\.\d\d +1\.00 +\d+\.\d\d +(\d+|-) +2$`, stdout.String())
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)
	require.FileExists(t, chartFile)
}

func TestWhoGetsFilesWrongHasNotWon(t *testing.T) {
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), []string{"-n", "1", "-s", "refusing", "-c", "pool,littledl", "-d", t.TempDir(), "-o", ""}, &stdout, &stderr)
	require.Equal(t, command.Done, code, stderr.String())
	require.Regexp(t, `(?m)^  pool .* 1  \d+ missing; exit status 1: .*503`, stdout.String())
	require.Less(t, strings.Index(stdout.String(), "littledl  "), strings.Index(stdout.String(), "pool  "))
}

// TestRaceOverALine has the library with one stream and with several, where a line can be made;
// elsewhere the scenario is left out, and the race goes on.
func TestRaceOverALine(t *testing.T) {
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), []string{"-n", "1", "-scale", "0.001", "-s", "line-tls,small", "-c", "littledl,littledl-4,pool", "-d", t.TempDir(), "-o", ""}, &stdout, &stderr)
	require.Equal(t, command.Done, code, stderr.String())
	require.Contains(t, stdout.String(), "\nsmall: ")
	if l, err := line.Start(line.Config{}); err != nil {
		require.Contains(t, stderr.String(), "line-tls: left out: "+err.Error())
		return
	} else {
		require.NoError(t, l.Close())
	}
	require.Regexp(t, `(?m)^line-tls: files: 20, 320 KiB in all`, stdout.String())
	for _, c := range []string{"littledl", "littledl-4", "pool"} {
		require.Regexp(t, `(?m)^  `+c+` +\d+\.\d\d +\d+\.\d\d-\d+\.\d\d +\d+\.\d\d +\d+\.\d\d +(\d+|-) +1$`, stdout.String(), "no file is wrong")
	}
}

func TestRaceAsJSON(t *testing.T) {
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), []string{"-n", "1", "-scale", "0.001", "-s", "large", "-c", "littledl", "-d", t.TempDir(), "-o", "", "-json"}, &stdout, &stderr)
	require.Equal(t, command.Done, code, stderr.String())
	var got []result
	require.NoError(t, json.Unmarshal(stdout.Bytes(), &got))
	require.Len(t, got, 1)
	require.Equal(t, "large", got[0].Scenario)
	require.Positive(t, got[0].Wall)
	require.True(t, got[0].ok())
}

func TestUsageErrors(t *testing.T) {
	for _, args := range [][]string{{"-z"}, {"-n", "0"}, {"-scale", "0"}, {"-scale", "NaN"}, {"-s", "smal"}, {"-c", "curl,"}, {"all"}} {
		var stdout, stderr bytes.Buffer
		require.Equal(t, command.Usage, run(t.Context(), args, &stdout, &stderr), args)
		require.Empty(t, stdout.String())
		require.NotEmpty(t, stderr.String())
	}
	var stdout, stderr bytes.Buffer
	require.Equal(t, command.Done, run(t.Context(), []string{"-h"}, &stdout, &stderr))
	require.Contains(t, stdout.String(), "rttbound")
}

func TestCheckFindsWrongAndMissing(t *testing.T) {
	dir := t.TempDir()
	server, err := origin.Start(origin.Config{})
	require.NoError(t, err)
	defer server.Close()
	files := many("f", 4, 100)
	for _, f := range files[:3] {
		require.Equal(t, command.Done, poolMain(context.Background(), []string{listOf(t, server.URL(f.name, f.size)), dir, "2", "1", "1"}))
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, files[1].name), make([]byte, 100), 0o600))
	wrong, missing := hashes{}.check(dir, files)
	require.Equal(t, 1, wrong)
	require.Equal(t, 1, missing)
}

func listOf(t *testing.T, urls ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "urls")
	require.NoError(t, os.WriteFile(path, []byte(strings.Join(urls, "\n")), 0o600))
	return path
}

func outcomeOf(ms int, wrong, missing int) outcome {
	return outcome{cost: cost{Wall: time.Duration(ms) * time.Millisecond}, wrong: wrong, missing: missing}
}

func TestSummarize(t *testing.T) {
	got := summarize(scenario{name: "s"}, map[string][]outcome{
		"fast but wrong": {outcomeOf(10, 0, 0), outcomeOf(10, 1, 0), outcomeOf(10, 0, 2)},
		"slow":           {outcomeOf(900, 0, 0)},
		"ended":          {{cost: cost{Wall: 1, Ended: true, Failed: "not done after 9s"}, missing: 7}},
		library:          {outcomeOf(100, 0, 0), outcomeOf(5000, 0, 0), outcomeOf(300, 0, 0)},
	})
	require.Len(t, got, 4)
	require.Equal(t, library, got[0].Client)
	require.Equal(t, "slow", got[1].Client)
	require.Equal(t, "ended", got[2].Client)
	require.Equal(t, "not done after 9s", got[2].problem())
	require.InDelta(t, 0.3, got[0].Wall, 1e-9, "the median")
	require.Equal(t, 3, got[0].Runs)
	require.Equal(t, "1 wrong, 2 missing", got[3].problem())
}

func TestMedian(t *testing.T) {
	require.Equal(t, 2.0, median([]float64{3, 1, 2}))
	require.Equal(t, 2.5, median([]float64{4, 1, 2, 3}))
}

func TestMeasuredEndsWhatHangs(t *testing.T) {
	self, err := os.Executable()
	require.NoError(t, err)
	server, err := origin.Start(origin.Config{RTT: time.Hour})
	require.NoError(t, err)
	defer server.Close()
	list := listOf(t, server.URL("f", 1))
	c, err := measure(t.Context(), self, t.TempDir(), nil, 300*time.Millisecond, []string{self, partPool, list, t.TempDir(), "1", "1", "1"})
	require.NoError(t, err)
	require.True(t, c.Ended)
	require.Equal(t, "not done after 300ms", c.Failed)
	require.GreaterOrEqual(t, c.Wall, 300*time.Millisecond)
	require.Less(t, c.Wall, 10*time.Second)
}
