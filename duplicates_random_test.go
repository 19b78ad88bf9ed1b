package littledl_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
	"github.com/littledl/littledl/internal/replay"
)

// repeating is a batch to which a few URLs are added again and again, while what was
// fetched is deleted and damaged.
type repeating struct {
	*bed
	*rand.Rand
	d       *littledl.BatchDownloader
	files   []*faultserver.File
	of      map[string]*faultserver.File // by task
	added   map[string]int               // when, by task
	touched map[string]int               // when last, by path
	now     int
	late    int // how many may still be added while a Start runs
}

// TestRepetitionAtRandom: whatever comes again in whatever order, a task that is told to be
// complete has the right file, unless somebody has touched that since it was added.
func TestRepetitionAtRandom(t *testing.T) {
	seed := replay.Seed(t)
	for i := range 30 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			inBoth(t, func(b *bed) {
				b.opts = nil
				r := &repeating{
					bed: b, Rand: rand.New(rand.NewPCG(seed, uint64(i))),
					of: map[string]*faultserver.File{}, added: map[string]int{}, touched: map[string]int{},
				}
				r.play()
			})
		})
	}
}

func (r *repeating) play() {
	r.conf.Overwrite = []littledl.OverwritePolicy{littledl.OverwriteRename, littledl.OverwriteReplace, littledl.OverwriteError}[r.IntN(3)]
	r.bed.files = 1 + r.IntN(4)
	for i := range 4 {
		name := fmt.Sprint(i, "/a.bin")
		if r.conf.Overwrite == littledl.OverwriteReplace { // who comes later has the name and the place, too
			name = fmt.Sprint("a", i, ".bin")
		}
		seed := []string{"one", "two"}[i/2] // of two each the content is the same
		r.files = append(r.files, r.srv.File(name, faultserver.Size(int64(1000*(1+i/2))), faultserver.Seed(seed)))
	}
	r.d = r.another()
	r.d.SetFileCompleteCallback(r.told)
	for range 5 {
		for range 1 + r.IntN(5) {
			r.add()
		}
		r.late = 8
		err := r.run(r.d)
		if err == nil {
			p := r.d.GetProgress()
			require.Equal(r, p.TotalBytes, p.DownloadedBytes)
			require.EqualValues(r, 100, p.Progress())
		}
		require.Zero(r, r.d.GetStats().PendingFiles)
		for range r.IntN(3) {
			r.touch()
		}
	}
}

// add queues one of the URLs, in one of many ways.
func (r *repeating) add() {
	r.now++
	f := r.files[r.IntN(len(r.files))]
	opts := []littledl.URLOption{littledl.WithSavePath([]string{r.dir, r.dir + "/", r.dir + "/sub"}[r.IntN(3)]), littledl.WithPriority(r.IntN(3))}
	if r.IntN(3) == 0 {
		opts = append(opts, littledl.WithHash("sha256", f.Sum()))
	}
	if r.IntN(4) == 0 {
		opts = append(opts, littledl.WithFilename(fmt.Sprint("given", r.IntN(3), f.Content().Size())))
	}
	id, err := r.d.AddURL(f.URL(), opts...)
	if err == nil {
		r.of[id], r.added[id] = f, r.now
	}
}

// touch does something to a file that some task has completed.
func (r *repeating) touch() {
	var paths []string
	for _, task := range r.d.GetAllTasks() {
		if task.IsCompleted() {
			paths = append(paths, task.Path())
		}
	}
	if len(paths) == 0 {
		return
	}
	path := paths[r.IntN(len(paths))]
	r.now++
	r.touched[path] = r.now
	if r.IntN(2) == 0 {
		_ = os.Remove(path)
	} else if _, err := os.Stat(path); err == nil {
		_ = os.WriteFile(path, make([]byte, 1000), 0o600)
	}
}

func (r *repeating) told(task littledl.FileTask) {
	if task.IsCompleted() && r.touched[task.Path()] < r.added[task.TaskID] {
		have, err := os.ReadFile(task.Path())
		if err != nil || !bytes.Equal(have, faultserver.Bytes(r.of[task.TaskID].Content())) {
			r.Errorf("%s of %s is wrong: %d bytes, %v", task.Path(), task.URL, len(have), err)
		}
	}
	if r.late == 0 {
		return
	}
	r.late--
	time.Sleep(time.Millisecond)
	switch r.IntN(6) {
	case 0, 1:
		r.touch()
		r.add()
	case 2:
		r.add()
	case 3:
		r.touch()
	case 4:
		if r.IntN(3) == 0 {
			_ = r.d.Cancel()
		}
	}
}
