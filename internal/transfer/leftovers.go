package transfer

import (
	"log/slog"

	"github.com/littledl/littledl/internal/partfile"
	"github.com/littledl/littledl/internal/task"
)

// Leftovers are what tasks have left on the disk, where no Start runs that would clear up.
type Leftovers struct {
	Table  *task.Table
	Open   func(dir, sub string) (*partfile.Dir, error)
	Logger *slog.Logger // nil: nobody wants to know
}

// Delete removes the part of a task.
func (l Leftovers) Delete(t *task.Task) {
	err := remove(l.Table, t, l.Open, func(dir *partfile.Dir) { dir.Close() })
	if err != nil && l.Logger != nil {
		l.Logger.Warn("something is left on the disk", "err", err)
	}
}

// Discard removes what was left for a Start that will not come, and that no other process could
// go on from.
func (l Leftovers) Discard() {
	for t := range l.Table.Tasks() {
		left := RestOf(l.Table.Held(t))
		if part := left.Part(); !part.IsZero() && !part.Resumable() {
			l.Delete(t)
		}
		l.Table.Hold(t, left.WithoutKept().Held())
	}
}
