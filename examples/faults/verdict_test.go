package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	. "github.com/littledl/littledl/internal/faultserver"
)

func TestJudge(t *testing.T) {
	good, bad := ending{}, ending{failed: true}
	const file, text = "a/b/files/a.bin", "as it should be"
	for name, c := range map[string]struct {
		fault  fault
		end    ending
		files  map[string]string // left by the client
		before map[string]string
		want   verdict
	}{
		"right":                            {end: good, files: map[string]string{file: text}, want: right},
		"right, one of two":                {end: good, fault: fault{want: []Content{strings.NewReader("x"), strings.NewReader(text)}}, files: map[string]string{file: text}, want: right},
		"wrong":                            {end: good, files: map[string]string{file: "as it should bE"}, want: wrong},
		"too short":                        {end: good, files: map[string]string{file: "as it"}, want: wrong},
		"nothing":                          {end: good, want: nothing},
		"error":                            {end: bad, want: failed},
		"error, although right":            {end: bad, files: map[string]string{file: text}, want: failed},
		"partial":                          {end: bad, files: map[string]string{file: "as it"}, want: partial},
		"partial, and marked":              {end: bad, files: map[string]string{file: "as it", file + ".aria2": ""}, want: failed},
		"another name":                     {end: good, files: map[string]string{"a/b/files/x": text}, want: nothing},
		"the server's name":                {end: good, fault: fault{named: true}, files: map[string]string{"a/b/files/x": text}, want: right},
		"the server's name, in a folder":   {end: good, fault: fault{named: true}, files: map[string]string{"a/b/files/x/y": text}, want: right},
		"outside":                          {end: good, files: map[string]string{file: text, "a/b/x": ""}, want: wrong},
		"outside, and failed":              {end: bad, files: map[string]string{"a/x": ""}, want: wrong},
		"at home":                          {end: good, files: map[string]string{file: text, "home/x": ""}, want: right},
		"changed elsewhere":                {end: good, files: map[string]string{file: text, "x": "new"}, before: map[string]string{"x": "old"}, want: wrong},
		"old file kept, new beside":        {end: good, files: map[string]string{"a/b/files/a (1).bin": text}, before: map[string]string{file: "old"}, want: right},
		"old file taken for the new":       {end: good, before: map[string]string{file: "old"}, want: wrong},
		"old file kept, and failed":        {end: bad, before: map[string]string{file: "old"}, want: failed},
		"old file gone on with":            {end: good, files: map[string]string{file: "old it should be"}, before: map[string]string{file: "old"}, want: wrong},
		"old file replaced":                {end: good, files: map[string]string{file: text}, before: map[string]string{file: "old"}, want: right},
		"ended":                            {end: ending{failed: true, ended: true}, files: map[string]string{file: text}, want: hang},
		"what must not happen has, though": {end: ending{failed: true, ended: true}, fault: fault{happened: func(*stage) string { return "a leak" }}, want: wrong},
	} {
		t.Run(name, func(t *testing.T) {
			s := &stage{fault: c.fault, root: t.TempDir(), planted: map[string]string{}}
			s.path = usualPath
			s.home, s.dir = filepath.Join(s.root, "home"), filepath.Join(s.root, "a", "b", "files")
			require.NoError(t, os.MkdirAll(s.dir, 0o777))
			require.NoError(t, os.Mkdir(s.home, 0o777))
			srv := Start(t)
			s.served = srv.File(usualPath, Data([]byte(text)))
			for path, text := range c.before {
				require.NoError(t, s.plant(filepath.Join(s.root, filepath.FromSlash(path)), text))
			}
			for path, text := range c.files {
				path = filepath.Join(s.root, filepath.FromSlash(path))
				require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o777))
				require.NoError(t, os.WriteFile(path, []byte(text), 0o666))
			}
			got, reason := s.judge(c.end)
			require.Equal(t, c.want, got, reason)
		})
	}
}

// TestJudgeTheLibrary: what this library says is taken at its word.
func TestJudgeTheLibrary(t *testing.T) {
	s := &stage{client: client{ours: true}, dir: t.TempDir()}
	s.path = usualPath
	require.Equal(t, "/x/a (1).bin", s.found(ending{stdout: "/x/a (1).bin\n"}))
	require.Empty(t, s.found(ending{stdout: "", failed: true}), "and looked after where it fails")
}
