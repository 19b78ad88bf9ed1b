package batch

import (
	"log/slog"

	"github.com/littledl/littledl/internal/origin"
	"github.com/littledl/littledl/internal/redact"
	"github.com/littledl/littledl/internal/segment"
	"github.com/littledl/littledl/internal/task"
	"github.com/littledl/littledl/internal/transfer"
)

// What files ask of the others: Run is their transfer.Batch.

// Idle implements transfer.Batch.
func (r *Run) Idle() int {
	if r.Share != nil {
		return r.Share.Idle()
	}
	return r.Slots.Usage().Idle()
}

// Bounds implements transfer.Batch.
func (r *Run) Bounds() *transfer.Bounds { return &r.limits.Load().bounds }

// Files implements transfer.Batch.
func (r *Run) Files() int {
	if r.Share == nil {
		return r.Table.Files()
	}
	return r.Share.Files()
}

// Cut implements transfer.Batch.
func (r *Run) Cut(c transfer.Cut) (segment.Layout, int) { return r.Config.Cut(c) }

// MayGrow implements transfer.Batch: not while small files wait for the file's place, nor
// while it is being found out whether they do.
func (r *Run) MayGrow(priority int32, small bool) bool {
	if r.Table.Preempts(priority, small) {
		return false
	}
	return !r.Table.Crowded() || r.prober.isSettled()
}

// Settled implements transfer.Batch.
func (r *Run) Settled() <-chan struct{} { return r.prober.settled }

// Known implements transfer.Batch.
func (r *Run) Known(t *task.Task, size int64, byRanges bool) {
	r.Table.Known(t, size, byRanges)
	if size >= 0 {
		r.prober.saw(size)
	}
}

// Served implements transfer.Batch.
func (r *Run) Served(t *task.Task, o *origin.Origin, size int64) {
	r.prober.answered(t, o, size)
}

// HeadPays implements transfer.Batch.
func (r *Run) HeadPays(o *origin.Origin, served bool) bool { return r.prober.pays(o, served) }

// HeadMissed implements transfer.Batch.
func (r *Run) HeadMissed(o *origin.Origin, status int) { r.prober.missed(o, status) }

// Probed implements transfer.Batch.
func (r *Run) Probed(t *task.Task) bool { return r.prober.isUnderWay(t) }

// CallOut implements transfer.Batch.
func (r *Run) CallOut(call func()) { r.callOut(callerCode, call) }

// Joined implements transfer.Batch.
func (r *Run) Joined() { r.joined.Add(1) }

// maxLogged is how much of a URL, and of an error, is logged.
const maxLogged = 1 << 10

// Log implements transfer.Batch.
func (r *Run) Log(level slog.Level, msg string, t *task.Task, err error) {
	if l := r.Logger; l != nil {
		l.Log(r.ctx, level, msg, "task", t.ID(), "url", redact.Short(redact.URL(t.URL()), maxLogged), "err", redact.Error(err, maxLogged))
	}
}
