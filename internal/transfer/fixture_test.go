package transfer

import (
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/budget"
	"github.com/littledl/littledl/internal/disk"
	"github.com/littledl/littledl/internal/exchange"
	"github.com/littledl/littledl/internal/gate"
	"github.com/littledl/littledl/internal/health"
	"github.com/littledl/littledl/internal/origin"
	"github.com/littledl/littledl/internal/partfile"
	"github.com/littledl/littledl/internal/recovery"
	"github.com/littledl/littledl/internal/reuse"
	"github.com/littledl/littledl/internal/segment"
	"github.com/littledl/littledl/internal/task"
)

// few is a batch of one file.
type few struct{}

func (few) Idle() int                                 { return 1 }
func (few) Bounds() *Bounds                           { return &Bounds{PerFile: 1} }
func (few) Files() int                                { return 0 }
func (few) MayGrow(int32, bool) bool                  { return true }
func (few) Settled() <-chan struct{}                  { return nil }
func (few) Cut(c Cut) (segment.Layout, int)           { return segment.Layout{Segments: 1, Workers: 1}, c.Limit }
func (few) Known(*task.Task, int64, bool)             {}
func (few) Served(*task.Task, *origin.Origin, int64)  {}
func (few) HeadPays(*origin.Origin, bool) bool        { return false }
func (few) Probed(*task.Task) bool                    { return false }
func (few) HeadMissed(*origin.Origin, int)            {}
func (few) CallOut(call func())                       { call() }
func (few) Joined()                                   {}
func (few) Log(slog.Level, string, *task.Task, error) {}

// engine makes one, and a task in its table.
func engine(tb testing.TB) (*Engine, *task.Task) {
	limits := health.Limits{Base: time.Second, MaxDelay: time.Minute, MaxElapsed: time.Minute}
	e := &Engine{
		Batch: few{}, Context: tb.Context(), Gate: gate.New(tb.Context()), Table: task.New(task.Config{Places: 1}),
		Dirs: disk.NewDirs(partfile.OpenDir), Index: reuse.NewIndex(), Reuse: &reuse.Stats{},
		Origins: origin.NewTable(origin.Config{Slots: budget.New(1), Most: 1, Limits: limits, Served: &origin.Served{}}),
		Client:  exchange.New(exchange.Config{Limits: limits, Buffer: 256 << 10}), Limits: recovery.NewLimits(limits, 3, 1, 1<<20),
		Plans: &segment.Config{Least: 1}, Disk: &disk.Policy{}, FirstAsk: 1 << 20, Small: 1 << 20,
	}
	tb.Cleanup(e.Dirs.CloseAll)
	t, err := e.Table.Add("http://files.test/a", task.Spec{Dir: tb.TempDir()})
	require.NoError(tb, err)
	return e, t
}
