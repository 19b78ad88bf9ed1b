package main

import (
	origin "github.com/littledl/littledl/internal/faultserver"
)

// rangeFaults are those of an answer to a range.
func rangeFaults() []fault {
	const (
		anew     = "writes none of it; begins again in one stream"
		unranged = "writes none of it; asks once more without a range"
		digest   = "the digest does not match"
	)
	return []fault{
		{number: 16, what: "another place than asked; Content-Range admits it", ours: unranged, does: does(origin.WrongRange(origin.RangeShifted))},
		{number: 16, what: "the same for ranges that do not begin at 0", ours: anew, does: later(origin.WrongRange(origin.RangeShifted))},
		{number: 17, what: "always the first bytes, whatever is asked; Content-Range admits it", ours: anew, does: does(origin.WrongRange(origin.RangeFirst))},
		{number: 18, what: "Content-Range with another total", ours: "takes it for a changed file; in the end one stream", does: later(origin.WrongRange(origin.RangeTotal))},
		{number: 19, what: "Content-Range with a later end than is sent", ours: "takes it for a changed file; in the end one stream", does: later(origin.WrongRange(origin.RangeEndLie))},
		{number: 19, what: "more than asked; Content-Range admits it", ours: "takes what it asked for", does: later(origin.WrongRange(origin.RangeLonger))},
		{number: 20, what: "Content-Range in another unit", ours: unranged, does: does(origin.WrongRange(origin.RangeUnit))},
		{number: 20, what: "Content-Range that nobody can read", ours: unranged, does: does(origin.WrongRange(origin.RangeMalformed))},
		{number: 20, what: "206 without Content-Range", ours: unranged, does: does(origin.WrongRange(origin.RangeMissing))},
		{number: 21, what: "Content-Range with `*` for the total", ours: "asks without a range, for the size", does: does(origin.WrongRange(origin.RangeStar))},
		{number: 21, what: "the same for ranges that do not begin at 0", ours: "takes it: the size is known", does: later(origin.WrongRange(origin.RangeStar))},
		{number: 22, what: "at most 1 MiB a range; Content-Range admits it", ours: "takes it and asks for the rest", does: does(origin.RangeCap(mib))},
		{number: 22, what: "at most 64 KiB a range", ours: "takes it and asks for the rest", does: does(origin.RangeCap(64 * kib))},
		{number: 22, what: "at most one byte a range", ours: "begins again in one stream after a few", does: does(origin.RangeCap(1))},
		{number: 23, what: "ranges begin 10 kB earlier than asked; Content-Range admits it", ours: "skips what it did not ask for", does: does(origin.RangeWide(10_000))},
		{number: 23, what: "ranges begin 100 kB earlier", ours: anew, does: does(origin.RangeWide(100_000))},
		{number: 24, what: "right Content-Range, half the body, Content-Length of the half", ours: unranged, does: does(origin.LyingRange(origin.BodyShort))},
		{number: 24, what: "the same for ranges that do not begin at 0", ours: anew, does: later(origin.LyingRange(origin.BodyShort))},
		{number: 25, what: "body and Content-Length longer than Content-Range", ours: anew, does: later(origin.LyingRange(origin.BodyLong))},
		{number: 25, what: "bytes behind the body that no header announces", ours: "reads what was announced, drops the connection", does: does(origin.TooLong(10))},
		{number: 25, what: "Content-Length of a range five too large", ours: unranged, does: does(origin.When(func(r *origin.Request) bool { return r.Range != nil }, origin.LengthOver(5)))},
		{number: 26, what: "right headers, bytes from the file's begin", ours: digest, does: does(origin.LyingRange(origin.BodyOffset0)), digest: true, ends: failed},
		{number: 26, what: "right headers, zeros", ours: digest, does: does(origin.LyingRange(origin.BodyZeros)), digest: true, ends: failed},
		{number: 26, what: "right headers, one bit wrong in each answer", ours: digest, does: does(origin.LyingBody(origin.BodyFlip)), digest: true, ends: failed},
		{number: 26, what: "right headers, bytes of another file", ours: digest, does: does(origin.LyingRange(origin.BodyOtherFile)), digest: true, ends: failed},
		{number: 27, what: "multipart/byteranges for a single range", ours: unranged, does: does(origin.Multipart206())},
		{number: 28, what: "206 chunked, without a length", ours: "counts by Content-Range", does: does(origin.ChunkedRange())},
		{number: 29, what: "200 with Content-Range and a part of the file", ours: unranged, does: does(origin.Partial200())},
		{number: 29, what: "the same for ranges that do not begin at 0", ours: anew, does: later(origin.Partial200())},
		{number: 30, what: "416 to every range", ours: "asks once more without a range", does: does(origin.Always416())},
		{number: 30, what: "416 to ranges that do not begin at 0", ours: "begins again in one stream", does: later(origin.Always416())},
		{number: 31, what: "416 with another size, to ranges that do not begin at 0", ours: "takes it for a changed file; in the end one stream", does: later(origin.Always416Of(5))},
		{number: 34, what: "Content-Length: -1", ours: "refuses the answer", does: does(origin.BadLength("-1")), ends: failed},
		{number: 34, what: "Content-Length in words", ours: "refuses the answer", does: does(origin.BadLength("ten")), ends: failed},
		{number: 34, what: "Content-Length beyond 64 bits", ours: "refuses the answer", does: does(origin.BadLength("99999999999999999999")), ends: failed},
		{number: 34, what: "two Content-Lengths that differ", ours: "refuses the answer", does: does(origin.DuplicateLength(5)), ends: failed},
		{number: 35, what: "one byte more than full chunks", ours: "the last chunk is one byte", file: sized(usualSize + 1)},
	}
}
