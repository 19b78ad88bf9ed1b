// Package transfer fetches one file, from the first request to its name.
//
// Much happens to a file at once: connections that each bring a part of it, more of them as
// it pays, others that break; pauses; more urgent files; sources that change or lie. Each of
// these is somebody else's to decide: which bytes are fetched next (package segment), what
// follows from a failure (recovery), whether an answer may be written (httprange), how the
// bytes become a file (disk). A File brings them together: it works in rounds, each with a
// context and workers of its own. What concerns all of the file ends the round, and only
// then, with no worker left, is it decided what comes next.
package transfer

import (
	"context"
	"log/slog"
	"time"

	"github.com/littledl/littledl/internal/disk"
	"github.com/littledl/littledl/internal/event"
	"github.com/littledl/littledl/internal/exchange"
	"github.com/littledl/littledl/internal/gate"
	"github.com/littledl/littledl/internal/origin"
	"github.com/littledl/littledl/internal/pace"
	"github.com/littledl/littledl/internal/recovery"
	"github.com/littledl/littledl/internal/reuse"
	"github.com/littledl/littledl/internal/segment"
	"github.com/littledl/littledl/internal/sink"
	"github.com/littledl/littledl/internal/task"
)

// Batch is what files ask of the batch that they are part of. All of it may be called at any
// time, from many goroutines; nothing blocks but CallOut.
type Batch interface {
	// Idle is how many more requests could be in flight without anybody waiting, and Files
	// how many files share those.
	Idle() int
	Files() int
	// Bounds are how much there may be at once. They do not change, but may be others later.
	Bounds() *Bounds
	// MayGrow reports whether a file of a priority may take more than one connection. Small:
	// it is itself what others make way for.
	MayGrow(priority int32, small bool) bool
	// Settled is closed when it is known whether small files wait.
	Settled() <-chan struct{}
	// Cut says how a file is fetched whose size is known, and over how many connections at
	// most.
	Cut(Cut) (l segment.Layout, limit int)
	// Known records what an accepted answer said of a task's size, and whether it was a part.
	Known(t *task.Task, size int64, byRanges bool)
	// Served notes that an origin has answered a GET for a task's URL, as given, with a file of
	// this size; -1: it did not tell.
	Served(t *task.Task, o *origin.Origin, size int64)
	// HeadPays reports whether an origin may be asked by HEAD for a URL, as far as is known.
	// Served: it has served that by GET before. HeadMissed notes that one told nothing; status
	// 0: there was no answer.
	HeadPays(o *origin.Origin, served bool) bool
	HeadMissed(o *origin.Origin, status int)
	// Probed reports whether a HEAD is under way for a task that counts as a request of its file.
	Probed(t *task.Task) bool
	// CallOut runs what may call the caller's code, which may never return.
	CallOut(call func())
	// Joined counts a worker beyond those that a file began with.
	Joined()
	Log(level slog.Level, msg string, t *task.Task, err error)
}

// Bounds are how much files may have at once.
type Bounds struct {
	PerFile int  // requests of one file in flight
	OneAsk  bool // a file has one connection of its own: it asks for all
	Turns   bool // files take turns with the only one there is
	Holding int  // parts that files which wait may hold open
}

// Cut is a file that is to be cut.
type Cut struct {
	URL    string
	Size   int64
	Origin *origin.Origin // that it is asked of
	Limit  int            // connections
}

// Engine is what all files of a Start share.
type Engine struct {
	Batch
	Context  context.Context // of the Start
	Gate     *gate.Gate
	Table    *task.Table
	Dirs     *disk.Dirs
	Index    *reuse.Index
	Reuse    *reuse.Stats
	Origins  *origin.Table
	Client   *exchange.Client
	Limiter  *pace.Limiter      // of all files together
	Decoders map[string]Decoder // by coding
	Limits   *recovery.Limits
	Plans    *segment.Config
	Disk     *disk.Policy
	Reorder  *sink.Budget // that writers share

	FirstAsk     int64         // bytes that the first request asks for
	Small        int64         // a file below is fetched in one piece
	MaxFileSize  int64         // 0: any
	Stall        time.Duration // what an answer may stand still
	Slowest      Slowest       // that a file may come
	Shared       bool          // files take their requests from one budget
	TrustModTime bool          // a file of the right size and time is the one
	TrustMirrors bool          // sources may serve beside others once they were compared
	Search       bool          // content is looked for among all files at hand
	Logs         bool          // somebody reads the log
	Events       event.Sink

	Traces func(*recovery.Trace) // is given what each file decided, when it has ended; nil: nobody wants to know
}

// now is the time on the clock that the health of origins has.
func (e *Engine) now() time.Duration { return e.Origins.At(time.Now()) }

// debug tells of what is retried, warn of what costs more than that.
func (e *Engine) debug(msg string, t *task.Task, err error) { e.Log(slog.LevelDebug, msg, t, err) }
func (e *Engine) warn(msg string, t *task.Task, err error)  { e.Log(slog.LevelWarn, msg, t, err) }

// speedHalfLife is how quickly a speed that is shown follows.
const speedHalfLife = 2 * time.Second
