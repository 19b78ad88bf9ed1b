package littledl_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	. "github.com/littledl/littledl/internal/faultserver"
)

// longer picks requests for more than so many bytes, be it for all of the file.
func longer(n int64) func(*Request) bool {
	return func(r *Request) bool {
		return r.Range != nil && (r.Range.Last < 0 || r.Range.Last-r.Range.First+1 > n)
	}
}

func asksRange(r *Request) bool { return r.Range != nil }

func notRanged(r *Request) bool { return r.Range == nil && r.Method == "GET" }

// 133: a range is refused with a status of some other meaning, where all of the file, or less of it,
// is not.
func TestRangesRefused(t *testing.T) {
	t.Parallel()
	var rows []fault
	for i, code := range []int{400, 403, 405, 406, 409, 412, 413, 431, 451, 501, 505} {
		refused := Status(code)
		rows = append(rows,
			fault{name: fmt.Sprintf("133 %d to any", code), does: always(When(asksRange, refused)), gets: 2, within: 2 * time.Second, restarts: 1},
			fault{name: fmt.Sprintf("133 %d to any, small", code), file: []FileOption{Size(1000)}, does: always(When(asksRange, refused)), gets: 2, within: 2 * time.Second},
			fault{name: fmt.Sprintf("133 %d to long ones", code), does: always(When(longer(mib), refused)), gets: 2, within: 2 * time.Second, restarts: 1},
			fault{name: fmt.Sprintf("133 %d to long ones, and to none", code), does: []Behaviour{When(longer(mib), refused), When(notRanged, refused)}, least: 10, gets: 13, within: 4 * time.Second})
		if !underRace || i%3 == 0 { // nothing here depends on the word
			rows = append(rows, fault{name: fmt.Sprintf("133 %d to longer ones", code), file: []FileOption{Size(40 * mib)}, does: always(When(longer(6*mib), refused)), least: 6, gets: 20, within: 10 * time.Second})
		}
	}
	for _, code := range []int{500, 502, 503} {
		rows = append(rows, fault{name: fmt.Sprintf("133 %d to any", code), does: always(When(asksRange, Status(code))), least: 4, gets: 5, within: 30 * time.Second, restarts: 1})
	}
	testFaults(t, rows)
}

// 210: long ranges are refused, and so is all of a file, by a host that many files are fetched from
// at once: none fails for what was refused to the others.
func TestLongRangesRefusedToMany(t *testing.T) {
	t.Parallel()
	for _, code := range []int{400, 403, 413, 501} {
		t.Run(fmt.Sprintf("210 %d", code), func(t *testing.T) {
			inBoth(t, func(b *bed) {
				for i := range 12 { // answers come in another order than they were asked for
					late := Delay(time.Duration(i%5) * 30 * time.Millisecond)
					refused := Behave(When(longer(mib), late), When(longer(mib), Status(code)), When(notRanged, Status(code)))
					b.add(b.srv.File(fmt.Sprintf("%d.bin", i), Size(3*mib), refused))
				}
				require.NoError(b, b.start())
				refusals := 0
				for _, r := range b.srv.GETs() {
					if r.Status == code {
						refusals++
					}
				}
				require.LessOrEqual(b, refusals, 2*5, "the habit is remembered")
			})
		})
	}
}

// 211: ranges are refused, or long ones are, where another process has left a part: the part is gone
// on from where that is possible, and never given up for a refusal.
func TestRangesRefusedToAResume(t *testing.T) {
	t.Parallel()
	for _, code := range []int{400, 403, 413, 501, 500, 502, 503} {
		refused := Status(code)
		for name, does := range map[string][]Behaviour{
			"any":                   {When(asksRange, refused)},
			"long ones, and to all": {When(longer(mib), refused), When(notRanged, refused)},
		} {
			t.Run(fmt.Sprintf("211 %d to %s", code, name), func(t *testing.T) {
				inBoth(t, func(b *bed) {
					f := b.leave()
					had := b.d.GetAllTasks()[0].Downloaded
					require.NotZero(b, had)
					f.Set(Behave(does...))
					before, began := len(b.srv.GETs()), time.Now()
					b.anew(f)
					require.Less(b, time.Since(began), 75*time.Second)
					var sent int64
					for _, r := range b.srv.GETs()[before:] {
						sent += r.Sent
					}
					if len(does) > 1 {
						require.Less(b, sent, f.Content().Size()-had+mib, "what was there is fetched again")
					}
					require.Less(b, len(b.srv.GETs())-before, 30)
				})
			})
		}
	}
}

// 134: what was found out of a host is known for its other files; where a plain request did not help,
// either, dead ones cost one request.
func TestRefusedRangesAreRemembered(t *testing.T) {
	t.Run("plain", func(t *testing.T) {
		inBoth(t, func(b *bed) {
			b.files = 1
			for i := range 20 {
				b.add(b.srv.File(fmt.Sprintf("%d.bin", i), Size(100*kib), Behave(When(asksRange, Status(403)))))
			}
			b.restarts = 20
			require.NoError(b, b.start())
			require.LessOrEqual(b, len(b.srv.GETs()), 21)
		})
	})
	t.Run("in vain", func(t *testing.T) {
		inBoth(t, func(b *bed) {
			for i := range 200 {
				b.add(b.srv.File(fmt.Sprintf("%d.bin", i), Size(100*kib), Behave(Status(403))))
			}
			require.Equal(b, 403, statusOf(b.start()))
			require.LessOrEqual(b, len(b.srv.GETs()), 200+2*5)
		})
	})
	t.Run("dead list", func(t *testing.T) {
		inBoth(t, func(b *bed) {
			for i := range 300 {
				b.add(b.srv.File(fmt.Sprintf("%d.bin", i), Size(100*kib), Behave(Status(404))))
			}
			require.Equal(b, 404, statusOf(b.start()))
			require.Len(b, b.srv.GETs(), 300)
		})
	})
}
