package main

import (
	"image/color"
	"math"
	"os"
	"path/filepath"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	_ "gonum.org/v1/plot/vg/vgimg" // png
	_ "gonum.org/v1/plot/vg/vgsvg" // svg

	"github.com/littledl/littledl"
)

const (
	chartWidth  = 22 * vg.Centimeter
	chartHeight = 22 * vg.Centimeter
)

// colours tell the networks apart, also for those who do not see red and green.
var colours = [...]color.RGBA{
	{0x88, 0x88, 0x88, 0xff}, {0x00, 0x72, 0xb2, 0xff}, {0xe6, 0x9f, 0x00, 0xff}, {0x00, 0x9e, 0x73, 0xff},
	{0xcc, 0x79, 0xa7, 0xff}, {0xd5, 0x5e, 0x00, 0xff}, {0x33, 0x33, 0x33, 0xff},
}

// writeChart draws chosen chunks above estimated speed-up, both over size.
func writeChart(path string, sel *littledl.StrategySelector) error {
	chunks, err := drawPlot("chunks", sel, true, func(d littledl.StyleDecision) float64 { return float64(d.RecommendedChunks) })
	if err != nil {
		return err
	}
	chunks.Title.Text = "Chosen chunks, and estimated speed-up against one stream"
	speedup, err := drawPlot("speed-up", sel, false, func(d littledl.StyleDecision) float64 { return d.EstimatedSpeedup })
	if err != nil {
		return err
	}
	speedup.X.Label.Text = "size of the file"
	canvas, err := draw.NewFormattedCanvas(chartWidth, chartHeight, filepath.Ext(path)[1:])
	if err != nil {
		return err
	}
	tiles := draw.Tiles{Rows: 2, Cols: 1, PadX: 5 * vg.Millimeter, PadY: 5 * vg.Millimeter,
		PadTop: 5 * vg.Millimeter, PadBottom: 5 * vg.Millimeter, PadLeft: 5 * vg.Millimeter, PadRight: 8 * vg.Millimeter}
	both := [][]*plot.Plot{{chunks}, {speedup}}
	for i, row := range plot.Align(both, tiles, draw.New(canvas)) {
		both[i][0].Draw(row[0])
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if _, err := canvas.WriteTo(f); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// drawPlot draws a line per network, of one number of its decisions.
func drawPlot(name string, sel *littledl.StrategySelector, steps bool, number func(littledl.StyleDecision) float64) (*plot.Plot, error) {
	p := plot.New()
	p.Y.Label.Text = name
	p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, sizeTicks{}
	p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, plot.ConstantTicks{
		{Value: 1, Label: "1"}, {Value: 2, Label: "2"}, {Value: 4, Label: "4"}, {Value: 8, Label: "8"}, {Value: 16, Label: "16"}, {Value: 32, Label: "32"},
	}
	p.Legend.Top, p.Legend.Left = true, true
	p.Add(plotter.NewGrid())
	for i, n := range networks() {
		line, err := plotter.NewLine(n.points(sel, number))
		if err != nil {
			return nil, err
		}
		// The later ones are thinner, so that those below them show.
		line.Color, line.Width = colours[i%len(colours)], vg.Points(4.4-0.5*float64(i))
		if n.measured.Connections == 0 {
			line.Dashes = []vg.Length{vg.Points(4), vg.Points(3)}
		}
		if steps {
			line.StepStyle = plotter.PostStep
			p.Legend.Add(n.name, line) // once for both
		}
		p.Add(line)
	}
	p.Y.Min, p.Y.Max = 0.95, max(p.Y.Max*1.1, 4)
	return p, nil
}

// smallest and largest are the sizes drawn.
const (
	smallest = mib
	largest  = 16 * gib
)

// points go over the sizes evenly in the logarithm.
func (n network) points(sel *littledl.StrategySelector, number func(littledl.StyleDecision) float64) plotter.XYs {
	const perDoubling = 24
	var xy plotter.XYs
	for i := 0; ; i++ {
		size := smallest * math.Pow(2, float64(i)/perDoubling)
		if size > largest {
			return xy
		}
		xy = append(xy, plotter.XY{X: size, Y: number(n.decide(sel, int64(size)))})
	}
}

// sizeTicks are at every fourth power of two.
type sizeTicks struct{}

func (sizeTicks) Ticks(least, most float64) (ticks []plot.Tick) {
	for size := int64(smallest); float64(size) <= most; size *= 4 {
		if float64(size) >= least {
			ticks = append(ticks, plot.Tick{Value: float64(size), Label: sizeText(size)})
		}
	}
	return ticks
}
