package littledl_test

import (
	"fmt"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	. "github.com/littledl/littledl/internal/faultserver"
)

// later is a fault of the ranges that do not begin at 0.
func later(b Behaviour) []Behaviour { return []Behaviour{When(Beyond, b)} }

// ranged is a fault of all ranges, the first one too.
func ranged(b Behaviour) []Behaviour {
	return []Behaviour{When(func(req *Request) bool { return req.Range != nil }, b)}
}

func always(b Behaviour) []Behaviour { return []Behaviour{b} }

// inRanges says that the file came in more than one range, and was not begun again.
func inRanges(b *bed, _ littledl.FileTask) {
	asked := b.srv.GETs()
	require.Greater(b, len(asked), 3)
	for i, r := range asked {
		require.NotEmpty(b, r.Range)
		require.Equal(b, i == 0, rangeStart(r) == 0)
	}
}

// inOneStream says that it came in one answer to a request without a range.
func inOneStream(b *bed, task littledl.FileTask) {
	require.True(b, slices.ContainsFunc(b.srv.GETs(), func(r Record) bool {
		return r.Range == "" && r.Sent == task.FileSize
	}))
}

// inOneAnswer says that it came in one, be it asked for as the range from 0 to the end, as a host is
// that bears one connection.
func inOneAnswer(b *bed, task littledl.FileTask) {
	require.True(b, slices.ContainsFunc(b.srv.GETs(), func(r Record) bool {
		return (r.Range == "" || r.Range == "bytes=0-") && r.Sent == task.FileSize
	}))
}

// 16 to 31: what answers to a range can be wrong in.
func TestRangeFaults(t *testing.T) {
	t.Parallel()
	const n = 8 // requests at most where nothing goes wrong
	testFaults(t, []fault{
		{name: "nothing", least: 4, gets: n, then: inRanges},
		{name: "16 other offset", does: always(WrongRange(RangeShifted)), gets: 2, then: inOneStream},
		{name: "16 other offset later", does: later(WrongRange(RangeShifted)), least: 3, gets: n, restarts: 1, then: inOneStream},
		{name: "17 head", does: always(WrongRange(RangeFirst)), least: 3, gets: n, restarts: 1, then: inOneStream},
		{name: "18 other total", does: always(WrongRange(RangeTotal)), least: 3, gets: 2 * n, restarts: 3, then: inOneStream},
		{name: "18 other total later", does: later(WrongRange(RangeTotal)), least: 3, gets: 2 * n, restarts: 2, then: inOneStream},
		{name: "19 later end", does: later(WrongRange(RangeEndLie)), least: 3, gets: 2 * n, restarts: 2, then: inOneStream},
		{name: "19 longer and honest", does: later(WrongRange(RangeLonger)), least: 4, gets: n, then: inRanges},
		{name: "20 other unit", does: always(WrongRange(RangeUnit)), gets: 2, then: inOneStream},
		{name: "20 other unit later", does: later(WrongRange(RangeUnit)), least: 3, gets: n, restarts: 1, then: inOneStream},
		{name: "20 malformed", does: always(WrongRange(RangeMalformed)), gets: 2, then: inOneStream},
		{name: "20 malformed later", does: later(WrongRange(RangeMalformed)), least: 3, gets: n, restarts: 1, then: inOneStream},
		{name: "20 missing", does: always(WrongRange(RangeMissing)), gets: 2, then: inOneStream},
		{name: "20 missing later", does: later(WrongRange(RangeMissing)), least: 3, gets: n, restarts: 1, then: inOneStream},
		{name: "21 no total", does: always(WrongRange(RangeStar)), gets: 2, then: inOneStream},
		{name: "21 no total later", does: later(WrongRange(RangeStar)), least: 4, gets: n, then: inRanges},
		{name: "22 short", does: always(RangeCap(mib)), least: 8, gets: 2 * n, then: inRanges},
		{name: "22 very short", does: always(RangeCap(64 * kib)), least: 128, gets: 140, then: inRanges},
		{name: "22 one byte", does: always(RangeCap(1)), least: 2, gets: 60, restarts: 1, then: inOneStream},
		{name: "23 begins earlier", does: always(RangeWide(10_000)), least: 4, gets: n, then: inRanges},
		{name: "23 begins much earlier", does: always(RangeWide(100_000)), least: 3, gets: n, restarts: 1, then: inOneStream},
		{name: "24 half as long", does: always(LyingRange(BodyShort)), gets: 2, then: inOneStream},
		{name: "24 half as long later", does: later(LyingRange(BodyShort)), least: 3, gets: n, restarts: 1, then: inOneStream},
		{name: "24 half as long without length", does: later(First(3, halfUnsaid())), least: 5, gets: n + 3, then: inRanges},
		{name: "24 always half as long, without length", does: ranged(halfUnsaid()), restarts: 1, least: 5, gets: 100, then: inOneStream},
		{name: "25 longer", does: later(LyingRange(BodyLong)), least: 3, gets: n, restarts: 1, then: inOneStream},
		{name: "25 more behind", prep: wholeMiB, does: always(TooLong(10)), least: 4, gets: n, then: inRanges},
		{name: "25 too large a length", does: ranged(LengthOver(5)), gets: 2, then: inOneStream},
		{name: "25 too large a length always", does: always(LengthOver(5)), err: io.ErrUnexpectedEOF, gets: 12, within: time.Minute},
		{name: "26 zeros", does: always(LyingRange(BodyZeros)), hash: true, err: littledl.ErrHashMismatch, least: 4, gets: n},
		{name: "26 bytes from 0", does: always(LyingRange(BodyOffset0)), hash: true, err: littledl.ErrHashMismatch, least: 4, gets: n},
		{name: "26 one bit", does: always(LyingBody(BodyFlip)), hash: true, err: littledl.ErrHashMismatch, least: 4, gets: n},
		{name: "26 other file", does: always(LyingRange(BodyOtherFile)), hash: true, err: littledl.ErrHashMismatch, least: 4, gets: n},
		{name: "27 multipart", does: always(Multipart206()), gets: 2, then: inOneStream},
		{name: "27 multipart later", does: later(Multipart206()), least: 3, gets: n, restarts: 1, then: inOneStream},
		{name: "28 chunked", does: always(ChunkedRange()), least: 4, gets: n, then: inRanges},
		{name: "29 200 for a part", does: always(Partial200()), gets: 2, then: inOneStream},
		{name: "29 200 for a part later", does: later(Partial200()), least: 3, gets: n, restarts: 1, then: inOneStream},
		{name: "30 416", does: always(Always416()), gets: 2, then: inOneStream},
		{name: "30 416 without size", does: always(Always416Of(-1)), gets: 2, then: inOneStream},
		{name: "30 416 later", does: later(Always416()), least: 3, gets: n, restarts: 1, then: inOneStream},
		{name: "31 416 of another size", does: always(Always416Of(5)), gets: 2, then: inOneStream},
		{name: "31 416 of another size later", does: later(Always416Of(5)), least: 3, gets: 2 * n, restarts: 2, then: inOneStream},
		{name: "34 negative length", does: always(BadLength("-1")), err: errSome, gets: 1},
		{name: "34 length in words", does: always(BadLength("ten")), err: errSome, gets: 1},
		{name: "34 length of no int64", does: always(BadLength("99999999999999999999")), err: errSome, gets: 1},
		{name: "34 two lengths", does: always(DuplicateLength(5)), err: errSome, gets: 1},
		{name: "34 one length twice", does: always(DuplicateLength(0)), least: 4, gets: n, then: inRanges},
	})
}

// halfUnsaid sends half of a part, chunked, so that it ends cleanly.
func halfUnsaid() Behaviour {
	return Do(func(req *Request, next Handler) *Response {
		res := next(req)
		res.Body, res.Length = section(res.Body, res.Body.Size()/2), -1
		return res
	})
}

// TestNoRangeIsRight has a server whose every answer, to a range or to none, is of
// another place.
func TestNoRangeIsRight(t *testing.T) {
	testFaults(t, []fault{{
		name: "16 no answer is right",
		does: always(Do(func(req *Request, next Handler) *Response {
			req.Range = &Range{First: 7, Last: -1}
			return next(req)
		})),
		err: littledl.ErrRangeMismatch, gets: 2,
	}})
}

// 35: sizes beside the places where a file is cut.
func TestSizesAtTheCuts(t *testing.T) {
	t.Parallel()
	for _, size := range []int64{1, 2, 64 * kib, 5*mib - 1, 5 * mib, 5*mib + 1, 6*mib - 1, 8*mib - 1, 8*mib + 1, 20*mib + 3} {
		for _, least := range []int64{1, mib} {
			t.Run(fmt.Sprintf("35 %d cut at %d", size, least), func(t *testing.T) {
				inBoth(t, func(b *bed) {
					b.conf.MinChunkSize = least
					b.add(b.srv.File("a.bin", Size(size)))
					require.NoError(b, b.start())
				})
			})
		}
	}
}

// TestNoGoroutineLeft relies on its bubble, which ends when its goroutines have.
func TestNoGoroutineLeft(t *testing.T) {
	for name, fault := range map[string]Behaviour{
		"status": Status(404), "reset": RST(1000), "stall": Stall(1000), "headers": StallHeader(), "short": ShortBody(1000),
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(b *bed) {
				b.conf.Retry.MaxRetries = -1
				b.add(b.srv.File("a.bin", Size(8*mib), Behave(When(Beyond, fault))))
				require.Error(b, b.start())
			})
		})
	}
}

// TestShortCleanPart has parts that end early and cleanly, without a length.
func TestShortCleanPart(t *testing.T) {
	inBubble(t, func(b *bed) {
		b.add(b.srv.File("a.bin", Size(8*mib), Behave(First(3, halfUnsaid()))))
		b.add(b.srv.File("b.bin", Size(mib), Behave(First(1, halfUnsaid()))))
		require.NoError(b, b.start())
	})
}

// TestRangeIgnored: a 200 for a range is the whole file, not the part.
func TestRangeIgnored(t *testing.T) {
	inBubble(t, func(b *bed) {
		b.add(b.srv.File("a.bin", Size(8*mib), Behave(NoRangeLie())))
		b.add(b.srv.File("b.bin", Size(8*mib), Behave(When(Beyond, NoRangeLie()))))
		b.restarts = 1
		require.NoError(b, b.start())
		require.Len(b, b.srv.GETs("a.bin"), 1)
	})
}

// TestCopiesOfTheHead has every range answered with as many bytes of the head.
func TestCopiesOfTheHead(t *testing.T) {
	inBubble(t, func(b *bed) {
		b.add(b.srv.File("a.bin", Size(24*mib), Behave(WrongRange(RangeFirst))))
		b.restarts = 1
		require.NoError(b, b.start())
	})
}
