package names

import "github.com/littledl/littledl/internal/safename"

// How the names that several tasks are after are numbered.

// series is how far a name has been numbered, so that nobody has to search from 1.
type series struct {
	next  int32 // the number behind all that have been given
	freed int32 // the lowest of those that is free again, as far as is known; 0: none

	behind bool // what was given is not known any more: nobody asks for it again
}

type number struct {
	of *series
	n  int32
}

// maxNumbered is up to which "name (n)" the numbers are tried one by one.
const maxNumbered = 100

// nextFree finds a free number of a name.
func (n *Registry) nextFree(seq int32, dir, name string) (int32, nameKey) {
	s := n.seriesOf(dir, name)
	i := s.freed
	s.freed = 0
	k := n.key(dir, safename.Numbered(name, int(i)))
	if i > 0 && n.use(k).free(seq) {
		if i+1 < s.next {
			s.freed = i + 1 // perhaps
		}
		return i, k
	}
	for i = s.next; ; i++ {
		if k = n.key(dir, safename.Numbered(name, int(i))); n.use(k).free(seq) {
			s.next = i + 1
			n.numbers[k] = number{s, i}
			return i, k
		}
	}
}

// seriesOf is the series of a name, which begins with the first call.
func (n *Registry) seriesOf(dir, name string) *series {
	k := n.key(dir, name)
	s := n.series[k]
	if s == nil {
		s = &series{next: 1}
		n.series[k] = s
	}
	return s
}

// behind reports whether a name goes on behind its last number.
func (n *Registry) behind(dir, name string) bool {
	if len(n.series) == 0 {
		return false
	}
	s := n.series[n.key(dir, name)]
	return s != nil && s.behind
}

// Numbered reports whether several tasks have been after one name at once.
func (n *Registry) Numbered(dir, name string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.series[n.key(dir, name)] != nil
}

// Claim keeps the first free form of a name, "name", "name (1)", …, from the number on,
// for a task that looks at what has it already, and returns it with its number.
func (n *Registry) Claim(seq int32, dir, name string, number int) (string, int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for ; ; number++ {
		if number > maxNumbered {
			s := n.seriesOf(dir, name)
			number = max(number, int(s.next))
			s.next = int32(number) + 1
		}
		c := safename.Numbered(name, number)
		k := n.key(dir, c)
		if u := n.use(k); u.free(seq) {
			u.claim = -(seq + 1)
			n.put(k, u)
			return c, number
		}
	}
}
