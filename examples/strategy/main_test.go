package main

import (
	"bytes"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTable(t *testing.T) {
	var out, errs bytes.Buffer
	t.Setenv("TMPDIR", t.TempDir())
	require.Zero(t, run(nil, &out, &errs), errs.String())
	require.FileExists(t, filepath.Join(os.TempDir(), "littledl-strategy.svg"))
	rows := map[string]string{}
	for line := range strings.Lines(out.String()) {
		if f := strings.Fields(line); len(f) > 2 {
			rows[f[0]+" "+f[1]] = line
		}
	}
	require.Contains(t, rows["101 MiB"], "8: 3.9×", "unmeasured")
	require.Contains(t, rows["1 GiB"], "16: 15.9×", "throttled")
	require.NotContains(t, rows["1 MiB"], "×", "a small file is one stream everywhere")
	for _, n := range networks() {
		require.Contains(t, out.String(), n.about)
	}

	out.Reset()
	require.Zero(t, run([]string{"-max", "3", "-o", ""}, &out, &errs))
	require.Contains(t, out.String(), "3: ")
	require.NotContains(t, out.String(), "4: ")
}

func TestChart(t *testing.T) {
	var out, errs bytes.Buffer
	svg := filepath.Join(t.TempDir(), "chart.svg")
	require.Zero(t, run([]string{"-o", svg}, &out, &errs), errs.String())
	text, err := os.ReadFile(svg)
	require.NoError(t, err)
	for _, n := range networks() {
		require.Contains(t, string(text), ">"+n.name+"</text>")
	}

	file := filepath.Join(t.TempDir(), "chart.png")
	require.Zero(t, run([]string{"-o", file}, &out, &errs), errs.String())
	f, err := os.Open(file)
	require.NoError(t, err)
	defer f.Close()
	img, err := png.Decode(f)
	require.NoError(t, err)
	drawn := map[color.Color]bool{}
	for x := range img.Bounds().Dx() {
		for y := range img.Bounds().Dy() {
			drawn[color.RGBAModel.Convert(img.At(x, y))] = true
		}
	}
	for i, n := range networks() {
		require.True(t, drawn[colours[i]], n.name)
	}
}

func TestBadCommandLine(t *testing.T) {
	for _, args := range [][]string{{"-o", "chart.bmp"}, {"-max", "0"}, {"-fast"}, {"file"}} {
		var out, errs bytes.Buffer
		require.Equal(t, 2, run(args, &out, &errs), args)
		require.NotEmpty(t, errs.String())
		require.Empty(t, out.String())
	}
	var out, errs bytes.Buffer
	require.Equal(t, 1, run([]string{"-o", filepath.Join(t.TempDir(), "none", "chart.svg")}, &out, &errs), "no such directory")
}
