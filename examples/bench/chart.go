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
	nameWidth    = 80
	barWidth     = 230 // of the longest
	barHeight    = 14
	rowHeight    = 19
	groupHead    = 30
	groupGap     = 22
	margin       = 16
	footHeight   = 20
)

// cutAt is how many times slower than this library a bar is drawn at most, so that
// one hopeless client does not flatten the others.
const cutAt = 6

const chartFrame = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %[1]d %[2]d" width="%[1]d" height="%[2]d" font-family="system-ui, sans-serif" font-size="12">
<title>Wall time of download clients, by scenario; shorter is better</title>
<rect width="100%%" height="100%%" fill="#ffffff"/>
%[3]s<text x="%[4]d" y="%[5]d" font-size="11" fill="#57606a">Wall time, shorter is better. Broken bars are longer than drawn; pale red: files wrong or missing, or not done in time.</text>
</svg>
`

// chart draws the results as SVG: a group per scenario, a bar per client.
func chart(rs []result) string {
	var body strings.Builder
	var bottom [chartColumns]int
	for len(rs) > 0 {
		n := 1
		for n < len(rs) && rs[n].Scenario == rs[0].Scenario {
			n++
		}
		column := slices.Index(bottom[:], slices.Min(bottom[:])) // where there is most room
		drawGroup(&body, margin+column*columnWidth, margin+bottom[column], rs[:n])
		bottom[column] += groupHead + n*rowHeight + groupGap
		rs = rs[n:]
	}
	height := 2*margin + slices.Max(bottom[:]) + footHeight
	return fmt.Sprintf(chartFrame, 2*margin+chartColumns*columnWidth, height, body.String(), margin, height-margin)
}

// drawGroup draws one scenario with its top left corner at x, y.
func drawGroup(b *strings.Builder, x, y int, g []result) {
	longest := 0.0
	for _, r := range g {
		longest = max(longest, r.Wall)
	}
	if ours := wallOf(g, library); ours > 0 {
		longest = min(longest, cutAt*ours)
	}
	fmt.Fprintf(b, `<text x="%d" y="%d" font-size="14" font-weight="600" fill="#1f2328">%s<tspan dx="8" font-size="11" font-weight="400" fill="#57606a">%s</tspan></text>`+"\n",
		x, y+14, html.EscapeString(g[0].Scenario), html.EscapeString(aboutOf(g[0].Scenario)))
	for i, r := range g {
		drawBar(b, x, y+groupHead+i*rowHeight, r, longest)
	}
}

func drawBar(b *strings.Builder, x, y int, r result, longest float64) {
	colour, text := "#9aa4af", fmt.Sprintf("%.2f s", r.Wall)
	switch {
	case !r.ok():
		colour, text = "#e5b8b7", r.problem()
	case r.Client == library:
		colour = "#1a7f5a"
	}
	length := max(2, int(min(r.Wall/max(longest, 1e-9), 1)*barWidth))
	line := y + barHeight - 3
	fmt.Fprintf(b, `<text x="%d" y="%d" text-anchor="end" fill="#1f2328">%s</text>`, x+nameWidth-8, line, html.EscapeString(r.Client))
	fmt.Fprintf(b, `<rect x="%d" y="%d" width="%d" height="%d" rx="2" fill="%s"/>`, x+nameWidth, y, length, barHeight, colour)
	if r.Wall > longest {
		fmt.Fprintf(b, `<path d="M%d %d l-6 %d h5 l6 -%d z" fill="#ffffff"/>`, x+nameWidth+length-16, y, barHeight, barHeight)
	}
	fmt.Fprintf(b, `<text x="%d" y="%d" fill="#57606a">%s</text>`+"\n", x+nameWidth+length+6, line, html.EscapeString(text))
}
