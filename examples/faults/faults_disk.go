package main

import (
	"os"
	"path/filepath"
	"strings"
	"time"

	origin "github.com/littledl/littledl/internal/faultserver"
)

// killFaults are changes between a kill (SIGKILL, in the middle) and the next run of the
// same client, which is asked to go on: curl -C -, wget -c, aria2c -c and so forth.
func killFaults() []fault {
	const anew = "sees that it is another file and begins again"
	becomes := func(opts ...origin.FileOption) func(*stage) { return func(s *stage) { s.serve(opts...) } }
	undated := origin.LastModified(time.Time{})
	return []fault{
		{number: 88, what: "killed halfway, run again", ours: "checks what its journal says is there, fetches the rest", later: becomes()},
		{number: 66, what: "killed halfway; file changes, same size", ours: anew, later: becomes(origin.Version(2))},
		{number: 67, what: "killed halfway; file grows", ours: anew, later: becomes(origin.Version(2), origin.Size(30*mib))},
		{number: 67, what: "killed halfway; file shrinks to less than is there", ours: anew, later: becomes(origin.Version(2), origin.Size(mib))},
		{number: 69, what: "killed halfway; file changes under its old ETag and date", ours: "the digest does not match", later: changeUnseen, digest: true, ends: failed},
		{number: 73, what: "killed halfway; weak ETag alone, and the file changes", ours: anew, file: []origin.FileOption{origin.ETag(`W/"1"`), undated}, later: becomes(origin.Version(2), origin.ETag(`W/"2"`))},
		{number: 74, what: "killed halfway; Last-Modified alone, and the file changes", ours: anew, file: []origin.FileOption{origin.ETag("")}, later: becomes(origin.Version(2))},
		{number: 75, what: "killed halfway; no validators, and the file changes, same size", ours: "begins again: nothing tells that it is the same", does: does(origin.NoValidators()), later: becomes(origin.Version(2))},
	}
}

// changeUnseen gives the file the content of its second version and all else of its first.
func changeUnseen(s *stage) {
	old := s.served.Representation()
	s.serve(origin.Version(2), origin.ETag(old.ETag), origin.LastModified(old.LastModified))
}

// diskFaults are what is in the directory before.
func diskFaults() []fault {
	const keeps = "leaves it alone; the file becomes `a (1).bin`"
	return []fault{
		{number: 93, what: "a shorter file of other content has the name; asked to go on", ours: keeps, goOn: true, set: taken(mib)},
		{number: 93, what: "a file of other content and the same size has the name; asked to go on", ours: keeps, goOn: true, set: taken(usualSize)},
		{number: 93, what: "a longer file of other content has the name; asked to go on", ours: keeps, goOn: true, set: taken(usualSize + mib)},
		{number: 97, what: "the name is a symbolic link to a file elsewhere", ours: keeps, set: linked},
	}
}

// taken has a file of so many bytes at the place of what is to be fetched.
func taken(size int) func(*stage) error {
	return func(s *stage) error {
		return s.plant(filepath.Join(s.dir, s.name()), strings.Repeat("old ", size/4))
	}
}

// linked has a link there that leads out of the directory.
func linked(s *stage) error {
	const text = "not to be touched"
	elsewhere, link := filepath.Join(s.root, "elsewhere"), filepath.Join(s.dir, s.name())
	if err := s.plant(elsewhere, text); err != nil {
		return err
	}
	s.planted[link] = text
	return os.Symlink(elsewhere, link)
}
