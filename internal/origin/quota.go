package origin

import (
	"context"
	"fmt"

	"github.com/littledl/littledl/internal/fail"
)

// Most is how many requests may be in flight.
type Most struct {
	Each  int // at one origin, where no rule says otherwise
	InAll int
}

func (m Most) of(q *quota) int {
	if q.Most > 0 {
		return min(q.Most, m.InAll)
	}
	return min(m.Each, m.InAll)
}

// SetMost changes how many requests may be in flight at origins. What was learned of them stays.
func (t *Table) SetMost(m Most) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.most = m
	for _, o := range t.all {
		o.setMost(m.of(o.quota))
	}
}

func (o *Origin) setMost(n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.limit.SetMost(n)
	o.resizeLocked()
}

// quotaLocked is what an origin has in common with others under its rule.
func (t *Table) quotaLocked(name string) *quota {
	key := t.conf.Rules.key(name)
	if key == "" {
		return &unlimited
	}
	q := t.quotas[key]
	if q == nil {
		q = newQuota(t.conf.Rules[key])
		t.quotas[key] = q
	}
	return q
}

// unlimited is the quota of origins without a rule.
var unlimited quota

// enter waits for what comes with a lane of its own, and returns what gives it back; nil: nothing
// does.
func (o *Origin) enter(ctx context.Context, c Claim) (leave func(), err error) {
	if o.guarded() {
		return o.enterGuarded(ctx, c)
	}
	if shared := o.table.conf.Share; shared != nil {
		return shared.Acquire(ctx, c.File)
	}
	return nil, nil
}

// enterGuarded is enter where the slot comes with the lane, too.
func (o *Origin) enterGuarded(ctx context.Context, c Claim) (func(), error) {
	leave, err := o.grant(ctx)
	if err != nil {
		return nil, err
	}
	slot, err := o.group.Acquire(ctx, c.Rank, false)
	if err != nil {
		leave()
		return nil, err
	}
	shared := o.table.conf.Share
	if shared == nil {
		return func() { slot.Release(); leave() }, nil
	}
	part, err := shared.Acquire(ctx, c.File)
	if err != nil {
		slot.Release()
		leave()
		return nil, err
	}
	return func() { part(); slot.Release(); leave() }, nil
}

// grant asks the caller. An error of that is the file's failure, unless ctx has ended, of which it
// may as well be a form.
func (o *Origin) grant(ctx context.Context) (leave func(), err error) {
	if o.table.conf.Enter == nil {
		return func() {}, nil
	}
	leave, err = o.table.conf.Enter(ctx, o.name)
	switch {
	case err == nil && leave == nil:
		return func() {}, nil
	case err == nil:
		return leave, nil
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	}
	return nil, fail.NewDenied(fmt.Errorf("AcquireHost: %w", err))
}
