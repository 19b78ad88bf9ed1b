package transfer

import "github.com/littledl/littledl/internal/partfile"

// What the table keeps with a task for its transfers: the *File while one runs, else what
// it has left.

// Rest is what a transfer has left. It does not change; but kept is its owner's.
type Rest struct {
	kept      *saved             // what the next round goes on from
	Told      *Report            // with backup URLs
	Published *partfile.Identity // the file as it was when the task completed
}

// RestOf is what is held, where no transfer runs.
func RestOf(held any) Rest {
	switch x := held.(type) {
	case *Rest:
		return *x
	case *partfile.Identity:
		return Rest{Published: x}
	}
	return Rest{}
}

// Held is what the table is to keep.
func (r Rest) Held() any {
	switch r {
	case Rest{}:
		return nil
	case Rest{Published: r.Published}: // as of most, of which there may be a million
		return r.Published
	}
	all := r
	return &all
}

// Open reports whether a part is held open.
func (r Rest) Open() bool { return r.kept != nil && r.kept.target != nil }

// ToldBy is what is known of a task's sources; nil: there is only the one.
func ToldBy(held any) *Report {
	if f, ok := held.(*File); ok {
		return f.Report()
	}
	return RestOf(held).Told
}
