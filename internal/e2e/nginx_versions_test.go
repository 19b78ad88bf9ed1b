//go:build linux

package e2e

import (
	"crypto/sha256"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
)

// versions is one name with two contents: the first is served, the second lies ready
// outside.
type versions struct {
	served   *content
	old, new file
	next     string // where the second one lies
}

// twoVersions are of the same size, or the second is larger; the second is younger
// unless both are of the same second.
func twoVersions(t *testing.T, size, newSize int64, younger time.Duration) *versions {
	t.Helper()
	v := &versions{served: folder(t, 0, size)}
	v.old = v.served.files[0]
	v.new = v.old
	v.new.size, v.new.modified = newSize, v.old.modified.Add(younger)
	outside := filepath.Join(v.served.root, "outside")
	require.NoError(t, os.Mkdir(outside, 0o755))
	require.NoError(t, v.new.write(outside, 1000))
	v.next = filepath.Join(outside, v.new.name)
	require.NotEqual(t, v.old.sum, v.new.sum)
	return v
}

// deploy puts the second version in the first one's place, as programs do that put
// files on servers: nobody sees half of it.
func (v *versions) deploy(t *testing.T) func() {
	return func() { require.NoError(t, os.Rename(v.next, filepath.Join(v.served.root, v.old.name))) }
}

// slowly makes sure that some of a file is asked for later.
const slowly = "limit_rate 1m;"

// TestNginxReplaced: a file that gets another content in the course of its download is
// never a mix of both.
func TestNginxReplaced(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		newSize int64
		younger time.Duration
		hash    func(v *versions) *file // what the caller expects; nil: nothing
		want    error                   // nil: the new version is complete
	}{
		{"larger", 9*mib + 77, time.Hour, nil, nil},
		{"smaller", 6*mib + 77, time.Hour, nil, nil},
		{"shrunk below one request", 5000, time.Hour, nil, nil},
		{"empty now", 0, time.Hour, nil, nil},
		{"same size", 8 * mib, time.Second, nil, nil},
		{"same size, older", 8 * mib, -time.Hour, nil, nil},
		{"with the new one's hash", 8 * mib, time.Hour, func(v *versions) *file { return &v.new }, nil},
		{"with the old one's hash", 8 * mib, time.Hour, func(v *versions) *file { return &v.old }, littledl.ErrHashMismatch},
		// The server says that both are the same. Only the hash can tell that they are not.
		{"same size and time", 8 * mib, 0, func(v *versions) *file { return &v.new }, littledl.ErrHashMismatch},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			v := twoVersions(t, 8*mib, c.newSize, c.younger)
			server := startNginxWith(t, v.served.root, slowly)
			// Two connections: what they have not begun by then is of the new version.
			j := newJob(t, littledl.WithMaxConcurrentChunksPerFile(2))
			f := file{name: v.old.name}
			if c.hash != nil {
				f = *c.hash(v)
				f.hashed = true
			}
			j.add(t, f, "http://"+server.plain)
			j.run(t, j.bytesDone(1*mib), v.deploy(t))
			log := server.requests(t)
			t.Logf("%d GETs", len(log))
			require.LessOrEqual(t, len(log), 20)
			if c.want == nil {
				j.checkComplete(t, []file{v.new}, 12*time.Second)
				return
			}
			require.ErrorIs(t, j.err, c.want)
			j.checkNames(t)
			require.Less(t, j.took, 12*time.Second)
		})
	}
}

// TestNginxReplacedAgain: what could not be told apart in the first run is fetched
// whole in the second.
func TestNginxReplacedAgain(t *testing.T) {
	t.Parallel()
	v := twoVersions(t, 8*mib, 8*mib, 0)
	server := startNginxWith(t, v.served.root, slowly)
	j := newJob(t)
	v.new.hashed = true
	j.add(t, v.new, "http://"+server.plain)
	j.run(t, j.bytesDone(mib), v.deploy(t))
	require.ErrorIs(t, j.err, littledl.ErrHashMismatch)
	j.checkNames(t)
	j.run(t)
	j.checkComplete(t, []file{v.new}, 6*time.Second)
}

// TestNginxFlapping: a name that stands for one version on this connection and for
// another on the next, as behind a balancer whose servers differ, ends with one of them.
func TestNginxFlapping(t *testing.T) {
	t.Parallel()
	v := twoVersions(t, 8*mib, 8*mib, time.Hour)
	server := startNginxWith(t, v.served.root+"/$version", `
		map $connection $version { ~[02468]$ .; default outside; }
		limit_rate 2m;`)
	j := newJob(t)
	j.add(t, v.old, "http://"+server.plain)
	j.run(t)
	require.NotZero(t, j.retries(), "nobody noticed")
	require.Less(t, j.took, 14*time.Second)
	require.LessOrEqual(t, len(server.requests(t)), 30)
	v.checkEither(t, j)
}

// checkEither requires one of the versions, whole, or the right word for why not.
func (v *versions) checkEither(t *testing.T, j *job) {
	t.Helper()
	if j.err != nil {
		require.ErrorIs(t, j.err, littledl.ErrRemoteChanged)
		j.checkNames(t)
		return
	}
	j.checkNames(t, v.old.name)
	require.Contains(t, [][sha256.Size]byte{v.old.sum, v.new.sum}, sumOf(t, filepath.Join(j.dir, v.old.name)), "a mix of both versions")
}

// TestNginxTruncated: a file that is cut short while it is served is the shorter file
// then, or no file at all.
func TestNginxTruncated(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		hashed bool
		whole  bool // it is put right again a moment later
	}{
		{"for good", false, false},
		{"for good, and somebody knows its hash", true, false},
		{"for a moment", false, true},
		{"for a moment, and somebody knows its hash", true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			const left = 3*mib + 33
			v := twoVersions(t, 8*mib, 8*mib, time.Hour)
			path := filepath.Join(v.served.root, v.old.name)
			server := startNginxWith(t, v.served.root, slowly)
			j := newJob(t)
			v.new.hashed = c.hashed
			j.add(t, v.new, "http://"+server.plain)
			events := []func(){j.bytesDone(mib), func() {
				assert.NoError(t, os.Truncate(path, left))
				v.old.size, v.old.sum = left, sumOf(t, path)
			}}
			if c.whole {
				events = append(events, j.pass(300*time.Millisecond), v.deploy(t))
			}
			j.run(t, events...)
			require.NotZero(t, j.retries(), "nobody noticed")
			require.Less(t, j.took, 12*time.Second)
			if c.hashed && j.err != nil {
				require.ErrorIs(t, j.err, littledl.ErrHashMismatch)
				j.checkNames(t)
				if !c.whole {
					v.deploy(t)()
				}
				j.run(t) // what failed is tried anew
			}
			if c.hashed {
				j.checkComplete(t, []file{v.new}, 12*time.Second)
			} else {
				v.checkEither(t, j)
			}
			require.LessOrEqual(t, len(server.requests(t)), 30)
		})
	}
}
