package recovery

// A URL that has expired, for which the caller may have a fresh one.

// Gen goes back with the outcome of what is asked of a source now.
func (f *File) Gen(i int) int { return f.source(i).gen }

// expires reports whether the caller is to be asked for a fresh URL, before anybody else is.
func (f *File) expires() bool {
	return f.first.expired && f.first.standing == Active && !f.barred(0)
}

// Refreshed notes that he has given one.
func (f *File) Refreshed() {
	f.trace.add(Step{Call: callRefreshed})
	s := &f.first
	s.expired, s.refreshed, s.renewed = false, true, false
	s.gen++
}
