package cluster

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// prepare checks what was given, and makes the scratch directory ours.
func (w *Worker) prepare() (unlock func(), err error) {
	if w.Scratch == "" || w.Sink == nil {
		return nil, errors.New("give it a Scratch directory and a Sink")
	}
	if w.InFlight < 0 || w.InFlight > 4096 || w.Attempts < 0 || w.Drain < 0 {
		return nil, fmt.Errorf("InFlight %d, Attempts %d, Drain %v; none may be negative, and InFlight at most 4096", w.InFlight, w.Attempts, w.Drain)
	}
	w.InFlight, w.Attempts = cmp.Or(w.InFlight, 64), cmp.Or(w.Attempts, 5)
	if w.HostLimit == nil {
		w.HostLimit = func(string) int { return 6 }
	}
	if w.Log == nil {
		w.Log = slog.New(slog.DiscardHandler)
	}
	if w.Name == "" {
		host, _ := os.Hostname()
		path, _ := filepath.Abs(w.Scratch)
		w.Name = fmt.Sprintf("w-%x", hash64(host+" "+path))
	}
	if err := errors.Join(checkName("worker", w.Name), os.MkdirAll(w.Scratch, 0o755)); err != nil {
		return nil, err
	}
	lock := flock.New(filepath.Join(w.Scratch, ".lock"))
	if ok, err := lock.TryLock(); err != nil || !ok {
		return nil, errors.Join(fmt.Errorf("%s is another worker's scratch directory; give this one its own", w.Scratch), err)
	}
	sweep(w.Scratch)
	return func() { _ = lock.Unlock() }, nil
}

// sweep removes, as far as that is possible, the directories of batches in which nothing was begun for a week.
func sweep(dir string) {
	all, _ := os.ReadDir(dir)
	for _, d := range all {
		if i, err := d.Info(); err == nil && d.IsDir() && time.Since(i.ModTime()) > 7*24*time.Hour {
			_ = os.RemoveAll(filepath.Join(dir, d.Name()))
		}
	}
}
