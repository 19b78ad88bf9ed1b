package littledl_test

import (
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/crashfs"
	"github.com/littledl/littledl/internal/journal"
	"github.com/littledl/littledl/internal/partfile"
)

// 32: a process dies when everything is there but the final name. The next one asks for
// one byte, to hear that it is still the same file, and none of it is fetched again.
func TestCrashBeforeTheName(t *testing.T) {
	for name, kind := range map[string]crashfs.Kind{"32 sealed": crashfs.SetTime, "32 synced": crashfs.Sync, "32 named": crashfs.Link} {
		t.Run(name, func(t *testing.T) {
			crashBubble(t, true, func(b *crashBed) {
				b.files = b.files[:1]
				disk := crashfs.New(crashfs.Traits{})
				_, err := b.process(b.Context(), disk, func(op crashfs.Op) error {
					if op.Kind == kind {
						disk.Die()
					}
					return nil
				})
				require.ErrorIs(b, err, crashfs.ErrCrashed)
				after := disk.Killed()
				require.EqualValues(b, crashSize, b.provable(after, "a.bin"))
				synctest.Wait() // what was being sent when it died is counted when that has failed
				before := b.srv.BytesSent()
				b.recover(after)
				require.EqualValues(b, 1, b.srv.BytesSent()-before)
			})
		})
	}
}

// 90 to 92: somebody, or the disk, spoils what a process has left. What is fetched again
// is what cannot be proven any more, and the file is right.
func TestSpoiltParts(t *testing.T) {
	t.Parallel()
	r := seeded(t)
	log := func(t *testing.T, name string, d partfile.Disk, change func(b []byte) []byte) {
		rewrite(t, d, name+partfile.JournalSuffix, change)
	}
	part := func(t *testing.T, name string, d partfile.Disk, change func(b []byte) []byte) {
		rewrite(t, d, name+partfile.Suffix, change)
	}
	flip := func(at int) func(b []byte) []byte {
		return func(b []byte) []byte { b[at%len(b)] ^= 0x10; return b }
	}
	for name, spoil := range map[string]func(t *testing.T, a, other string, d partfile.Disk){
		"90 no journal any more": func(t *testing.T, a, _ string, d partfile.Disk) { log(t, a, d, func([]byte) []byte { return nil }) },
		"90 its magic is cut":    func(t *testing.T, a, _ string, d partfile.Disk) { log(t, a, d, func(b []byte) []byte { return b[:5] }) },
		"90 its head is cut": func(t *testing.T, a, _ string, d partfile.Disk) {
			log(t, a, d, func(b []byte) []byte { return b[:40] })
		},
		"90 its last record is torn": func(t *testing.T, a, _ string, d partfile.Disk) {
			log(t, a, d, func(b []byte) []byte { return b[:len(b)-7] })
		},
		"90 its magic is wrong": func(t *testing.T, a, _ string, d partfile.Disk) { log(t, a, d, flip(3)) },
		"90 its nonce is wrong": func(t *testing.T, a, _ string, d partfile.Disk) { log(t, a, d, flip(9)) },
		"90 its head is wrong":  func(t *testing.T, a, _ string, d partfile.Disk) { log(t, a, d, flip(30)) },
		"90 a record is wrong":  func(t *testing.T, a, _ string, d partfile.Disk) { log(t, a, d, flip(-20+200)) },
		"90 zeros": func(t *testing.T, a, _ string, d partfile.Disk) {
			log(t, a, d, func(b []byte) []byte { clear(b); return b })
		},
		"90 zeros behind its head": func(t *testing.T, a, _ string, d partfile.Disk) {
			log(t, a, d, func(b []byte) []byte { clear(b[160:]); return b })
		},
		"90 of another file": func(t *testing.T, a, other string, d partfile.Disk) {
			log(t, a, d, func([]byte) []byte { return contentOf(t, d, other+partfile.JournalSuffix) })
		},
		"90 with records of another file": func(t *testing.T, a, other string, d partfile.Disk) {
			theirs := contentOf(t, d, other+partfile.JournalSuffix)
			log(t, a, d, func(b []byte) []byte { return append(b, theirs[len(theirs)-31*2:]...) })
		},
		"90 newer than the part": func(t *testing.T, a, _ string, d partfile.Disk) {
			part(t, a, d, func(b []byte) []byte { clear(b[len(b)/2:]); return b })
		},
		"90 with nonsense behind it": func(t *testing.T, a, _ string, d partfile.Disk) {
			log(t, a, d, func(b []byte) []byte { return append(b, "nonsense that is no record"...) })
		},
		"90 that promises what is not there": func(t *testing.T, a, _ string, d partfile.Disk) {
			log(t, a, d, func(b []byte) []byte {
				l, err := journal.Decode(b)
				require.NoError(t, err)
				return append(b, journal.Extent{Off: 0, Len: crashSize, CRC: 1}.Record(l.Head.ID)...)
			})
		},
		"91 cut": func(t *testing.T, a, _ string, d partfile.Disk) {
			part(t, a, d, func(b []byte) []byte { return b[:len(b)/3] })
		},
		"91 emptied": func(t *testing.T, a, _ string, d partfile.Disk) { part(t, a, d, func([]byte) []byte { return nil }) },
		"91 longer": func(t *testing.T, a, _ string, d partfile.Disk) {
			part(t, a, d, func(b []byte) []byte { return append(b, make([]byte, 2*crashSize)...) })
		},
		"91 a bit is flipped": func(t *testing.T, a, _ string, d partfile.Disk) { part(t, a, d, flip(1<<20)) },
		"91 another file": func(t *testing.T, a, other string, d partfile.Disk) {
			theirs := contentOf(t, d, other+partfile.Suffix)
			require.NoError(t, d.Remove(a+partfile.Suffix))
			rewrite(t, d, a+partfile.Suffix, func([]byte) []byte { return theirs })
		},
		"92 no journal": func(t *testing.T, a, _ string, d partfile.Disk) {
			require.NoError(t, d.Remove(a+partfile.JournalSuffix))
		},
		"92 no part": func(t *testing.T, a, _ string, d partfile.Disk) { require.NoError(t, d.Remove(a+partfile.Suffix)) },
	} {
		if underRace && !all && r.IntN(3) > 0 {
			continue
		}
		t.Run(name, func(t *testing.T) {
			crashBubble(t, true, func(b *crashBed) {
				b.files = b.files[:2]
				disk := crashfs.New(crashfs.Traits{})
				var records atomic.Int64
				_, err := b.process(b.Context(), disk, func(op crashfs.Op) error {
					if op.Kind == crashfs.Write && filepath.Ext(op.Name) == partfile.JournalSuffix {
						if records.Add(1) == 18 {
							disk.Die()
						}
					}
					return nil
				})
				require.Error(b, err)
				after := disk.Killed()
				var left []string
				for _, name := range after.List() {
					if filepath.Ext(name) == partfile.Suffix {
						left = append(left, name[:len(name)-len(partfile.Suffix)])
					}
				}
				require.Len(b, left, 2)
				spoil(t, left[0], left[1], after.Disk())
				b.recover(after)
			})
		})
	}
}

func contentOf(t *testing.T, d partfile.Disk, name string) []byte {
	t.Helper()
	f, err := d.Open(name, os.O_RDWR, 0)
	require.NoError(t, err)
	defer f.Close()
	info, err := f.Stat()
	require.NoError(t, err)
	b := make([]byte, info.Size())
	_, err = f.ReadAt(b, 0)
	require.NoError(t, err)
	return b
}

// rewrite changes a file, or makes it.
func rewrite(t *testing.T, d partfile.Disk, name string, change func([]byte) []byte) {
	t.Helper()
	var old []byte
	if !d.Absent(name) {
		old = contentOf(t, d, name)
	}
	f, err := d.Open(name, os.O_RDWR|os.O_CREATE, 0o600)
	require.NoError(t, err)
	defer f.Close()
	b := change(old)
	require.NoError(t, f.Truncate(0))
	_, err = f.WriteAt(b, 0)
	require.NoError(t, err)
}
