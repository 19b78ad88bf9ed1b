package names

// Whose a name is.

// nameUse says whose a name is. A task is its seq plus one there; 0: nobody.
type nameUse struct {
	owner int32 // has the name, or was the last to have it
	until int32 // 0: until it ends; else, since it has ended, the first that may have the name instead
	claim int32 // is to have it next; negative: looks at what is there already
}

// packed is a nameUse of which there may be a million: nobody's, or one task's.
type packed struct {
	seq   int32 // plus one; 0: nobody
	since int32 // until, or one of those below
}

const (
	claims  = -1 // the task is to have it
	looks   = -2 // the task looks at what is there already
	several = -3 // it is among those that are fought for
)

// use is whose a name is.
func (n *Registry) use(k nameKey) nameUse {
	switch p := n.uses[k]; p.since {
	case several:
		return n.fought[k]
	case claims:
		return nameUse{claim: p.seq}
	case looks:
		return nameUse{claim: -p.seq}
	default:
		return nameUse{owner: p.seq, until: p.since}
	}
}

// put says whose a name is.
func (n *Registry) put(k nameKey, u nameUse) {
	delete(n.fought, k)
	switch {
	case u.claim == 0:
		n.uses[k] = packed{u.owner, u.until}
	case u.owner != 0:
		n.uses[k], n.fought[k] = packed{since: several}, u
	case u.claim > 0:
		n.uses[k] = packed{u.claim, claims}
	default:
		n.uses[k] = packed{-u.claim, looks}
	}
}

// everybody may have the name of a task that has ended in an earlier Start.
const everybody = 1

// free reports whether a task may have a name.
func (u nameUse) free(seq int32) bool {
	return (u.claim == 0 || u.claim == seq+1 || -u.claim == seq+1) && u.unowned(seq)
}

// unowned reports whether a name's owner is no reason for a task not to have it.
func (u nameUse) unowned(seq int32) bool {
	return u.owner == 0 || u.owner == seq+1 || u.until > 0 && u.until <= seq+1
}

// used reports whether another task has had the name.
func (u nameUse) used(seq int32) bool { return u.owner != 0 && u.owner != seq+1 }

// without is the use without a task, that has the name, had it, or was to have it.
func (u nameUse) without(seq int32) nameUse {
	if u.claim == seq+1 || -u.claim == seq+1 {
		u.claim = 0
	}
	if u.owner == seq+1 {
		u.owner, u.until = 0, 0
	}
	return u
}
