package disk

import (
	"context"
	"errors"
	"time"

	"github.com/littledl/littledl/internal/partfile"
)

// Waiting for others that want the same file. Whoever has a lock fetches, and what he has made is
// there when the next one gets it.

// Lock takes the file's lock, before anybody is asked for it. Waited: another had it meanwhile.
func (t *Target) Lock(waited bool) error {
	if t.policy.Wait == 0 || t.lock != nil {
		return nil
	}
	dir, err := t.Dir()
	if err != nil {
		return err
	}
	dir.Share()
	t.want.NameUsed = true
	if t.lock, err = dir.Lock(base(t.want.Name), t.Key()); err != nil {
		return localErr(err)
	}
	if !t.want.Given {
		dir.Reread(waited)
	}
	return nil
}

// lockName takes the lock of the name that the file is to get, and waits for that.
func (t *Target) lockName(ctx context.Context) error {
	if t.policy.Wait == 0 || t.want.Given && t.name == t.want.Name {
		return nil
	}
	t.named.Free()
	t.named = nil
	for began := time.Now(); ; {
		l, err := t.dir.Lock(base(t.name), PartKey(t.want.Dir, t.name, nil))
		if t.named = l; err == nil {
			return nil
		}
		waited := time.Since(began)
		if !errors.Is(err, partfile.ErrLocked) || waited >= t.policy.Wait {
			return localErr(err)
		}
		timer := time.NewTimer(Patience(waited, t.policy.Wait))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		}
	}
}

// keepOther keeps what another process has made meanwhile, where that is as good as the file.
func (t *Target) keepOther() error {
	info, err := t.dir.Stat(base(t.name))
	switch {
	case err != nil:
		return localErr(err)
	case t.digested:
		return t.Unlike(t.name)
	case t.OtherSize(info):
		return t.UnlikeSize(t.name, info)
	}
	t.part.Discard()
	t.keep(info)
	return t.syncExisting()
}

// Patience is how long to wait before a lock is tried again that has been waited for so long.
func Patience(waited, most time.Duration) time.Duration {
	return min(max(waited/4, 20*time.Millisecond), time.Second, most-waited)
}

// unlock frees what the target has locked.
func (t *Target) unlock() {
	t.lock.Free()
	t.named.Free()
	t.lock, t.named = nil, nil
}
