package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// outcome is one run: what it took and what came of it.
type outcome struct {
	cost
	wrong, missing int
}

// result is a client's part in a scenario: medians over its runs, and the worst of
// what it got wrong.
type result struct {
	Scenario string  `json:"scenario"`
	Client   string  `json:"client"`
	Runs     int     `json:"runs"`
	Wall     float64 `json:"wall_s"`
	Least    float64 `json:"least_wall_s"`
	Most     float64 `json:"most_wall_s"`
	CPU      float64 `json:"cpu_s"`
	RSS      float64 `json:"rss_mib"` // 0: not known on this system
	Wrong    int     `json:"wrong_files"`
	Missing  int     `json:"missing_files"`
	Failed   string  `json:"failed,omitempty"` // how it ended and what it said, when not well
	Ended    bool    `json:"ended"`            // for taking too long
}

// ok says whether every file was right in every run. What else the client thinks of
// its success does not count.
func (r result) ok() bool { return r.Wrong == 0 && r.Missing == 0 && !r.Ended }

// problem says what was not right, "" when all was.
func (r result) problem() string {
	if r.Ended {
		return r.Failed
	}
	var all []string
	if r.Wrong > 0 {
		all = append(all, fmt.Sprintf("%d wrong", r.Wrong))
	}
	if r.Missing > 0 {
		all = append(all, fmt.Sprintf("%d missing", r.Missing))
	}
	return strings.Join(all, ", ")
}

// ours says whether it is this library's, and spread from where to where its runs went.
func (r result) ours() bool     { return r.Client == library || r.Client == libraryStreams }
func (r result) spread() string { return fmt.Sprintf("%.2f-%.2f", r.Least, r.Most) }

// summarize returns a scenario's results, the winner first, then those who have
// not won for having files wrong.
func summarize(s scenario, runs map[string][]outcome) (out []result) {
	for name, of := range runs {
		r := result{Scenario: s.name, Client: name, Runs: len(of)}
		var wall, cpu, rss []float64
		for _, one := range of {
			wall = append(wall, one.Wall.Seconds())
			cpu = append(cpu, one.CPU.Seconds())
			rss = append(rss, float64(one.RSS)/mib)
			r.Wrong, r.Missing = max(r.Wrong, one.wrong), max(r.Missing, one.missing)
			r.Ended = r.Ended || one.Ended
			r.Failed = cmp.Or(r.Failed, one.Failed)
		}
		r.Wall, r.CPU, r.RSS = median(wall), median(cpu), median(rss)
		r.Least, r.Most = slices.Min(wall), slices.Max(wall)
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b result) int {
		if a.ok() != b.ok() {
			return map[bool]int{true: -1, false: 1}[a.ok()]
		}
		return cmp.Or(cmp.Compare(a.Wall, b.Wall), strings.Compare(a.Client, b.Client))
	})
	return out
}

func median(v []float64) float64 {
	slices.Sort(v)
	n := len(v)
	return (v[(n-1)/2] + v[n/2]) / 2
}

// wallOf returns a client's wall time; 0 where it did not take part.
func wallOf(rs []result, client string) float64 {
	for _, r := range rs {
		if r.Client == client {
			return r.Wall
		}
	}
	return 0
}

func writeTable(w io.Writer, s scenario, rs []result) {
	fmt.Fprintf(w, "\n%v\n", s)
	fmt.Fprintf(w, "  %-12s%9s%14s%12s%9s%9s%6s\n", "client", "wall s", "least-most", "x "+library, "cpu s", "rss MiB", "runs")
	ours := wallOf(rs, library)
	for _, r := range rs {
		relative, rss := "-", "-"
		if ours > 0 {
			relative = fmt.Sprintf("%.2f", r.Wall/ours)
		}
		if r.RSS > 0 {
			rss = fmt.Sprintf("%.0f", r.RSS)
		}
		fmt.Fprintf(w, "  %-12s%9.2f%14s%12s%9.2f%9s%6d", r.Client, r.Wall, r.spread(), relative, r.CPU, rss, r.Runs)
		if !r.ok() {
			fmt.Fprintf(w, "  %s", r.problem())
			if r.Failed != "" && !r.Ended {
				fmt.Fprintf(w, "; %s", r.Failed)
			}
		}
		fmt.Fprintln(w)
	}
}

func writeJSON(w io.Writer, rs []result) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(rs)
}
