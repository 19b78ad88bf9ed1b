package recovery

import (
	"fmt"
	"slices"
	"time"

	"github.com/littledl/littledl/internal/fail"
	"github.com/littledl/littledl/internal/health"
	"github.com/littledl/littledl/internal/wait"
)

// outcome of a request: what it is called, and what it does to a world. False: it is not
// possible there.
type happening struct {
	name string
	do   func(r *rules, w *world, x *worker, now time.Duration) bool
}

// failures are all errors that the explorer knows, so that worlds with the same one are equal.
var failures = map[string]*fail.Error{}

func failure(c fail.Class, ask time.Duration) *fail.Error {
	name := fmt.Sprint(c, ask)
	if failures[name] == nil {
		failures[name] = &fail.Error{Class: c, RetryAfter: ask, Asked: ask > 0}
		if c == fail.ServerError || c == fail.Permanent || c == fail.Expired {
			failures[name].Status = 400
		}
	}
	return failures[name]
}

// happenings are what a request may come to.
func (r *rules) happenings(compare bool) (all []happening) {
	if compare {
		for _, same := range []bool{true, false} {
			all = append(all, happening{fmt.Sprint("compared, same ", same), func(r *rules, w *world, x *worker, now time.Duration) bool {
				serves(&w.o[x.source], now)
				r.file(w, func(f *File) { f.Compared(x.source, x.gen, same) })
				return true
			}})
		}
	} else {
		all = append(all, good("serves", 1, false, false), good("serves whole", 1, false, true), good("serves a short answer", 1, true, false))
		if r.digest {
			all = append(all, happening{"serves, and another had lied", func(r *rules, w *world, x *worker, now time.Duration) bool {
				if w.isolated == 0 {
					return false
				}
				r.file(w, func(f *File) {
					for j := range r.sources {
						f.Suspect(j)
					}
				})
				return serve(r, w, x, now, 1, false, false)
			}})
		}
	}
	for c := range fail.Classes {
		if slices.Contains(r.without, c) || compare && c == fail.Displaced {
			continue
		}
		all = append(all, r.bad(c)...)
	}
	return all
}

func good(name string, n int64, short, whole bool) happening {
	return happening{name, func(r *rules, w *world, x *worker, now time.Duration) bool {
		return serve(r, w, x, now, n, short, whole)
	}}
}

func serves(h *health.Health, now time.Duration) {
	h.Useful(now)
	h.Done()
}

// serve is a request that comes to a good end. A stream, and what is taken for one, is all of
// the file.
func serve(r *rules, w *world, x *worker, now time.Duration, n int64, short, whole bool) bool {
	others, _ := r.inFlight(w)
	instead := w.src[x.source].instead && !w.stream && others == 0 // it is asked for all of the file
	if whole && (w.stream || (w.have > 0 || others > 0) && !instead) || short && (w.stream || w.have+n >= r.size) || instead && !whole {
		return false
	}
	serves(&w.o[x.source], now)
	r.file(w, func(f *File) {
		f.Answered(x.source, r.size, whole)
		f.Served(x.source, x.gen, now, n, short)
		if f.stream && !f.restarting {
			f.have, n = r.size, r.size
		}
	})
	if !w.restarting {
		w.given[x.source] += n
	}
	x.tries = wait.Tries{}
	r.invite(w)
	return true
}

// invite lets all serve at once, where that is the rule, as soon as anything is known.
func (r *rules) invite(w *world) {
	if r.parallel && w.open && !w.parallel && !w.stream && !w.restarting && w.isolated == 0 {
		r.file(w, func(f *File) { f.Invite(r.digest) })
	}
}

// bad is a request that fails: in all the ways in which one of a class may.
func (r *rules) bad(c fail.Class) (all []happening) {
	add := func(what string, ask time.Duration, do func(w *world, h *health.Health, e *Failure) bool) {
		why := failure(c, ask)
		all = append(all, happening{fmt.Sprint(c, " ", what), func(r *rules, w *world, x *worker, now time.Duration) bool {
			h := &w.o[x.source]
			e := Failure{Source: x.source, Gen: x.gen, Err: why, Start: x.start, Now: now, Jitter: 1, Tries: x.tries}
			if !do(w, h, &e) {
				return false
			}
			r.fail(w, x, &e)
			return true
		}})
	}
	plain := func(*world, *health.Health, *Failure) bool { return true }
	switch c {
	case fail.Interrupted, fail.Timeout, fail.ServerError, fail.Busy, fail.Closed, fail.Expired, fail.Permanent, fail.Mismatched, fail.Dubious:
		if r.lim.companions > 0 {
			add("beside bytes of the file", 0, func(w *world, h *health.Health, e *Failure) bool {
				e.Bringing = true
				return w.src[e.Source].pinned
			})
		}
		add("beside others of its origin", 0, func(w *world, h *health.Health, e *Failure) bool {
			e.Served = w.src[e.Source].pinned
			return e.Served && e.Err.Status > 0 && besideServed(w, h, e)
		})
		if r.lim.forms > 0 && (c == fail.Permanent || c == fail.ServerError) {
			add("of a new range", 0, newRange)
			add("of a new range, and all of it was refused to others", 0, func(w *world, h *health.Health, e *Failure) bool {
				e.PlainInVain = true
				return newRange(w, h, e) && w.have == 0
			})
			add("of a new range, and all forms were refused to others", 0, func(w *world, h *health.Health, e *Failure) bool {
				e.PlainInVain, e.ShortInVain = true, true
				return newRange(w, h, e) && w.have == 0
			})
		}
		if r.lim.forms > 0 && c == fail.ServerError && r.lim.MaxElapsed > unit { // there is time to wait for half of it
			add("of a new range, and of others", 0, func(w *world, h *health.Health, e *Failure) bool {
				e.Err = erred
				h.Erred(99, false, e.Start, e.Now, 1, r.lim.Limits)
				e.Verdict = h.Erred(uint64(e.Source+1), w.src[e.Source].pinned, e.Start, e.Now, 1, r.lim.Limits)
				return newRange(w, h, e)
			})
		}
		add("where a redirect had led", 0, func(w *world, h *health.Health, e *Failure) bool {
			e.Redirected = true
			return w.src[e.Source].pinned && !w.src[e.Source].renewed
		})
		if c == fail.Permanent {
			add("where a redirect leads", 0, func(w *world, h *health.Health, e *Failure) bool {
				e.Elsewhere = true
				return !w.src[e.Source].renewed
			})
		}
	}
	long := r.lim.MaxElapsed + 1
	switch c {
	case fail.Interrupted:
		for brought := range int64(2) {
			add(fmt.Sprint("after ", brought), 0, func(w *world, h *health.Health, e *Failure) bool {
				return r.breakOff(w, e, brought, false)
			})
		}
		add("of a whole answer", 0, func(w *world, h *health.Health, e *Failure) bool { return r.breakOff(w, e, 0, true) })
		add("before an answer", 0, plain)
	case fail.Timeout:
		add("", 0, func(w *world, h *health.Health, e *Failure) bool {
			h.Silent(e.Start, e.Now)
			return true
		})
		add("of a body", 0, func(w *world, h *health.Health, e *Failure) bool { return r.breakOff(w, e, 0, false) })
	case fail.TooSlow:
		for brought := range int64(2) {
			add(fmt.Sprint("after ", brought), 0, func(w *world, h *health.Health, e *Failure) bool {
				return r.breakOff(w, e, brought, false)
			})
		}
	case fail.ServerError:
		add("", 0, plain)
		erred := func(w *world, h *health.Health, e *Failure) bool {
			e.Verdict = h.Erred(uint64(e.Source+1), w.src[e.Source].pinned, e.Start, e.Now, 1, r.lim.Limits)
			return e.Verdict != health.Unknown
		}
		add("of the server", 0, erred)
		add("after another's", 0, func(w *world, h *health.Health, e *Failure) bool {
			h.Erred(99, false, e.Start, e.Now, 1, r.lim.Limits)
			return erred(w, h, e)
		})
		add("elsewhere, of the server", 0, func(w *world, h *health.Health, e *Failure) bool {
			e.Verdict = health.Outage
			return elsewhereFor(r.lim.Base)(w, h, e)
		})
		add("beside old answers", 0, func(w *world, h *health.Health, e *Failure) bool {
			h.Erred(99, false, e.Start, e.Now, 1, r.lim.Limits)
			h.Serving, e.Serving = h.Serving+1, 1
			defer h.Done()
			return erred(w, h, e)
		})
	case fail.Busy:
		for _, ask := range []time.Duration{0, r.lim.Base, long} {
			add(fmt.Sprint("for ", ask), ask, func(w *world, h *health.Health, e *Failure) bool {
				h.Heard(e.Now)
				h.Refused(e.Start, e.Now, max(ask, r.lim.Base), r.lim.Limits)
				return true
			})
		}
		add("beside others", 0, func(w *world, h *health.Health, e *Failure) bool { return besideServed(w, h, e) })
	case fail.Unreachable:
		add("", 0, func(w *world, h *health.Health, e *Failure) bool {
			h.Unreachable(e.Start, e.Now, 1, r.lim.Limits)
			return true
		})
		add("elsewhere", 0, elsewhereFor(0))
		add("elsewhere, which rests", 0, elsewhereFor(r.lim.Base))
	case fail.Closed:
		closed := func(w *world, h *health.Health, e *Failure) bool {
			e.Verdict = h.Closed(e.Start, e.Now, 0, 1, r.lim.Limits)
			return true
		}
		add("", 0, closed)
		add("beside others", 0, func(w *world, h *health.Health, e *Failure) bool { return besideServed(w, h, e) && closed(w, h, e) })
		add("beside old answers", 0, func(w *world, h *health.Health, e *Failure) bool {
			h.Serving, e.Serving = h.Serving+1, 1
			defer h.Done()
			return h.Served() && closed(w, h, e) && e.Verdict == health.Draining
		})
	default:
		add("", 0, plain)
	}
	return all
}

// elsewhereFor: where a redirect led is not to be asked for so long.
func elsewhereFor(rest time.Duration) func(*world, *health.Health, *Failure) bool {
	return func(_ *world, _ *health.Health, e *Failure) bool {
		e.Elsewhere, e.Rest = true, rest
		return true
	}
}

// erred is an error of the server's that may be an outage of all of it.
var erred = &fail.Error{Class: fail.ServerError, Status: 500}

// newRange is of a range that is longer, or further, than any that was served, or of all of the
// file instead.
func newRange(w *world, _ *health.Health, e *Failure) bool {
	s := &w.src[e.Source]
	e.Served, e.Instead = s.pinned, s.instead
	e.Ranged = !w.stream && !e.Instead
	e.NewRange = e.Ranged
	if e.From, e.To = w.have, w.have+2; s.most > 0 {
		e.To = w.have + min(2, s.most)
	}
	return e.Ranged || e.Instead
}

// besideServed: somebody else is served meanwhile.
func besideServed(w *world, h *health.Health, e *Failure) bool {
	if w.news == 0 {
		return false
	}
	w.news--
	serves(h, e.Start)
	e.Serving = 1
	return true
}

// breakOff is an answer of which the body ends early.
func (r *rules) breakOff(w *world, e *Failure, brought int64, whole bool) bool {
	n, _ := r.inFlight(w)
	if whole && (w.stream || w.have > 0 || n > 0) || !w.stream && w.have+brought >= r.size {
		return false
	}
	serves(&w.o[e.Source], e.Now)
	w.o[e.Source].Interrupted(e.Now)
	r.file(w, func(f *File) { f.Answered(e.Source, r.size, whole) })
	e.Answered, e.Brought = true, brought
	if !w.stream && !w.restarting {
		w.given[e.Source] += brought
	}
	return true
}

// fail tells the file.
func (r *rules) fail(w *world, x *worker, e *Failure) {
	r.file(w, func(f *File) { x.tries = f.Failed(*e, r.healths(w)) })
	if e.Err.Class == fail.Timeout && w.src[x.source].standing == Rejected {
		w.o[x.source].GaveUp()
	}
	r.invite(w)
}
