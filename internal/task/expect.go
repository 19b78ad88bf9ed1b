package task

import (
	"context"
	"fmt"
	"io/fs"
	"net/http"
	"os"
)

// Expect is what a file must be beside its digest, and who else has a say in it. Few have any.
type Expect struct {
	Size       int64 // -1: any
	Mode       fs.FileMode
	Moded      bool // Mode was given
	ByFinalURL bool // called as the URL is that redirects have led to

	// The caller's own code.
	Accept  func(Answer) error
	Refresh func(context.Context, Snapshot) (string, error)
	Finish  func(context.Context, *os.File, Snapshot) error
}

// Answer is the head of one that holds the file.
type Answer struct {
	FinalURL string
	Status   int
	Header   http.Header
	Size     int64
}

// Expected is what is expected of the file of a task, to be added to.
func (s *Spec) Expected() *Expect {
	own := Expect{Size: -1}
	if s.Expect != nil {
		own = *s.Expect
	}
	s.Expect = &own
	return s.Expect
}

// alone reports whether no transfer can serve a task and another: nobody knows what the caller's
// own code makes of it.
func (s *Spec) alone() bool {
	e := s.Expect
	return s.Hash.Own != nil || e != nil && (e.Accept != nil || e.Refresh != nil || e.Finish != nil)
}

// kind is equal for expectations that one file can meet.
func (e *Expect) kind() string {
	if e == nil {
		return ""
	}
	return fmt.Sprintf("\x00%d\x00%o\x00%t\x00%t", e.Size, e.Mode, e.Moded, e.ByFinalURL)
}
