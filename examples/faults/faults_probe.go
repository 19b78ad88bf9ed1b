package main

import (
	origin "github.com/littledl/littledl/internal/faultserver"
)

// probeFaults are those of the first answers: HEAD, sizes, what is said of ranges.
func probeFaults() []fault {
	const noHEAD = "asks for no HEAD: the first GET is the probe"
	return []fault{
		{number: 0, what: "nothing", ours: "fetches it over several connections"},
		{number: 1, what: "HEAD answered 403", ours: noHEAD, does: does(origin.NoHead(403))},
		{number: 1, what: "HEAD answered 405", ours: noHEAD, does: does(origin.NoHead(405))},
		{number: 2, what: "connection closed on HEAD", ours: noHEAD, does: does(origin.HeadClose())},
		{number: 3, what: "HEAD never answered", ours: noHEAD, does: does(origin.HeadHang())},
		{number: 4, what: "HEAD tells too small a size", ours: noHEAD, does: does(origin.HeadLies(-mib))},
		{number: 4, what: "HEAD tells too large a size", ours: noHEAD, does: does(origin.HeadLies(mib))},
		{number: 4, what: "HEAD tells size 0", ours: noHEAD, does: does(origin.HeadLies(-2 * usualSize))},
		{number: 5, what: "ranges work, but Accept-Ranges does not say so", ours: "believes the 206", does: does(origin.NoAcceptRanges())},
		{number: 6, what: "Accept-Ranges says that ranges work; every answer is the whole file", ours: "takes the first answer's body as the file", does: does(origin.NoRangeLie())},
		{number: 6, what: "the same for ranges that do not begin at 0", ours: "begins again in one stream", does: later(origin.NoRangeLie())},
		{number: 7, what: "a range of one byte works, no other does", ours: "never asks for one byte to find out", does: does(origin.ProbeOnly())},
		{number: 8, what: "no ranges at all", ours: "takes the first answer's body as the file", does: does(origin.NoRange())},
		{number: 9, what: "ranges work once, then every answer is the whole file", ours: "begins again in one stream", does: does(origin.NoRangeAfter(1))},
		{number: 9, what: "ranges work three times, then no more", ours: "begins again in one stream", does: does(origin.NoRangeAfter(3))},
		{number: 10, what: "empty file, 416 to any range", ours: "an empty file", file: sized(0)},
		{number: 10, what: "empty file, 206 with bytes 0-0/0", ours: "an empty file, after a request without a range", does: does(origin.EmptyPartial()), file: sized(0)},
		{number: 10, what: "empty file, 200", ours: "an empty file", does: does(origin.NoRange()), file: sized(0)},
		{number: 11, what: "chunked body, no length told", ours: "takes it in one stream; complete at the last chunk; `LengthVerified` is false", does: does(origin.NoLength())},
		{number: 12, what: "body to the end of the connection (HTTP/1.0)", ours: "takes it; `LengthVerified` is false", does: does(origin.CloseDelimited())},
		{number: 13, what: "the same, cut after an eighth", ours: "the digest does not match", does: does(origin.CloseDelimitedCut(mib)), digest: true, ends: failed},
		{number: 14, what: "103 before each answer", ours: "passes over it", does: does(origin.Informational(103, 1))},
		{number: 14, what: "fifty 100s before each answer", ours: "passes over them, up to a limit", does: does(origin.Informational(100, 50))},
		{number: 15, what: "20 MiB of headers", ours: "gives up after a bounded part of them", does: does(origin.HeaderBomb(20 * mib)), ends: failed},
	}
}
