package batch

import (
	"context"
	"math"
	"sync/atomic"

	"github.com/littledl/littledl/internal/share"
	"github.com/littledl/littledl/internal/transfer"
)

// proberID is who HEADs that are sent ahead take their requests of a shared budget for.
const proberID = "hints"

// Sharing is one budget of requests in flight that the files of a Start share.
type Sharing struct {
	pool    *share.Pool
	most    atomic.Int64
	follows bool // what the origins bear
}

// NewSharing makes a budget of so many requests, for any files: it is others who say how many
// are in transfer. Follows: it shrinks where the origins in use bear fewer.
func NewSharing(most int, follows bool) *Sharing {
	s := &Sharing{pool: share.New(math.MaxInt32, most), follows: follows}
	s.most.Store(int64(most))
	// There is room, so it does not wait.
	_ = s.pool.Enter(context.Background(), proberID, 1<<30, nil)
	return s
}

// Pool is the budget.
func (s *Sharing) Pool() *share.Pool { return s.pool }

// Files is how many files share it.
func (s *Sharing) Files() int { return max(s.pool.Usage().Files-1, 1) }

// Idle is how many requests nobody waits for.
func (s *Sharing) Idle() int {
	u := s.pool.Usage()
	if u.Waiting > 0 {
		return 0
	}
	return max(u.Size-u.Used, 0)
}

func (s *Sharing) enter(ctx context.Context, f *transfer.File) error {
	return s.pool.Enter(ctx, f.Task().ID(), f.Priority(), nil)
}

func (s *Sharing) leave(f *transfer.File) { s.pool.Leave(f.Task().ID()) }

// tick lets shares follow the time that files have left, and the budget the capacity of the
// origins.
func (s *Sharing) tick(files []*transfer.File, capacity int) {
	for _, f := range files {
		if remaining, speed, ok := f.Outlook(); ok {
			_ = s.pool.Report(f.Task().ID(), remaining, speed) // it may just have left
		}
	}
	if s.follows {
		s.pool.Resize(max(1, min(int(s.most.Load()), capacity)))
	}
}

// resize changes how many requests there may be, of which the origins bear so many.
func (s *Sharing) resize(most, capacity int) {
	s.most.Store(int64(most))
	if s.follows {
		most = max(1, min(most, capacity))
	}
	s.pool.Resize(most)
}
