package littledl_test

import (
	"slices"
	"time"

	"github.com/littledl/littledl"
)

// How bytes become a script: any bytes are one.

// dice are the bytes that a script is made from; behind them all throws are 0.
type dice []byte

func (d *dice) n(sides int) int {
	if len(*d) == 0 {
		return 0
	}
	v := int((*d)[0]) % sides
	*d = (*d)[1:]
	return v
}

// yes is true one time in so many.
func (d *dice) yes(in int) bool { return d.n(in) == in-1 }

// choose takes one of the first as often as any of all.
func (d *dice) choose(from []mishap, first int) chosen {
	if d.n(2) == 0 {
		from = from[:first]
	}
	i, n := d.n(len(from)), d.n(256)
	return chosen{&from[i], n}
}

// decode makes the script of some bytes.
func decode(raw []byte) *script {
	d := dice(raw)
	s := &script{raw: raw}
	s.enhanced = d.yes(2)
	if s.enhanced {
		s.mirrors = d.n(3)
		s.trusted = d.yes(4)
	}
	large := 0
	for range 1 + d.n(4) {
		f := d.file(s.mirrors)
		if f.size >= mib {
			if large++; large > 1 { // one of them is enough, and takes long enough
				f.size %= mib
			}
		}
		s.files = append(s.files, f)
	}
	for range d.n(4) {
		s.events = append(s.events, event{
			at:   time.Duration(d.n(256)) * 20 * time.Millisecond,
			what: happening(d.n(int(happenings))),
			long: time.Duration(1+d.n(30)) * 100 * time.Millisecond,
			file: d.n(len(s.files)),
		})
	}
	slices.SortStableFunc(s.events, func(a, b event) int { return int(a.at - b.at) })
	s.atOnce, s.chunks = 1+d.n(4), 1+d.n(6)
	s.total = []int{0, 0, 1, 2, 3, 6}[d.n(6)]
	s.perHost = []int{0, 0, 0, 1, 2}[d.n(5)]
	s.minChunk = []int64{64 * kib, 0, 4 * kib, 512 * kib}[d.n(4)]
	s.link = d.n(len(links))
	s.overwrite = littledl.OverwritePolicy(d.n(4))
	s.adaptive = !d.yes(3)
	s.durable, s.discard = d.yes(16), d.yes(4)
	if d.yes(8) {
		s.speed = 4 * mib
	}
	s.noReuse = s.enhanced && d.yes(4)
	s.makeFair()
	return s
}

func (d *dice) file(mirrors int) scriptFile {
	f := scriptFile{size: d.size()}
	f.hash = []int{0, 0, 0, 1, 1, 2}[d.n(6)]
	f.named, f.duplicate = d.yes(4), d.yes(6)
	f.planted = []planting{noPlanting, noPlanting, noPlanting, noPlanting, noPlanting, otherContent, sameContent, directory}[d.n(8)]
	for i := range 1 + mirrors {
		var s scriptSource
		for range d.n(4) {
			s.manners = append(s.manners, d.choose(manners, commonManners))
		}
		s.head = d.choose(heads, len(heads))
		for range []int{0, 1, 2, 3, 4, 5, 6, 10}[d.n(8)] {
			s.mishaps = append(s.mishaps, d.choose(mishaps, commonMishaps))
		}
		s.again = d.yes(12)
		s.other = i > 0 && d.yes(4)
		f.sources = append(f.sources, s)
	}
	return f
}

// size is small more often than not; from 5 MiB on a file is fetched in segments.
func (d *dice) size() int64 {
	class, n := d.n(16), int64(d.n(256))
	switch {
	case class == 1:
		return 0
	case class == 2:
		return n
	case class <= 9:
		return n * kib
	case class <= 12:
		return n*2*kib + 1
	case class == 13:
		return 5*mib - 128 + n
	}
	return 5*mib + n*6*kib
}
