package littledl_test

import (
	"time"

	"github.com/littledl/littledl"
)

// What worlds do in callbacks, and beside.

// callBack has callbacks do something now and then.
func (w *world) callBack() {
	w.conf.ForgetEnded = w.rnd.IntN(4) == 0
	w.option(littledl.WithProgressCallback(w.progress), littledl.WithFileCompleteCallback(w.ended))
	w.acts = w.rnd.IntN(2) * w.rnd.IntN(12)
}

// progress checks that what is told adds up.
func (w *world) progress(completed, total int, _ float64, _ time.Duration) {
	if p := w.d.GetProgress(); completed > total || p.Progress() < 0 || p.Progress() > 100 || p.CompletedFiles+p.FailedFiles > p.TotalFiles || p.DownloadedBytes < 0 {
		w.Errorf("%d of %d, %+v", completed, total, p)
	}
}

// ended checks a task that has just ended, and does something about it.
func (w *world) ended(t littledl.FileTask) {
	w.right(t)
	if !t.IsCompleted() && !t.IsFailed() && t.Status != littledl.StatusCancelled {
		w.Errorf("it has not ended: %+v", t)
	}
	if w.acts == 0 {
		return
	}
	w.acts--
	switch w.roll(8) {
	case 0:
		_ = w.d.ResumeTask(t.TaskID)
	case 1:
		_ = w.d.Remove(t.TaskID)
	case 2:
		time.Sleep(w.dices(1500))
	case 3:
		_ = w.d.PauseTask(t.TaskID)
	case 4:
		o := t.Tag.(*offered)
		if o.to == nil && o.at == nil {
			_, _ = w.d.AddURL(t.URL, o.opts...)
		}
	case 5:
		_ = w.d.Pause()
		time.AfterFunc(w.dices(1500), func() { _ = w.d.Resume() })
	}
}

// pester asks for everything there is to know at random moments.
func (w *world) pester() {
	for range w.rnd.IntN(8) {
		time.AfterFunc(w.dices(10_000), func() {
			s := w.d.GetStats()
			if s.CompletedFiles+s.FailedFiles+s.ActiveFiles+s.PendingFiles > s.TotalFiles || s.PendingFiles < 0 || s.ActiveFiles < 0 || s.ActiveThreads < 0 {
				w.Errorf("%+v", s)
			}
			for _, h := range w.d.GetHosts() {
				if h.InFlight < 0 || h.Allowed < 0 {
					w.Errorf("%+v", h)
				}
			}
			for _, t := range w.d.GetActiveTasks() {
				w.covers(t)
			}
		})
	}
}

// covers checks that the segments of a task are the whole file.
func (w *world) covers(t littledl.FileTask) {
	all, _ := w.d.GetSegments(t.TaskID)
	at := int64(0)
	for _, s := range all {
		if s.Start != at || s.Done < 0 || s.End >= 0 && s.Done > s.End-s.Start {
			w.Errorf("%+v of %+v", all, t)
			return
		}
		at = s.End
	}
}
