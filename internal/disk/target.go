package disk

import (
	"fmt"
	"io/fs"
	"net/url"
	"slices"
	"time"

	"github.com/littledl/littledl/internal/fail"
	"github.com/littledl/littledl/internal/partfile"
	"github.com/littledl/littledl/internal/safename"
)

// State is how far a target has come.
type State uint8

// The states. Absent and Open follow each other as often as need be; the other three come
// once.
const (
	Absent    State = iota // nothing of it is on the disk
	Open                   // its part takes bytes
	Sealed                 // its part is complete and takes no more
	Published              // it is under its name, whoever has brought it there
	Kept                   // its part is closed, for another target to go on from
)

func (s State) String() string {
	return [...]string{"absent", "open", "sealed", "published", "kept"}[s]
}

// Overwrite says what becomes of other content that has the name.
type Overwrite uint8

const (
	Rename  Overwrite = iota // it stays; the file is called "name (1)"
	Replace                  // the file replaces it, unless it was a server who chose the name
	Skip                     // it is as good as the file
	Refuse                   // there is an error
	Changed                  // the file replaces it, under the name that it is to have and no other
)

// Policy is what all targets of a batch have in common.
type Policy struct {
	Overwrite Overwrite
	Durable   bool          // what is published survives a power cut
	Resume    bool          // what an earlier process has left is gone on from, and something left for a later one
	Reuse     bool          // a file that is there already may be the one
	Wait      time.Duration // for others that are at the file: each is locked; 0: there is no waiting
	OwnTime   bool          // what is published has the time at which it is, not the server's
	Encoded   bool          // what is sent is the file, however it is encoded; else a part of that is of no use
}

// Want is what is known of a file before anybody is asked for it.
type Want struct {
	Dir      string     // the save directory
	Name     string     // what it is to be called, below Dir; the caller's, else by its URL
	Number   int        // so many other files of the batch with this name come before it
	Given    bool       // Name is the caller's
	URL      *url.URL   // as given
	Backups  []*url.URL // that have the same file
	Size     int64      // that it must have, if Sized
	Sized    bool
	Mode     fs.FileMode // its rights, if Moded
	Moded    bool
	NameUsed bool // another file of the batch has had the name: what was there when Dir was opened is old news
}

// Names are the names that the files of a batch have, of which each is one file's alone.
// Targets ask at once, each for its own file.
type Names interface {
	Unowned(name string) bool                              // no other file has the name, though one may be about to get it
	Free(name string) bool                                 // nor is one about to
	Take(name string) bool                                 // the file is called so from now on, and by no other name; false: it is not free
	Reserve(name string) bool                              // as Take, though another was about to get it
	Claim(name string, from int) (free string, number int) // keeps the first free "name (n)" for the file until it is called something
	Uncontested(name string) bool                          // no other file was ever after the name
}

// Target is one file on its way to its name. WriteAt, ReadAt, Record and what it returns,
// Preallocate, SyncPeriodically and Prove may be used concurrently; everything else by its one
// owner, with none of these under way.
type Target struct {
	dirs   *Dirs
	policy *Policy
	names  Names
	want   Want

	state      State
	dir        *partfile.Dir  // nil: not opened yet
	part       *partfile.Part // in Open and Sealed
	name       string         // settled; "": not yet
	existing   fs.FileInfo    // what has the name and is the file; nil: nothing
	digested   bool           // its caller has given a digest
	repairs    bool           // it may replace what has the name, under Changed
	over       fs.FileInfo    // what it is to replace, or the link leads to that it is to replace; nil: nothing
	absent     string         // a name that nothing had at the latest look
	candidates []string       // names of files that may have the same bytes
	behind     []int          // numbers of such files among seen, the names being numbered forms of stem
	seen       *series
	stem       string
	wanted     string            // the name was to be this one, and is one of its numbered forms
	identity   partfile.Identity // of what was published
	ids        [][16]byte        // of the sources; nil: nobody has asked yet
	lock       *partfile.Lock    // of the name that the caller gave, else of the URL
	named      *partfile.Lock    // of the name that it has got, where that is not what the other is of
	proved     string            // the digest that it was seen to have
}

// NewTarget makes a target of which nothing is on the disk. Close must be called in the end.
func NewTarget(dirs *Dirs, policy *Policy, want Want, names Names) *Target {
	return &Target{dirs: dirs, policy: policy, want: want, names: names}
}

// State is how far the target has come.
func (t *Target) State() State { return t.state }

// Policy is the batch's.
func (t *Target) Policy() *Policy { return t.policy }

// Want is what the target was made for. Number and Second may be set when more is known.
func (t *Target) Want() *Want { return &t.want }

// Replaces reports whether the file may replace what is there, if it is to be called so: by a
// name that the caller has chosen, or its URL. One that a server has thought of may be that of
// anything, and replaces nothing.
func (t *Target) Replaces(name string) bool {
	return t.policy.Overwrite == Replace && name == t.want.Name
}

// Yields reports whether the file, if it is to be called so, leaves the name to other content
// that has it, and is numbered.
func (t *Target) Yields(name string) bool {
	return t.policy.Overwrite == Rename || t.policy.Overwrite == Replace && !t.Replaces(name)
}

// replaces is Replaces for the name that the file has got, with its number.
func (t *Target) replaces() bool {
	return t.repairs || t.Replaces(t.want.Name) && t.name == t.Guess()
}

// mustBe panics where the target is in none of these states: whoever does this now has lost
// sight of what he has done before.
func (t *Target) mustBe(do string, states ...State) {
	if !slices.Contains(states, t.state) {
		panic(fmt.Sprintf("disk: %s of a target that is %v", do, t.state))
	}
}

func (t *Target) mustBeNamed(do string) {
	if t.name == "" {
		panic("disk: " + do + " of a target that has no name yet")
	}
}

// localErr is a failure of the disk; nil is none.
func localErr(err error) error {
	if err == nil {
		return nil
	}
	return fail.NewLocal("write", err)
}

// Dir is the directory that the file is to be in. It is open from the first call on until
// Close; Stat, Look, Take and Marked need it.
func (t *Target) Dir() (*partfile.Dir, error) {
	if t.dir == nil {
		sub, _ := safename.Split(t.want.Name)
		dir, err := t.dirs.Open(t.want.Dir, sub)
		if err != nil {
			return nil, localErr(err)
		}
		t.dir = dir
	}
	return t.dir, nil
}

// Guess is the name that the file will have, as far as that is known without a server.
func (t *Target) Guess() string { return safename.Numbered(t.want.Name, t.want.Number) }

func base(name string) string {
	_, b := safename.Split(name)
	return b
}

// anyName reports whether what is left of this URL under another name is of no use any more
// when this file is there: no other may want it.
func (t *Target) anyName() bool { return t.want.Given || t.names.Uncontested(t.want.Name) }

// Key is by which the parts of this file are found again.
func (t *Target) Key() string {
	if t.want.Given {
		return PartKey(t.want.Dir, t.want.Name, t.want.URL)
	}
	return PartKey(t.want.Dir, "", t.want.URL)
}

// Create makes the file that takes the bytes. One that a single answer fills needs no name
// before its last, and so leaves nothing behind.
func (t *Target) Create(single bool) (err error) {
	t.mustBe("Create", Absent)
	t.mustBeNamed("Create")
	dir, err := t.Dir()
	if err != nil {
		return err
	}
	var part *partfile.Part
	if single {
		part, err = dir.TryNameless(base(t.name), t)
	}
	if part == nil && err == nil {
		part, err = dir.Create(base(t.name), t.Key())
	}
	if err != nil {
		return localErr(err)
	}
	t.opened(part)
	if t.over != nil { // a secret is one before it has its name, too
		part.Narrow(t.over, false)
	}
	return nil
}

// opened makes a part the target's.
func (t *Target) opened(part *partfile.Part) {
	if t.part, t.state = part, Open; t.want.Moded {
		part.Give(t.want.Mode)
	}
}

// Close gives back what the target has open. A part must have been published, kept or
// discarded before.
func (t *Target) Close() {
	t.mustBe("Close", Absent, Published, Kept)
	t.unlock()
	t.dirs.Close(t.dir)
	t.dir = nil
}
