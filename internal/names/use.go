package names

// Whose a name is.

// nameUse says whose a name is. A task is its seq plus one there; 0: nobody.
type nameUse struct {
	owner int32 // has the name, or was the last to have it
	until int32 // 0: until it ends; else, since it has ended, the first that may have the name instead
	claim int32 // is to have it next; negative: looks at what is there already
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
