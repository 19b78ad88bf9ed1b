package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mattn/go-runewidth"
	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
)

// busyState is a batch with all that may be shown.
func busyState() state {
	file := func(id, name string, size, done int64) littledl.FileTask {
		return littledl.FileTask{TaskID: id, Filename: name, FileSize: size, Downloaded: done, Speed: 1.5 * (1 << 20), Status: littledl.StatusDownloading}
	}
	return state{
		counts: counts{ended: 212, all: 366, failed: 3},
		BatchProgress: littledl.BatchProgress{
			TotalBytes: 200 << 20, DownloadedBytes: 85 << 20, OverallSpeed: 4.25 * (1 << 20), ETA: 723 * time.Second,
		},
		active: []littledl.FileTask{
			file("1", "debian-13.2.0-amd64-netinst.iso", 700<<20, 350<<20),
			file("2", "文件文件文件文件文件文件文件文件.bin", 20<<20, 20<<20-1),
			file("3", "stream", -1, 5<<20),
		},
		waits: []string{"waiting 12s for mirror.example.org:443, giving up at 1m: connection refused"},
	}
}

func plainBars() *bars {
	return &bars{palette: palette{full: "━", rest: "─"}, stderr: io.Discard, since: map[string]time.Time{"3": {}}}
}

func frameOf(s state, cols int) []string {
	s.now = time.Time{}.Add(time.Hour)
	return plainBars().block(s, usable(cols), 24)
}

// golden is what a batch looks like on a terminal of so many columns: while it runs, and when it
// has ended, well or not.
func golden(t *testing.T, cols int) string {
	f := newTerminal(t, cols, 24)
	b := plainBars()
	b.size, b.screen.out, b.perFile = f.Size, f, true
	s := busyState()
	s.now = time.Time{}.Add(time.Hour)
	b.file(littledl.FileTask{SavePath: "downloads", Filename: "a-file-with-quite-a-long-name-文.tar.gz", Downloaded: 1 << 20, Status: littledl.StatusCompleted})
	b.file(littledl.FileTask{SavePath: "downloads", Filename: "b.bin", Downloaded: 300 << 10, Status: littledl.StatusCompleted, Reused: true})
	b.progress(s)
	running := f.text()
	for _, files := range []counts{{ended: 366, all: 366}, {ended: 212, all: 366, failed: 3}} {
		end := &summary{files: files.atEnd(), percent: 42.5, received: 7 << 20, took: 2500 * time.Millisecond}
		if end.files.cut == 0 {
			end.percent = 100
		}
		end.add("files", "%s", end.files.of())
		end.add("bytes", "%s, and %s that an earlier run had fetched", byteText(end.received), byteText(123<<20))
		end.add("saved in", "%s", "/home/somebody/a-folder-with-quite-a-long-name/downloads")
		f = newTerminal(t, cols, 24)
		b.screen = screen{out: f}
		b.close(end)
		end.print(f, widthOf(f))
		running += f.text()
	}
	return running
}

func TestGolden(t *testing.T) {
	for _, cols := range []int{40, 80, 200} {
		want, err := os.ReadFile(filepath.Join("testdata", fmt.Sprintf("%d.golden", cols)))
		require.NoError(t, err)
		require.Equal(t, string(want), golden(t, cols), cols)
	}
}

// TestNothingIsCutAtAnyWidth: whatever stands in a line stands there as a whole.
func TestNothingIsCutAtAnyWidth(t *testing.T) {
	still := busyState()
	still.OverallSpeed, still.ETA = 0, -1
	small := busyState()
	small.counts = counts{ended: 0, all: 1}
	small.waits = nil
	for _, s := range []state{busyState(), still, small} {
		whole := map[string]bool{"50%": true, "99%": true, "42%": true}
		for _, text := range append(s.counts.forms(), s.waits...) {
			for _, w := range strings.Fields(text) {
				whole[w] = true
			}
		}
		l := batchLine(s)
		for _, text := range append(l.amounts, l.speed, l.left) {
			for _, w := range strings.Fields(text) {
				whole[w] = true
			}
		}
		for _, task := range s.active {
			l := fileBar(task)
			for _, w := range strings.Fields(strings.Join(l.amounts, " ") + " " + l.speed + " " + task.Filename) {
				whole[w] = true
			}
		}
		for cols := 40; cols <= 240; cols++ {
			for _, text := range frameOf(s, cols) {
				require.LessOrEqual(t, runewidth.StringWidth(text), cols-1, text)
				for _, w := range strings.Fields(text) {
					if strings.Trim(w, "━─") == "" || strings.Count(w, "…") == 1 {
						continue
					}
					require.True(t, whole[w], "%q in %q at %d", w, text, cols)
				}
				if bar := strings.IndexAny(text, "━─"); bar >= 0 && strings.Contains(text, "%") {
					require.Less(t, strings.Index(text, "%"), bar, text)
				}
			}
		}
	}
}

// TestAnyWidth: also the narrowest terminal, and one of few rows, has lines that fit.
func TestAnyWidth(t *testing.T) {
	for cols := range 60 {
		for _, text := range frameOf(busyState(), cols) {
			require.LessOrEqual(t, runewidth.StringWidth(text), max(usable(cols), percentCells+1), "%q at %d", text, cols)
		}
		for rows := range 8 {
			require.LessOrEqual(t, len(plainBars().block(busyState(), 79, rows)), max(rows-1, 1))
		}
	}
}

// TestWhereAmbiguousCharactersAreWide, as in some East Asian terminals.
func TestWhereAmbiguousCharactersAreWide(t *testing.T) {
	was := runewidth.DefaultCondition.EastAsianWidth
	defer func() { runewidth.DefaultCondition.EastAsianWidth = was }()
	runewidth.DefaultCondition.EastAsianWidth = true
	p := newPalette()
	require.Equal(t, "=", p.full)
	b := plainBars()
	b.palette = palette{full: p.full, rest: p.rest}
	for cols := 40; cols < 200; cols++ {
		for _, text := range b.block(busyState(), usable(cols), 24) {
			require.LessOrEqual(t, runewidth.StringWidth(text), cols-1, text)
		}
	}
}

func TestShorten(t *testing.T) {
	for _, c := range []struct {
		text  string
		cells int
		want  string
	}{
		{"short", 5, "short"},
		{"a-long-name.iso", 9, "a-lo….iso"},
		{"a-long-name.iso", 2, "a…"},
		{"a-long-name.iso", 1, "…"},
		{"a-long-name.iso", 0, ""},
		{"文件文件文件", 8, "文件…件"},
		{"文件文件文件", 7, "文…文件"},
		{"e\u0301e\u0301e\u0301e\u0301", 3, "e\u0301…e\u0301"},
	} {
		got := shorten(c.text, c.cells)
		require.LessOrEqual(t, runewidth.StringWidth(got), c.cells, got)
		require.Equal(t, c.want, got)
	}
}

func TestWrap(t *testing.T) {
	require.Equal(t, []string{"one two three"}, wrap("one two three", 0))
	require.Equal(t, []string{"one two", "three"}, wrap("one two three", 7))
	require.Equal(t, []string{"a", "ver…rd", "b"}, wrap("a very-long-word b", 6))
	require.Equal(t, []string{""}, wrap("", 6))
}

func TestTexts(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 1023989: "1.0 MiB", 1 << 30: "1.0 GiB", 3 << 40: "3.0 TiB"} {
		require.Equal(t, want, byteText(n))
	}
	for d, want := range map[time.Duration]string{
		400 * time.Millisecond: "0s", 59600 * time.Millisecond: "1m", 61 * time.Second: "1m01s",
		time.Hour + 61*time.Second: "1h01m", 49 * time.Hour: "2d01h",
	} {
		require.Equal(t, want, timeText(d))
	}
}
