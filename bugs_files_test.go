package littledl_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	. "github.com/littledl/littledl/internal/faultserver"
)

// Bugs that other download tools have shipped: those of what ends up in which file.

// TestR14CopiesOfTheHead has every range answered with as many bytes of the head.
func TestR14CopiesOfTheHead(t *testing.T) {
	inBubble(t, func(b *bed) {
		b.add(b.srv.File("a.bin", Size(24*mib), Behave(WrongRange(RangeFirst))))
		b.restarts = 1
		require.NoError(b, b.start())
	})
}

func TestR15ChangedBetweenChunks(t *testing.T) {
	inBubble(t, func(b *bed) {
		old := b.srv.File("a.bin", Size(8*mib), Behave(ETagChange(2)))
		id := b.add(old)
		b.want[id] = []Content{Generate("/a.bin", 2, 8*mib)}
		b.restarts = 1
		require.NoError(b, b.start())

		for _, r := range b.srv.GETs()[1:3] {
			require.Equal(b, old.Representation().ETag, r.IfRange)
		}
	})
}

// TestR15ChangesForEver has another version in each answer, of which a single
// stream takes one.
func TestR15ChangesForEver(t *testing.T) {
	inBubble(t, func(b *bed) {
		var versions []Behaviour
		var contents []Content
		for v := range 60 {
			versions = append(versions, Become(Version(v)))
			contents = append(contents, Generate("/a.bin", v, 8*mib))
		}
		b.want[b.add(b.srv.File("a.bin", Size(8*mib), Behave(Alternate(versions...))))] = contents
		b.restarts = 2
		require.NoError(b, b.start())
	})
}

// TestR15OthersEndMeanwhile: what makes a file one stream comes while other segments
// are ending; their end is not the stream's.
func TestR15OthersEndMeanwhile(t *testing.T) {
	t.Parallel()
	for name, does := range map[string]Behaviour{"two versions": ETagFlap(), "no ranges after three": NoRangeAfter(3)} {
		t.Run(name, func(t *testing.T) {
			for range 20 { // one in fifteen went wrong
				inBubble(t, func(b *bed) {
					b.restarts = 2
					b.net.Shape(Same(Link{})) // everything arrives at once
					id := b.add(b.srv.File("a.bin", Size(6*mib), Behave(does)))
					b.want[id] = []Content{Generate("/a.bin", 1, 6*mib), Generate("/a.bin", 2, 6*mib)}
					require.NoError(b, b.start())
				})
			}
		})
	}
}

func TestR16DirectoryIsMade(t *testing.T) {
	inBubble(t, func(b *bed) {
		dir := filepath.Join(b.dir, "new", "deep")
		b.dir = dir
		b.add(b.srv.File("a.bin"))
		b.add(b.srv.File("b.bin"))
		require.NoError(b, b.start())
		finals, _ := b.listing()
		require.Equal(b, []string{filepath.Join(dir, "a.bin"), filepath.Join(dir, "b.bin")}, finals)
	})
}

func TestR17SameNameTwice(t *testing.T) {
	inBubble(t, func(b *bed) {
		one, two := b.add(b.srv.File("x/a.bin")), b.add(b.srv.File("y/a.bin"))
		require.NoError(b, b.start())
		require.Equal(b, "a.bin", b.task(one).Filename)
		require.Equal(b, "a (1).bin", b.task(two).Filename)
	})
}
