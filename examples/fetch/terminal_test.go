package main

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"
	"github.com/stretchr/testify/require"
)

// fakeTerminal is a terminal of so many cells that shows what is written to it.
type fakeTerminal struct {
	t          *testing.T
	cols, rows int
	lines      [][]string // a string a cell; "" behind a wide character
	row, col   int
	writes     []string
}

func newTerminal(t *testing.T, cols, rows int) *fakeTerminal {
	return &fakeTerminal{t: t, cols: cols, rows: rows, lines: [][]string{nil}}
}

func (f *fakeTerminal) Size() (cols, rows int) { return f.cols, f.rows }

var escape = regexp.MustCompile(`^\x1b\[([\d;]*)([AJKm])`)

func (f *fakeTerminal) Write(p []byte) (int, error) {
	f.writes = append(f.writes, string(p))
	for rest := string(p); rest != ""; {
		if m := escape.FindStringSubmatch(rest); m != nil {
			f.obey(m[2], m[1])
			rest = rest[len(m[0]):]
			continue
		}
		r, n := utf8.DecodeRuneInString(rest)
		f.put(r)
		rest = rest[n:]
	}
	return len(p), nil
}

func (f *fakeTerminal) obey(command, number string) {
	switch command {
	case "A":
		n, err := strconv.Atoi(number)
		require.NoError(f.t, err)
		require.Less(f.t, n, f.rows, "up beyond what is seen")
		f.row -= n
		require.GreaterOrEqual(f.t, f.row, 0)
	case "K":
		f.lines[f.row] = f.lines[f.row][:min(f.col, len(f.lines[f.row]))]
	case "J":
		f.obey("K", "")
		f.lines = f.lines[:f.row+1]
	}
}

func (f *fakeTerminal) put(r rune) {
	switch r {
	case '\r':
		f.col = 0
		return
	case '\n':
		f.row, f.col = f.row+1, 0
		if f.row == len(f.lines) {
			f.lines = append(f.lines, nil)
		}
		return
	}
	require.False(f.t, r < ' ' || r == 0x7f, "control character %q", r)
	for range runewidth.RuneWidth(r) {
		line := f.lines[f.row]
		require.Less(f.t, f.col, f.cols, "%q goes beyond the last cell", strings.Join(line, ""))
		for len(line) <= f.col {
			line = append(line, " ")
		}
		line[f.col] = string(r)
		f.lines[f.row] = line
		f.col, r = f.col+1, -1
		if line[f.col-1] == string(rune(-1)) {
			line[f.col-1] = ""
		}
	}
}

// text is what is on the screen, and has been scrolled away.
func (f *fakeTerminal) text() string {
	var b strings.Builder
	for _, l := range f.lines {
		b.WriteString(strings.TrimRight(strings.Join(l, ""), " ") + "\n")
	}
	return b.String()
}

// runOn runs the command on a terminal of so many columns.
func runOn(t *testing.T, cols int, args ...string) (code int, f *fakeTerminal, stderr string) {
	t.Helper()
	f = newTerminal(t, cols, 24)
	var errors bytes.Buffer
	code = run(t.Context(), args, nil, f, &errors)
	return code, f, errors.String()
}

func TestScreenIsOneWriteAFrame(t *testing.T) {
	f := newTerminal(t, 20, 10)
	s := screen{out: f}
	s.draw(nil, []string{"one", "two two", "three"})
	require.Equal(t, "one\ntwo two\nthree\n\n", f.text())
	f.Write([]byte("^C"))
	s.draw([]string{"stays"}, []string{"1", "2"})
	require.Equal(t, "stays\n1\n2\n\n", f.text(), "no rest of a longer line, of a line less, of what was echoed")
	s.draw(nil, []string{"1", "2"})
	s.draw(nil, []string{"1", "2"})
	require.Len(t, f.writes, 4, "what is the same is not drawn again")
	s.draw(nil, []string{"1", "two"})
	require.Equal(t, "stays\n1\ntwo\n\n", f.text())
	require.Len(t, f.writes, 5)
}

func TestSizeThatATerminalDoesNotKnow(t *testing.T) {
	require.Zero(t, widthOf(&bytes.Buffer{}), "no terminal")
	require.Equal(t, 39, widthOf(newTerminal(t, 40, 24)))
	require.Equal(t, 1, widthOf(newTerminal(t, 0, 0)))
}
