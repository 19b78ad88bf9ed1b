package littledl_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	. "github.com/littledl/littledl/internal/faultserver"
)

// killer lets processes download from a server in this one, and kills them.
type killer struct {
	*testing.T
	srv  *Server
	rand *rand.Rand
	hits atomic.Int64
	nth  int
}

// victim is what a process is told to download.
type victim struct {
	Dir      string
	Enhanced bool
	Files    []victimFile
}

type victimFile struct{ URL, Hash string }

// victimEnv holds the victim, as JSON, for the process that is one.
const victimEnv = "LITTLEDL_VICTIM"

func newKiller(t *testing.T, seed uint64) *killer {
	return &killer{T: t, srv: Start(t), rand: rand.New(rand.NewPCG(seed, 1))}
}

// bearable are the mishaps that cost no more than a moment of real time.
func bearable() (all []mishap) {
	for _, m := range mishaps {
		if slices.Contains([]string{"good", "reset", "short", "range ignored", "reset now", "empty reply", "chunked, cut", "at most", "lying range", "416", "partial 200"}, m.name) {
			all = append(all, m)
		}
	}
	return all
}

// scenario has some files downloaded by one process after the other, of which the last
// alone is not killed.
func (k *killer) scenario(n *tally) {
	k.nth++
	v := victim{Dir: k.TempDir(), Enhanced: k.rand.IntN(2) == 0}
	defer os.RemoveAll(v.Dir) // TempDir's own end is that of the test
	want := map[string]Content{}
	for i := range 2 + k.rand.IntN(4) {
		size := k.rand.Int64N(400 * kib)
		if i == 0 {
			size = 5*mib + k.rand.Int64N(3*mib)
		}
		var turns []Behaviour
		for range k.rand.IntN(4) {
			m := bearable()[k.rand.IntN(len(bearable()))]
			turns = append(turns, m.make(arg{k.rand.IntN(256), size}))
		}
		name := fmt.Sprintf("k%d/f%d.bin", k.nth, i)
		f := k.srv.File(name, Size(size), Behave(Slow(size*int64(1+k.rand.IntN(4))/4+kib), inTurn(&k.hits, false, turns...)))
		file := victimFile{URL: f.URL()}
		if k.rand.IntN(3) == 0 {
			file.Hash = f.Sum()
		}
		v.Files = append(v.Files, file)
		want[fmt.Sprintf("f%d.bin", i)] = f.Content()
	}
	for range k.rand.IntN(4) {
		out, killed := k.download(v, time.Duration(k.rand.IntN(800))*time.Millisecond)
		n.runs++
		if killed {
			n.kills++
		} else if out != "" {
			k.Logf("a process that was not killed failed: %s", out)
		}
		k.check(n, v, want, false)
	}
	for i := range v.Files {
		k.srv.Lookup(fmt.Sprintf("k%d/f%d.bin", k.nth, i)).Behave()
	}
	if out, _ := k.download(v, time.Minute); out != "" {
		n.wrong++
		k.Errorf("the last process failed: %s", out)
	}
	n.runs++
	n.files += len(want)
	n.mishaps += int(k.hits.Swap(0))
	k.check(n, v, want, true)
	k.srv.ResetRecords()
}

// download runs a process, for some time at most, and tells why it failed, if it did.
func (k *killer) download(v victim, most time.Duration) (failure string, killed bool) {
	env, err := json.Marshal(v)
	require.NoError(k, err)
	cmd := exec.Command(os.Args[0], "-test.run=^TestVictim$", "-test.timeout=2m")
	cmd.Env = append(os.Environ(), victimEnv+"="+string(env))
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	require.NoError(k, cmd.Start())
	timer := time.AfterFunc(most, func() { _ = cmd.Process.Kill() })
	err = cmd.Wait()
	if !timer.Stop() {
		return "killed", true
	}
	if err != nil {
		return fmt.Sprintf("%v: %s", err, out.String()), false
	}
	return "", false
}

// check: no name ever has anything but the whole file, and in the end all have. What a
// killed process left under a name of its own may stay.
func (k *killer) check(n *tally, v victim, want map[string]Content, complete bool) {
	entries, err := os.ReadDir(v.Dir)
	require.NoError(k, err)
	finals := 0
	for _, e := range entries {
		c, known := want[e.Name()]
		if isPart(e.Name()) {
			continue
		}
		finals++
		switch {
		case !known:
			n.wrong++
			k.Errorf("%s is in the directory", e.Name())
		default:
			if err := same(filepath.Join(v.Dir, e.Name()), []Content{c}, false); err != nil {
				n.wrong++
				k.Errorf("%s is wrong after a kill: %v", e.Name(), err)
			}
		}
	}
	if complete && finals != len(want) {
		n.wrong++
		k.Errorf("%d files of %d", finals, len(want))
	}
}

// TestVictim is the process that is killed. Where it is not, it must leave nothing open.
func TestVictim(t *testing.T) {
	env := os.Getenv(victimEnv)
	if env == "" {
		t.Skip("it is what TestSoak runs and kills")
	}
	var v victim
	require.NoError(t, json.Unmarshal([]byte(env), &v))
	before := runtime.NumGoroutine()
	var d downloader
	var err error
	conf := littledl.WithConfig(littledl.DownloadConfig{
		MinChunkSize: 64 * kib, StallTimeout: 5 * time.Second,
		Retry: littledl.RetryConfig{BaseDelay: time.Millisecond, MaxDelay: time.Second, MaxElapsed: 10 * time.Second},
	})
	if v.Enhanced {
		d, err = littledl.NewEnhancedBatchDownloader(conf)
	} else {
		d, err = littledl.NewBatchDownloader(conf)
	}
	require.NoError(t, err)
	for _, f := range v.Files {
		opts := []littledl.URLOption{littledl.WithSavePath(v.Dir)}
		if f.Hash != "" {
			opts = append(opts, littledl.WithHash("sha256", f.Hash))
		}
		_, err := d.AddURL(f.URL, opts...)
		require.NoError(t, err)
	}
	require.NoError(t, d.Start(t.Context()))
	require.Empty(t, openBelow(v.Dir))
	require.Zero(t, leak(before, runtime.NumGoroutine), "goroutines are left")
}
