package transfer

import "github.com/littledl/littledl/internal/segment"

// What the table keeps with a task for its transfers: the *File while one runs, else what
// it has left.

// Rest is what a transfer has left. It does not change; but kept is its owner's.
type Rest struct {
	kept    *saved  // what the next round goes on from
	remnant remnant // the same, of a task that has ended
	owed    owed    // without either
	Told    *Report // with backup URLs
}

// RestOf is what is held, where no transfer runs.
func RestOf(held any) Rest {
	switch x := held.(type) {
	case *Rest:
		return *x
	case remnant:
		return Rest{remnant: x}
	case owed:
		return Rest{owed: x}
	}
	return Rest{}
}

// Held is what the table is to keep.
func (r Rest) Held() any {
	switch r {
	case Rest{}: // as of most, of which there may be a million
		return nil
	case Rest{remnant: r.remnant}:
		return r.remnant
	case Rest{owed: r.owed}:
		return r.owed
	}
	all := r
	return &all
}

// Ended is what is left of a task that has ended: little, since most never begin again.
func (r Rest) Ended() Rest {
	switch k := r.kept; {
	case k == nil:
	case k.left.IsZero():
		r.kept, r.owed = nil, owedBy(k)
	default:
		if packed, ok := pack(k); ok {
			r.kept, r.remnant = nil, packed
		} else {
			k.endStart()
		}
	}
	return r
}

// saved is what a transfer goes on from; nil: nothing.
func (r Rest) saved(plans *segment.Config) *saved {
	switch {
	case r.kept != nil:
		return r.kept
	case r.remnant != "":
		return r.remnant.unpack(plans)
	}
	return nil
}

// Open reports whether a part is held open.
func (r Rest) Open() bool { return r.kept != nil && r.kept.open() }

// ToldBy is what is known of a task's sources; nil: there is only the one.
func ToldBy(held any) *Report {
	if f, ok := held.(*File); ok {
		return f.Report()
	}
	return RestOf(held).Told
}
