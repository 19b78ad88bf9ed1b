package partfile_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/crashfs"
	"github.com/littledl/littledl/internal/partfile"
	"github.com/littledl/littledl/internal/replay"
	"github.com/littledl/littledl/internal/span"
)

// moment is the disk before one operation, and what was known to be safe then.
type moment struct {
	fs            *crashfs.FS
	op            crashfs.Op
	noted, synced span.Set
	version       int
	cut           bool // the power was cut before
	named         bool // the part was about to get its name
}

// end is one way in which a process ends at a moment.
type end struct {
	name  string
	power bool
	after func(m moment, r *rand.Rand) *crashfs.FS
}

var ends = []end{
	{"killed", false, func(m moment, _ *rand.Rand) *crashfs.FS { return m.fs.Killed() }},
	{"killed in a write", false, func(m moment, r *rand.Rand) *crashfs.FS {
		if m.op.Kind != crashfs.Write {
			return nil
		}
		after := m.fs.Killed()
		after.Poke(m.op.Name, m.op.Data[:r.IntN(len(m.op.Data)+1)], m.op.Off)
		return after
	}},
	{"only what was synced", true, func(m moment, _ *rand.Rand) *crashfs.FS { return m.fs.Cut() }},
	{"any part", true, func(m moment, r *rand.Rand) *crashfs.FS { return m.fs.CutAt(r) }},
	{"another part", true, func(m moment, r *rand.Rand) *crashfs.FS { return m.fs.CutAt(r) }},
	{"a third part", true, func(m moment, r *rand.Rand) *crashfs.FS { return m.fs.CutAt(r) }},
}

// TestCrashEverywhere is 88 and 89 of the catalogue for the part file alone: a download
// crashes before every single operation on its disk, in every way, and what comes next
// is looked at, as is a crash of the process that goes on from there.
func TestCrashEverywhere(t *testing.T) {
	seed, stories := replay.Seed(t), uint64(10)
	if os.Getenv("LITTLEDL_CRASH") == "all" {
		stories = 400
	}
	if raceEnabled {
		stories /= 5
	}
	began, cases := time.Now(), 0
	for i := range stories {
		story := seed + i
		ok := t.Run(strconv.FormatUint(story, 10), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // time stands still
				cases += tellStory(t, story)
			})
		})
		if !ok {
			t.Logf("LITTLEDL_SEED=%d repeats it", story)
			return
		}
	}
	took := time.Since(began)
	t.Logf("%d crashes in %v, %.0f a second", cases, took.Round(time.Millisecond), float64(cases)/took.Seconds())
}

// tellStory lets one download crash everywhere and returns how many crashes that were.
func tellStory(t *testing.T, seed uint64) (cases int) {
	r := rand.New(rand.NewPCG(seed, 1))
	s := drawSetting(r)
	first, moments := undisturbed(t, s, r)
	moments = append(moments, first.moment(crashfs.Op{Kind: "end"}))
	finished(t, first)

	for at, m := range moments {
		for _, e := range ends {
			after := e.after(m, r)
			if after == nil {
				continue
			}
			cases++
			told := fmt.Sprintf("%v: operation %d, %s %s: %s", s, at, m.op.Kind, m.op.Name, e.name)
			again := recoverFrom(t, s, m, e, after, r, told)
			if again == nil {
				continue
			}
			for _, e := range ends[:4] { // and again, while it goes on
				if after := e.after(*again, r); after != nil {
					cases++
					recoverFrom(t, s, *again, e, after, r, told+", then "+string(again.op.Kind)+" "+again.op.Name+": "+e.name)
				}
			}
		}
	}
	return cases
}

// undisturbed is a download that nothing happens to, and the moments before each of its
// operations.
func undisturbed(t *testing.T, s setting, r *rand.Rand) (first *model, moments []moment) {
	disk := crashfs.New(s.traits)
	if s.old {
		disk.Put(modelName, s.theirs())
	}
	first = &model{setting: s, t: t, r: r, fs: disk, version: 1}
	first.before = func(op crashfs.Op) { moments = append(moments, first.moment(op)) }
	first.run()
	return first, moments
}

func (m *model) moment(op crashfs.Op) moment {
	op.Data = bytes.Clone(op.Data)
	return moment{m.fs.Clone(), op, clone(&m.noted), clone(&m.synced), m.version, m.cut, m.named}
}

// recoverFrom checks what a crash has left and lets another process go on. It returns
// some moment of that.
func recoverFrom(t *testing.T, s setting, m moment, e end, disk *crashfs.FS, r *rand.Rand, told string) (some *moment) {
	t.Helper()
	defer func() {
		if t.Failed() {
			t.Log(told)
		}
	}()
	cut := m.cut || e.power
	complete := checkNames(t, s, disk, cut)
	next := &model{setting: s, t: t, r: r, fs: disk, version: m.version, cut: cut}
	if r.IntN(6) == 0 {
		next.version++ // the server has another file by now
	}
	at := r.IntN(50)
	next.before = func(op crashfs.Op) {
		if at--; at == 0 {
			m := next.moment(op)
			some = &m
		}
	}
	next.changes = false
	next.run()
	finished(t, next)
	if next.version != m.version || complete || e.power && m.named && !s.durable {
		return some
	}
	safe := m.noted
	if e.power {
		safe = m.synced
	}
	for _, r := range safe.Ranges() {
		require.True(t, next.adopted.Contains(r.Lo, r.Hi), "[%d, %d) was noted and is fetched again; adopted: %v", r.Lo, r.Hi, next.adopted.Ranges())
	}
	return some
}

// checkNames is the promise about final names after a crash: they show the complete
// content of one version, or what the user had there. Without durable a power cut may
// take any of the blocks of a file that was published, but puts nothing else in there.
// Complete: a version is there.
func checkNames(t *testing.T, s setting, disk *crashfs.FS, power bool) (complete bool) {
	t.Helper()
	theirs := false
	for _, name := range disk.List() {
		if partfile.IsOurs(name) {
			continue
		}
		got := disk.Content(name)
		switch {
		case s.old && name == modelName && bytes.Equal(got, s.theirs()):
			theirs = true
		case isVersion(s, got):
			complete = true
			theirs = theirs || s.replace
		case power && !s.durable && isTorn(s, got):
			theirs = theirs || s.replace
			complete = true // was
		case s.placeholder() && len(got) == 0:
		default:
			require.Fail(t, "wrong content", "%s has %d bytes of nothing known", name, len(got))
		}
	}
	require.True(t, theirs || !s.old, "the user's file is lost")
	return complete
}

func isVersion(s setting, got []byte) bool {
	for v := 1; v < 5; v++ {
		if bytes.Equal(got, s.content(v)) {
			return true
		}
	}
	return false
}

// isTorn: each byte is right, or zero, up to where it ends.
func isTorn(s setting, got []byte) bool {
	for v := 1; v < 5; v++ {
		want := s.content(v)
		ok := len(got) <= len(want)
		for i := 0; ok && i < len(got); i++ {
			ok = got[i] == want[i] || got[i] == 0
		}
		if ok {
			return true
		}
	}
	return false
}

// finished is the promise about a download that has completed.
func finished(t *testing.T, m *model) {
	t.Helper()
	check := func(disk *crashfs.FS) {
		t.Helper()
		checkNames(t, m.setting, disk, m.cut)
		found := false
		for _, name := range disk.List() {
			if bytes.Equal(disk.Content(name), m.content(m.version)) && !partfile.IsOurs(name) {
				found = found || disk.ModTime(name).Equal(modelTime) || m.cut && !m.durable
			}
		}
		require.True(t, found, "the file is not there: %v", disk.List())
	}
	check(m.fs)
	for _, name := range m.fs.List() {
		require.False(t, partfile.IsOurs(name), "%s is left behind", name)
	}
	require.Zero(t, m.fs.OpenFiles(), "files are left open")
	if m.durable {
		check(m.fs.Cut())
	}
}
