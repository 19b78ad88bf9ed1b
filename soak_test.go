package littledl_test

import (
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/littledl/littledl/internal/replay"
)

// soakTime says for how long TestSoak goes on; without it, it is over in a moment.
const soakTime = "LITTLEDL_SOAK"

// tally is what a soak adds up to.
type tally struct {
	scripts, succeeded, cancels, files, mishaps, runs, kills, wrong int
}

// TestSoak plays random scripts and kills processes that download, in turn, until the
// time is up. It goes on where something was wrong, and counts it.
func TestSoak(t *testing.T) {
	soak := 500 * time.Millisecond
	if s := os.Getenv(soakTime); s != "" {
		var err error
		if soak, err = time.ParseDuration(s); err != nil {
			t.Fatal(err)
		}
	}
	seed := replay.Seed(t)
	k := newKiller(t, seed)
	var n tally
	n.soakScript(t, seed) // what the first one brings to life for good is no leak
	k.scenario(&n)
	goroutines, descriptors := runtime.NumGoroutine(), countDescriptors()
	began, told := time.Now(), time.Now()
	for time.Since(began) < soak {
		killing := time.Now()
		k.scenario(&n)
		for cost := time.Since(killing); time.Since(killing) < 2*cost && time.Since(began) < soak; {
			seed++
			n.soakScript(t, seed)
		}
		if time.Since(told) > 10*time.Second {
			told = time.Now()
			t.Logf("%v: %+v, at seed %d", time.Since(began).Round(time.Second), n, seed)
		}
	}
	leakedGoroutines := leak(goroutines, runtime.NumGoroutine)
	leakedDescriptors := leak(descriptors, countDescriptors)
	t.Logf("%d scripts with %d cancels (%d came through at once), %d processes of which %d were killed, %d files, %d faults injected",
		n.scripts, n.cancels, n.succeeded, n.runs, n.kills, n.files, n.mishaps)
	t.Logf("wrong files: %d, leaked goroutines: %d, leaked descriptors: %d", n.wrong, leakedGoroutines, leakedDescriptors)
	if n.wrong+leakedGoroutines+leakedDescriptors > 0 {
		t.Fail()
	}
}

func (n *tally) soakScript(t *testing.T, seed uint64) {
	s := decode(randomScript(seed))
	out := play(t, s)
	n.scripts++
	n.cancels += s.cancels()
	n.files += out.files
	n.mishaps += out.mishaps
	if out.succeeded {
		n.succeeded++
	}
	if len(out.wrong) > 0 {
		n.wrong++
		t.Errorf("LITTLEDL_SEED=%d: %s\n%s", seed, strings.Join(out.wrong, "\n"), s)
	}
}

// leak is by how much a number stays above what it was; what is about to end may.
func leak(before int, count func() int) int {
	for range 50 {
		if count() <= before {
			return 0
		}
		runtime.GC()
		time.Sleep(20 * time.Millisecond)
	}
	return count() - before
}

// countDescriptors is 0 where the system does not tell.
func countDescriptors() int {
	entries, _ := os.ReadDir("/proc/self/fd")
	return len(entries)
}
