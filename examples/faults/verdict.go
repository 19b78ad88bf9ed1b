package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/littledl/littledl/internal/faultserver"
)

// verdict is what came of a run. The comment of the command says what they mean.
type verdict string

const (
	right   verdict = "right"
	failed  verdict = "error"
	partial verdict = "partial"
	wrong   verdict = "WRONG"
	hang    verdict = "hang"
	nothing verdict = "none"
)

// verdicts in the order of the summary.
var verdicts = []verdict{right, failed, partial, wrong, hang, nothing}

// ending is how a client's process ended.
type ending struct {
	stdout, stderr string
	failed         bool // the exit status was not 0
	ended          bool // it took too long
}

// judge looks at what a client has left. The reason is for people.
func (s *stage) judge(e ending) (v verdict, reason string) {
	if why := s.escaped(); why != "" {
		return wrong, why
	}
	if s.happened != nil {
		if why := s.happened(s); why != "" {
			return wrong, why
		}
	}
	if e.ended {
		return hang, ""
	}
	path := s.found(e)
	if path == "" {
		if e.failed {
			return failed, ""
		}
		return nothing, ""
	}
	err := s.compare(path)
	switch {
	case err == nil && e.failed:
		return failed, "the file is right"
	case err == nil:
		return right, ""
	case !e.failed:
		return wrong, err.Error()
	case s.marked(path):
		return failed, ""
	}
	return partial, err.Error()
}

// found is the file that the client says, or would let people believe, is the one; ""
// if there is none.
func (s *stage) found(e ending) string {
	if s.client.ours && !e.failed {
		return strings.TrimSpace(e.stdout)
	}
	named := filepath.Join(s.dir, s.name())
	others := s.others()
	if old, ok := s.planted[named]; ok && holds(named, old) {
		switch {
		case len(others) > 0:
			return others[0]
		case e.failed:
			return ""
		}
		return named
	}
	if _, err := os.Lstat(named); err == nil {
		return named
	}
	if s.named && len(others) > 0 {
		return others[0]
	}
	return ""
}

// controlSuffixes are of files beside an unfinished one that say that it is unfinished.
var controlSuffixes = []string{".aria2", ".st"}

// marked tells whether a file beside this one says that it is unfinished.
func (s *stage) marked(path string) bool {
	return slices.ContainsFunc(controlSuffixes, func(suffix string) bool {
		_, err := os.Lstat(path + suffix)
		return err == nil
	})
}

// others are the files in the directory and below that the client has made and that are
// not under the expected name, control files left out.
func (s *stage) others() (paths []string) {
	_ = filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		_, old := s.planted[path]
		if err == nil && !old && d.Type().IsRegular() && !slices.Contains(controlSuffixes, filepath.Ext(path)) {
			paths = append(paths, path)
		}
		return nil
	})
	return paths
}

// compare tells how a file differs from all that it may be; nil if from one it does not.
func (s *stage) compare(path string) error {
	want := s.want
	if want == nil {
		want = []faultserver.Content{s.served.Content()}
	}
	var err error
	for _, c := range want {
		f, open := os.Open(path)
		if open != nil {
			return open
		}
		err = faultserver.Compare(f, c)
		f.Close()
		if err == nil {
			return nil
		}
	}
	return err
}

// escaped says what a client has written outside its directory; "" if nothing.
func (s *stage) escaped() (why string) {
	err := filepath.WalkDir(s.root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && slices.Contains([]string{s.home, s.dir}, path) {
			return fs.SkipDir
		}
		if d.IsDir() || path == s.task.CA {
			return nil
		}
		old, ok := s.planted[path]
		switch {
		case !ok:
			why = "outside the directory there is now " + filepath.Base(path)
		case !holds(path, old):
			why = "outside the directory this was changed: " + filepath.Base(path)
		}
		return nil
	})
	if err != nil {
		return err.Error()
	}
	return why
}

func holds(path, text string) bool {
	b, err := os.ReadFile(path)
	return err == nil && string(b) == text
}
