package main

import (
	"fmt"
	"html"
	"slices"
	"strings"
)

// The chart's measures, in pixels.
const (
	chartColumns = 2
	columnWidth  = 440
	nameWidth    = 76
	barWidth     = 225 // of the longest
	barHeight    = 11
	rowHeight    = 16
	groupHead    = 26
	groupGap     = 16
	margin       = 16
	footHeight   = 16
)

// cutAt is how many times slower than this library a bar is drawn at most, so that
// one hopeless client does not flatten the others.
const cutAt = 4

// chartFrame has a ground of its own: a page may be light or dark.
const chartFrame = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %[1]d %[2]d" width="%[1]d" height="%[2]d" role="img" font-family="system-ui, sans-serif" font-size="12" fill="#57606a">
<title>Wall time of download clients, by scenario; shorter is better</title>
<style>.h{font-size:14px;font-weight:600;fill:#1f2328}.n{text-anchor:end;fill:#1f2328}.b{fill:#9aa4af}.o{fill:#1a7f5a}.w{fill:#e5b8b7}.s{stroke:#1f2328}.s,.h tspan,.f{font-size:11px}.h tspan{font-weight:400;fill:#57606a}.c{fill:#fff}</style>
<rect width="%[1]d" height="%[2]d" rx="8" fill="#fff"/>
%[3]s<text class="f" x="%[4]d" y="%[5]d">Median wall time; thin line: from the fastest run to the slowest. Broken bars are longer than drawn; pale red: not all files, or not in time.</text>
</svg>
`

// chart draws the results as SVG: a group per scenario, a bar per client.
func chart(rs []result) string {
	var body strings.Builder
	var bottom [chartColumns]int
	for g := range groups(rs) {
		column := slices.Index(bottom[:], slices.Min(bottom[:])) // where there is most room
		drawGroup(&body, margin+column*columnWidth, margin+bottom[column], g)
		bottom[column] += groupHead + len(g)*rowHeight + groupGap
	}
	height := 2*margin + slices.Max(bottom[:]) + footHeight
	return fmt.Sprintf(chartFrame, 2*margin+chartColumns*columnWidth, height, body.String(), margin, height-margin)
}

// groups are the results of each scenario.
func groups(rs []result) func(yield func([]result) bool) {
	return func(yield func([]result) bool) {
		for len(rs) > 0 {
			n := 1
			for n < len(rs) && rs[n].Scenario == rs[0].Scenario {
				n++
			}
			if !yield(rs[:n]) {
				return
			}
			rs = rs[n:]
		}
	}
}

// drawGroup draws one scenario with its top left corner at x, y.
func drawGroup(b *strings.Builder, x, y int, g []result) {
	longest := 0.0
	for _, r := range g {
		longest = max(longest, r.Most)
	}
	if ours := wallOf(g, library); ours > 0 {
		longest = min(longest, cutAt*ours)
	}
	fmt.Fprintf(b, `<g transform="translate(%d %d)"><text class="h" y="12">%s<tspan dx="8">%s</tspan></text>`+"\n",
		x, y, html.EscapeString(g[0].Scenario), html.EscapeString(aboutOf(g[0].Scenario)))
	for i, r := range g {
		drawBar(b, groupHead+i*rowHeight, r, longest)
	}
	b.WriteString("</g>\n")
}

// drawBar draws one client's name, bar, spread and time.
func drawBar(b *strings.Builder, y int, r result, longest float64) {
	class, text := "b", fmt.Sprintf("%.2f s", r.Wall)
	switch {
	case !r.ok():
		class, text = "w", r.problem()
	case r.ours():
		class = "o"
	}
	along := func(seconds float64) int { return int(min(seconds/max(longest, 1e-9), 1) * barWidth) }
	length, line := max(2, along(r.Wall)), y+barHeight-1
	fmt.Fprintf(b, `<text class="n" x="%d" y="%d">%s</text>`, nameWidth-8, line, html.EscapeString(r.Client))
	fmt.Fprintf(b, `<rect class="%s" x="%d" y="%d" width="%d" height="%d"/>`, class, nameWidth, y, length, barHeight)
	end := length
	if r.Wall > longest {
		fmt.Fprintf(b, `<path class="c" d="M%d %dl-6 %dh5l6-%dz"/>`, nameWidth+length-16, y, barHeight, barHeight)
	} else if from, to := along(r.Least), along(r.Most); to-from > 2 {
		end = max(length, to)
		fmt.Fprintf(b, `<path class="s" d="M%d %d.5h%d"/>`, nameWidth+from, y+barHeight/2, to-from)
	}
	fmt.Fprintf(b, `<text x="%d" y="%d">%s</text>`+"\n", nameWidth+end+6, line, html.EscapeString(text))
}
