package main

import (
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the chart and the table that the test compares with")

// sample is what a race might have shown.
func sample() []result {
	return []result{
		{Scenario: "line-lossy", Client: library, Runs: 3, Wall: 2.5, Least: 2.25, Most: 3},
		{Scenario: "line-lossy", Client: "axel", Runs: 3, Wall: 2.6, Least: 2.55, Most: 2.65},
		{Scenario: "line-lossy", Client: "curl", Runs: 1, Wall: 12, Least: 12, Most: 12},
		{Scenario: "line-lossy", Client: "pool", Runs: 1, Wall: 10, Least: 10, Most: 10, Ended: true, Failed: "not done after 10s", Missing: 1},
		{Scenario: "line-tls", Client: libraryStreams, Runs: 3, Wall: 1.25, Least: 1.2, Most: 1.3},
		{Scenario: "line-tls", Client: library, Runs: 3, Wall: 3, Least: 3, Most: 3},
		{Scenario: "refusing", Client: library, Runs: 2, Wall: 0.5, Least: 0.5, Most: 0.5},
		{Scenario: "refusing", Client: "pool", Runs: 2, Wall: 0.1, Least: 0.1, Most: 0.1, Missing: 34, Failed: "exit status 1"},
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o666))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got, "-update writes it anew; look at it then")
}

func TestChart(t *testing.T) { golden(t, "chart.svg", chart(sample())) }

func TestMarkdown(t *testing.T) { golden(t, "table.md", markdown(scenarios(defaultScale), sample())) }

// TestChartIsXML: also with names that are none, and a bar for each, whatever it shows.
func TestChartIsXML(t *testing.T) {
	svg := chart([]result{
		{Scenario: "wan", Client: library, Wall: 1}, {Scenario: "wan", Client: "a<b", Wall: 100, Most: 100},
		{Scenario: "small", Client: "curl", Wall: 0, Missing: 3},
	})
	d := xml.NewDecoder(strings.NewReader(svg))
	bars := 0
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		if e, ok := token.(xml.StartElement); ok && e.Name.Local == "rect" {
			bars++
		}
	}
	require.Equal(t, 1+3, bars, "the background and one for each")
	require.Contains(t, svg, "3 missing")
	require.Equal(t, 1, strings.Count(svg, "<path"), "one is cut")
}

// TestChartIsSmall: of all scenarios and clients.
func TestChartIsSmall(t *testing.T) {
	var rs []result
	for _, s := range scenarios(1) {
		for _, c := range clients() {
			if c.fits(s) {
				rs = append(rs, result{Scenario: s.name, Client: c.name, Runs: 3, Wall: 1.5, Least: 1.25, Most: 1.75})
			}
		}
	}
	require.Less(t, len(chart(rs)), 15_000)
	require.Equal(t, chart(rs), chart(rs))
}

func TestReplaceTable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "README.md")
	require.NoError(t, os.WriteFile(path, []byte("before\n"+tableBegin+"\nold\n"+tableEnd+"\nafter\n"), 0o600))
	require.NoError(t, replaceTable(path, "new\n"))
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "before\n"+tableBegin+"\n\nnew\n\n"+tableEnd+"\nafter\n", string(got))
	require.NoError(t, os.WriteFile(path, []byte("no marks"), 0o600))
	require.Error(t, replaceTable(path, "new\n"))
}
