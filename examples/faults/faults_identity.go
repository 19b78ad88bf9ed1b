package main

import (
	"time"

	origin "github.com/littledl/littledl/internal/faultserver"
)

// identityFaults are files that do not stay what they were, or do not say what they are.
func identityFaults() []fault {
	const anew = "begins again with the new version"
	changed := func(opts ...origin.FileOption) []origin.Behaviour {
		return does(origin.After(2, origin.Become(append(opts, origin.Version(2))...)))
	}
	undated := origin.LastModified(time.Time{})
	same := versions(usualSize)
	return []fault{
		{number: 66, what: "file changes after the first answer, same size", ours: anew, does: does(origin.ETagChange(1)), want: same},
		{number: 66, what: "file changes after two answers, same size", ours: anew, does: does(origin.ETagChange(2)), want: same},
		{number: 67, what: "file grows after two answers", ours: anew, does: changed(origin.Size(9 * mib)), want: versions(usualSize, 9*mib)},
		{number: 67, what: "file shrinks after two answers", ours: anew, does: changed(origin.Size(6 * mib)), want: versions(usualSize, 6*mib)},
		{number: 68, what: "file changes, If-Range is ignored", ours: "compares the validators of each answer; " + anew, does: does(origin.IgnoreIfRange(), origin.ETagChange(2)), want: same},
		{number: 69, what: "file changes under its old ETag and date", ours: "the digest does not match", does: does(origin.ChangeUnseen(2)), digest: true, ends: failed},
		{number: 70, what: "two versions in turn", ours: "in the end one stream, which is one version", does: does(origin.ETagFlap()), want: same},
		{number: 70, what: "two versions in turn, If-Range is ignored", ours: "in the end one stream, which is one version", does: does(origin.IgnoreIfRange(), origin.ETagFlap()), want: same},
		{number: 71, what: "another ETag with each answer, same file", ours: "in the end one stream", does: does(origin.ETagOnly())},
		{number: 72, what: "200 to any If-Range, though the ETag is right", ours: "asks that host without it and compares the ETag", does: does(origin.DislikesIfRange())},
		{number: 73, what: "weak ETag", ours: "relies on Last-Modified", does: does(origin.WeakETag())},
		{number: 73, what: "weak ETag alone, and the file changes", ours: anew, does: changed(origin.ETag(`W/"2"`), undated), file: []origin.FileOption{origin.ETag(`W/"1"`), undated}, want: same},
		{number: 74, what: "Last-Modified alone, and the file changes", ours: anew, does: does(origin.IgnoreIfRange(), origin.ETagChange(2), origin.LastModOnly()), want: same},
		{number: 75, what: "no validators", ours: "compares sizes, within one session", does: does(origin.NoValidators())},
		{number: 76, what: "ETag without quotes", ours: "never sends it; compares it as it is", file: []origin.FileOption{origin.ETag("abc")}},
		{number: 80, what: "right headers, zeros; Repr-Digest tells", ours: "hash mismatch by the server's own digest, nothing left", does: does(origin.ReprDigest(true), origin.LyingBody(origin.BodyZeros)), ends: failed},
	}
}

// encodingFaults are bodies that are encoded although nobody asked.
func encodingFaults() []fault {
	return []fault{
		{number: 81, what: "gzip though identity was asked for", ours: "refuses it with `ErrEncoding`", does: does(origin.Gzip()), file: sized(256 * kib), ends: failed},
		{number: 82, what: "a.tar.gz sent as it is, but labelled Content-Encoding: gzip", ours: "stores it as it is", does: does(origin.GzipMislabel()), path: "a.tar.gz"},
		{number: 154, what: "sent as it is, Content-Encoding: none", ours: "knows which words are codings", does: does(origin.Label("none"))},
		{number: 154, what: "sent as it is, Content-Encoding: utf-8", ours: "knows which words are codings", does: does(origin.Label("utf-8"))},
		{number: 154, what: "sent as it is, Content-Encoding: aws-chunked", ours: "knows which words are codings", does: does(origin.Label("aws-chunked"))},
		{number: 154, what: "sent as it is, Content-Encoding: cp936", ours: "knows which words are codings", does: does(origin.Label("cp936"))},
		{number: 155, what: "a.tar.gz sent as it is without a length, labelled Content-Encoding: gzip", ours: "stores it as it is", does: does(origin.NoLength(), origin.GzipMislabel()), path: "a.tar.gz"},
		{number: 155, what: "a.tar.xz sent as it is, but labelled Content-Encoding: xz", ours: "stores it as it is", does: does(origin.Label("xz")), path: "a.tar.xz"},
	}
}
