package littledl_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	. "github.com/littledl/littledl/internal/faultserver"
)

// 1 to 4: HEADs that are refused, hang or lie about files that wait.
func TestHEADFaults(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]Behaviour{
		"1 403": NoHead(403), "1 404": NoHead(404), "1 405": NoHead(405), "1 501": NoHead(501),
		"2 closed": HeadClose(), "3 no answer": HeadHang(), "4 no length": HeadNoLength(),
		"4 length 0": HeadLies(-3 * mib), "4 too short": HeadLies(-1), "4 too long": HeadLies(20 * mib),
	} {
		t.Run(name, func(t *testing.T) {
			inBoth(t, func(b *bed) {
				b.files = 1
				for i := range 8 {
					b.add(b.srv.File(strconv.Itoa(i), Size(int64(i)*500*kib), Behave(fault)))
				}
				require.NoError(b, b.start())
				require.Len(b, b.srv.GETs(), 8)
				require.NotEmpty(b, b.srv.HEADs(), "the look-ahead was to be tested")
				if name[0] != '4' && name != "1 404" { // one missing file says nothing of others
					require.LessOrEqual(b, len(b.srv.HEADs()), 2, "a host that refuses is not asked again")
				}
				require.Less(b, b.took, 3*time.Second)
			})
		})
	}
}

// 5 to 15: what the first answer can be like.
func TestProbeFaults(t *testing.T) {
	t.Parallel()
	unverified := func(b *bed, task littledl.FileTask) { require.False(b, task.LengthVerified) }
	verified := func(b *bed, task littledl.FileTask) { require.True(b, task.LengthVerified) }
	testFaults(t, []fault{
		{name: "5 no Accept-Ranges", does: always(NoAcceptRanges()), least: 4, gets: 10, then: inRanges},
		{name: "6 Accept-Ranges is a lie", does: always(NoRangeLie()), gets: 1, then: verified},
		{name: "6 but for the head", does: later(NoRangeLie()), least: 3, gets: 10, restarts: 1, then: inOneStream},
		{name: "7 one byte alone", does: always(ProbeOnly()), gets: 1, then: verified},
		{name: "8 no ranges", does: always(NoRange()), gets: 1, then: verified},
		{name: "9 no ranges after one", does: always(NoRangeAfter(1)), least: 3, gets: 10, restarts: 1, then: inOneStream},
		{name: "9 no ranges after three", does: always(NoRangeAfter(3)), least: 5, gets: 12, restarts: 1, then: inOneStream},
		{name: "10 empty, 416", file: []FileOption{Size(0)}, gets: 1, then: verified},
		{name: "10 empty, 206", does: always(EmptyPartial()), file: []FileOption{Size(0)}, gets: 2, then: verified},
		{name: "10 empty, 200", does: always(NoRange()), file: []FileOption{Size(0)}, gets: 1, then: verified},
		{name: "11 no length", does: always(NoLength()), gets: 1, then: unverified},
		{name: "11 no length, a hash", does: always(NoLength()), hash: true, gets: 1, then: verified},
		{name: "11 no length, empty", does: always(NoLength()), file: []FileOption{Size(0)}, gets: 1, then: unverified},
		{name: "12 to the connection's end", does: always(CloseDelimited()), gets: 1, then: unverified},
		{name: "12 to the connection's end, a hash", does: always(CloseDelimited()), hash: true, gets: 1, then: verified},
		{name: "13 cut there, a hash", does: always(CloseDelimitedCut(mib)), hash: true, err: littledl.ErrHashMismatch, gets: 1},
		{name: "14 103 first", does: always(Informational(103, 1)), least: 4, gets: 10, then: inRanges},
		{name: "14 a flood of 103", does: always(Informational(103, 50)), least: 4, gets: 10, then: inRanges},
		{name: "14 a flood of 100", does: always(Informational(100, 50)), least: 4, gets: 10, then: inRanges},
		{name: "14 103 for ever", does: always(Informational(103, 10_000)), prep: func(b *bed) { b.net.Shape(nil) }, err: errSome, gets: 1, then: readsLittle},
		{name: "15 giant headers", does: always(HeaderBomb(20 * mib)), err: errSome, gets: 1, then: readsLittle},
	})
}

// readsLittle says that what came was not taken in without end.
func readsLittle(b *bed, _ littledl.FileTask) {
	require.Less(b, b.read.Load(), int64(2*mib))
}

// 13: a cut that nobody can see is said to be unverified.
func TestUnseenCut(t *testing.T) {
	inBoth(t, func(b *bed) {
		f := b.srv.File("a.bin", Size(8*mib), Behave(CloseDelimitedCut(mib)))
		id := b.add(f)
		b.want[id] = []Content{section(f.Content(), mib)}
		require.NoError(b, b.start())
		require.False(b, b.task(id).LengthVerified)
		require.EqualValues(b, mib, b.task(id).FileSize)
	})
}

// 11: while no length is known there is no percentage, and no end in sight.
func TestUnknownLengthInProgress(t *testing.T) {
	inBoth(t, func(b *bed) {
		id := b.add(b.srv.File("a.bin", Size(4*mib), Behave(NoLength())))
		looks := 0
		b.d.SetProgressCallback(func(done, total int, speed float64, eta time.Duration) {
			if task := b.task(id); task.Status == littledl.StatusDownloading {
				looks++
				require.EqualValues(b, -1, task.FileSize)
				require.Zero(b, task.Progress())
				require.Negative(b, eta)
			}
		})
		require.NoError(b, b.start())
		require.Positive(b, looks)
	})
}
