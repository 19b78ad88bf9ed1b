package budget

// lanes are the slots of a group, by number. The lowest that is free is given out, so that there
// are no more of them than were ever in use at once.
type lanes struct {
	all    []lane
	most   int // who may share one
	riders int // beside the first on each
}

type lane struct {
	users   int
	offered bool
	after   func() // is called when it is free
}

// take is a lane that nobody has.
func (l *lanes) take() int {
	n := 0
	for n < len(l.all) && l.all[n].users > 0 {
		n++
	}
	if n == len(l.all) {
		l.all = append(l.all, lane{})
	}
	l.all[n] = lane{users: 1}
	return n
}

// offer has others let on a lane.
func (l *lanes) offer(n int, after func()) { l.all[n].offered, l.all[n].after = true, after }

// board joins those on the lane that is offered and has the fewest; -1: there is no room on any.
func (l *lanes) board() int {
	best := -1
	for n, a := range l.all {
		if a.offered && a.users > 0 && a.users < l.most && (best < 0 || a.users < l.all[best].users) {
			best = n
		}
	}
	if best >= 0 {
		l.all[best].users++
		l.riders++
	}
	return best
}

// crowd is how many share a lane of others though nobody is to any more.
func (l *lanes) crowd() int {
	if l.most > 1 {
		return 0
	}
	return l.riders
}

// leave reports whether nobody is left on a lane, and returns what is to be called then.
func (l *lanes) leave(n int) (free bool, after func()) {
	a := &l.all[n]
	if a.users--; a.users > 0 {
		l.riders--
		return false, nil
	}
	after = a.after
	*a = lane{}
	return true, after
}
