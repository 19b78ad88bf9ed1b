package cluster

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// A pack that is handed out again and again maybe holds a job that ends every worker. That is found out
// without harm to the others: a worker does the jobs of one such pack at a time, one after the other,
// and it is counted how often each was begun by a worker that was not heard of again.

// fatal is how often that may be.
const fatal = 5

// errUnsure is where it cannot be counted now.
var errUnsure = errors.New("cluster: the servers cannot be asked")

func (u *unit) suspected() bool { return u.deliveries() > u.w.c.maxDeliver }

// exclude waits until nothing else is under way: the job that ends this worker could be another's.
func (u *unit) exclude() bool {
	w := u.w
	w.Log.Warn("a pack was handed out again and again: its jobs go alone", "pack", u.id)
	select {
	case w.alone <- struct{}{}:
	case <-u.ctx.Done():
		return false
	}
	for alone := false; !alone; {
		w.mu.Lock()
		w.lonely, alone = true, true
		for _, other := range w.units {
			alone = alone && other.delivery > w.c.maxDeliver
		}
		w.mu.Unlock()
		if !alone && !sleep(u.ctx, 50*time.Millisecond) {
			u.include()
			return false
		}
	}
	return true
}

func (u *unit) include() {
	u.w.mu.Lock()
	u.w.lonely = false
	u.w.mu.Unlock()
	<-u.w.alone
}

// inTurn does the jobs one after the other.
func (u *unit) inTurn() bool {
	defer u.include()
	for i := range u.pack.Items {
		u.job(i)
	}
	return u.done()
}

// suspect counts one beginning of a job more, until survived is called. Too many are an error.
func (t *task) suspect() (survived func(), err error) {
	c, n := t.u.w.c, 0
	key := fmt.Sprintf("%s%s.%d", begunRow, t.u.life, t.N)
	rows, err := c.rows(t.u.ctx, key)
	if err == nil && rows[key].value != "" {
		n, err = strconv.Atoi(rows[key].value)
	}
	if err == nil && n >= fatal {
		return nil, fmt.Errorf("begun %d times, and its worker never answered: it seems to end its workers", n)
	}
	if err == nil {
		_, err = c.put(t.u.ctx, key, strconv.Itoa(n+1), rows[key].revision, lives(24*time.Hour))
	}
	if err != nil {
		return nil, errors.Join(errUnsure, err)
	}
	return func() { _, _ = c.write(context.WithoutCancel(t.u.ctx), key, "", lives(time.Minute)) }, nil
}
