package fail

// Facts are what an error alone does not tell. The same 403, or the same broken connection,
// is a wrong address, an expired signature, one request too many or an outage, by what was
// asked and by what else was going on. Whoever makes the request fills them in as it fails;
// status and Retry-After are in the Error.
type Facts struct {
	// What was asked.

	Ranged     bool  // a part of the file, [From, To); else all of it, in one answer
	From, To   int64 // To < 0: to the end
	NewRange   bool  // it is longer, or further from the beginning, than any that its origin has served
	Instead    bool  // all of it, since ranges are refused
	Redirected bool  // at the address that an earlier redirect had led to, not at the URL as given

	// What came.

	Answered  bool // an answer to be written, of which the body broke off or stood still
	Little    bool // and next to nothing has come of what it was to bring
	Elsewhere bool // what failed is another origin than the one that was asked: it sent us there

	// What else was true at that moment, of the origin that was reached. The request itself does
	// not count.

	Served       bool // the URL has served this file before
	OriginServed bool // the origin has served, now or in an earlier Start
	PlainInVain  bool // URLs of the origin that refuse a range have been seen to refuse to be asked without
	ShortInVain  bool // and one has refused a short range as well, and none was ever served
	Serving      int  // answers of the origin that are arriving
	InFlight     int  // requests that are on their way to it, or being served
	Bringing     bool // another connection of this file to this source brings bytes, or is about to
	Lately       bool // one did until a second ago, and its place there may not be free yet
	JustNow      bool // or until a tenth of one
	Awaited      bool // another has been asked for, and has yet to bring its first byte
	Spare        bool // another source of the file could be asked now
}

// TooMany reports whether a failure may mean that its origin had too many requests already:
// others are being served, or the file is, and this one came to next to nothing.
func (at Facts) TooMany(e *Error) bool {
	if at.Serving == 0 && !at.Bringing || at.Answered && !at.Little {
		return false
	}
	switch {
	case e.Class == Closed, e.Class == Timeout, e.Class == Interrupted, at.Answered:
		return true
	case e.Class == Busy:
		return e.Status == 0 || at.Bringing
	case e.Status >= 400:
		return at.Bringing || at.Served && !Lacks(e.Status)
	}
	return at.Bringing && (e.Class == Mismatched || e.Class == Dubious || e.Class == Permanent)
}
