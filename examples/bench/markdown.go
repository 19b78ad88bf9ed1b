package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/littledl/littledl/examples/internal/marked"
)

// The two lines of README.md between which the table stands.
const (
	tableBegin = "<!-- written by go -C examples run ./bench -md: begin -->"
	tableEnd   = "<!-- written by go -C examples run ./bench -md: end -->"
)

// markdown is the results as a table: a row per scenario, a column per client.
func markdown(scenarios []scenario, rs []result) string {
	var columns []string
	for _, name := range clientNames() {
		if slices.ContainsFunc(rs, func(r result) bool { return r.Client == name }) {
			columns = append(columns, name)
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "| | %s |\n|---|%s\n", strings.Join(columns, " | "), strings.Repeat("---:|", len(columns)))
	for g := range groups(rs) {
		i := slices.IndexFunc(scenarios, func(s scenario) bool { return s.name == g[0].Scenario })
		fmt.Fprintf(&b, "| **%s**: %s; %s |", scenarios[i].name, scenarios[i].load(), scenarios[i].about)
		for _, name := range columns {
			cell := ""
			if i := slices.IndexFunc(g, func(r result) bool { return r.Client == name }); i >= 0 {
				cell = g[i].cell()
			}
			fmt.Fprintf(&b, " %s |", cell)
		}
		b.WriteString("\n")
	}
	return b.String()
}

// cell is the median, and from where to where the runs went; of a client that was ended, when.
func (r result) cell() string {
	switch {
	case r.Ended:
		return fmt.Sprintf("> %.0f", r.Most)
	case !r.ok():
		return r.problem()
	case r.Runs == 1:
		return fmt.Sprintf("%.2f", r.Wall)
	}
	return fmt.Sprintf("%.2f<br>%s", r.Wall, r.spread())
}

// replaceTable puts the table between the marks of a file.
func replaceTable(path, table string) error {
	return marked.Replace(path, tableBegin, tableEnd, table)
}
