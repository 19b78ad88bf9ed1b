package httprange

import (
	"math"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	now   = "Tue, 02 Jan 2024 03:04:05 GMT"
	old   = "Mon, 01 Jan 2024 00:00:00 GMT"
	newer = "Mon, 01 Jan 2024 00:00:01 GMT"
	old2  = "Monday, 01-Jan-24 00:00:00 GMT" // the same time in another form

	none = -1 // no Content-Length
	mib  = 1 << 20
)

// probe is the first request for a file, part one of those that follow. resume
// goes to the end of the file, whole has no Range.
var (
	probe  = Ask{Ranged: true, Start: 0, End: 5 * mib}
	part   = Ask{Ranged: true, Start: 1000, End: 2000, IfRange: true, Served: true}
	resume = Ask{Ranged: true, Start: 1000, End: -1, IfRange: true, Served: true}
	whole  = Ask{}
)

// head builds an answer; fields are pairs of name and value.
func head(status int, length int64, fields ...string) Answer {
	h := http.Header{}
	for i := 0; i < len(fields); i += 2 {
		h.Add(fields[i], fields[i+1])
	}
	return Answer{Status: status, Header: h, ContentLength: length}
}

func accept(skip, offset, take int64) Verdict {
	return Verdict{Kind: Accept, Skip: skip, Offset: offset, Take: take}
}

func acceptWhole(take int64) Verdict { return Verdict{Kind: Accept, Whole: true, Take: take} }

func only(k Kind) Verdict { return Verdict{Kind: k} }

func TestGate(t *testing.T) {
	const cr, etag, lm, enc, ct = "Content-Range", "Etag", "Last-Modified", "Content-Encoding", "Content-Type"
	strong := &Pin{Size: 3000, ETag: `"a"`, LastModified: old, DateStrong: true}
	weak := &Pin{Size: 3000, ETag: `W/"a"`, LastModified: old}
	dated := &Pin{Size: 3000, LastModified: old, DateStrong: true}
	sized := &Pin{Size: 3000}
	unsized := &Pin{Size: -1, ETag: `"a"`}
	gz := Ask{Ranged: true, Start: 1000, End: 2000, Names: []string{"/x/a.tar.GZ"}}
	gzWhole := Ask{Names: []string{"/dl", "/a.tgz"}}
	plain := part
	plain.IfRange = false
	first := probe
	first.IfRange = true

	for _, c := range []struct {
		name string
		ask  Ask
		pin  *Pin
		a    Answer
		want Verdict
	}{
		// 206, the good ones.
		{"probe of a large file", probe, nil, head(206, 5*mib, cr, "bytes 0-5242879/10485760"), accept(0, 0, 5*mib)},
		{"probe of a small file", probe, nil, head(206, 100, cr, "bytes 0-99/100"), accept(0, 0, 100)},
		{"probe of one byte", probe, nil, head(206, 1, cr, "bytes 0-0/1"), accept(0, 0, 1)},
		{"part", part, strong, head(206, 1000, cr, "bytes 1000-1999/3000", etag, `"a"`), accept(0, 1000, 1000)},
		{"part without validators", part, strong, head(206, 1000, cr, "bytes 1000-1999/3000"), accept(0, 1000, 1000)},
		{"part, nothing known of the version (case 75)", plain, sized, head(206, 1000, cr, "bytes 1000-1999/3000", etag, `"x"`), accept(0, 1000, 1000)},
		{"part where the size was unknown", part, unsized, head(206, 1000, cr, "bytes 1000-1999/3000"), accept(0, 1000, 1000)},
		{"to the end", resume, strong, head(206, 2000, cr, "bytes 1000-2999/3000"), accept(0, 1000, 2000)},
		{"last byte (case 35)", Ask{Ranged: true, Start: 2999, End: 3000}, strong, head(206, 1, cr, "bytes 2999-2999/3000"), accept(0, 2999, 1)},
		{"end beyond the file", Ask{Ranged: true, Start: 2000, End: 9000}, strong, head(206, 1000, cr, "bytes 2000-2999/3000"), accept(0, 2000, 1000)},
		{"shorter than asked (case 22)", part, strong, head(206, 10, cr, "bytes 1000-1009/3000"), accept(0, 1000, 10)},
		{"longer than asked (case 19)", part, strong, head(206, 1500, cr, "bytes 1000-2499/3000"), accept(0, 1000, 1000)},
		{"earlier than asked (case 23)", part, strong, head(206, 2000, cr, "bytes 0-1999/3000"), accept(1000, 1000, 1000)},
		{"earlier and shorter", part, strong, head(206, 600, cr, "bytes 500-1099/3000"), accept(500, 1000, 100)},
		{"64 KiB earlier", Ask{Ranged: true, Start: 70000, End: 70001}, nil, head(206, 65537, cr, "bytes 4464-70000/99999"), accept(65536, 70000, 1)},
		{"chunked (case 28)", part, strong, head(206, none, cr, "bytes 1000-1999/3000"), accept(0, 1000, 1000)},
		{"chunked and shorter", part, strong, head(206, none, cr, "bytes 1000-1099/3000"), accept(0, 1000, 100)},
		{"total not told, but known (case 21)", part, strong, head(206, 1000, cr, "bytes 1000-1999/*"), accept(0, 1000, 1000)},
		{"beyond 4 GiB (case 33)", Ask{Ranged: true, Start: 1<<32 - 1, End: 1<<32 + 1}, nil, head(206, 2, cr, "bytes 4294967295-4294967296/5368709120"), accept(0, 1<<32-1, 2)},
		{"largest numbers", Ask{Ranged: true, Start: 5, End: math.MaxInt64}, nil, head(206, none, cr, "bytes 5-9223372036854775806/9223372036854775807"), accept(0, 5, math.MaxInt64-5)},
		{"whole, not asked for a range", whole, nil, head(206, 3000, cr, "bytes 0-2999/3000"), acceptWhole(3000)},
		{"encoding identity", part, strong, head(206, 1000, cr, "bytes 1000-1999/3000", enc, "Identity"), accept(0, 1000, 1000)},
		{"date in another form", plain, dated, head(206, 1000, cr, "bytes 1000-1999/3000", lm, old2), accept(0, 1000, 1000)},
		{"equal weak etag (case 73)", plain, weak, head(206, 1000, cr, "bytes 1000-1999/3000", etag, `W/"a"`), accept(0, 1000, 1000)},

		// 206 with other bytes.
		{"shifted (case 16)", part, strong, head(206, 1000, cr, "bytes 1001-2000/3000"), only(RangeMismatch)},
		{"starts at 0 and ends before (case 17)", part, strong, head(206, 1000, cr, "bytes 0-999/3000"), only(RangeMismatch)},
		{"more than 64 KiB earlier (case 23)", Ask{Ranged: true, Start: 70000, End: 70001}, nil, head(206, 65538, cr, "bytes 4463-70000/99999"), only(RangeMismatch)},
		{"behind", part, strong, head(206, 1000, cr, "bytes 2000-2999/3000"), only(RangeMismatch)},
		{"content-length shorter (case 24)", part, strong, head(206, 900, cr, "bytes 1000-1999/3000"), only(RangeMismatch)},
		{"content-length longer (case 25)", part, strong, head(206, 1100, cr, "bytes 1000-1999/3000"), only(RangeMismatch)},
		{"content-length 0", part, strong, head(206, 0, cr, "bytes 1000-1999/3000"), only(RangeMismatch)},
		{"longer than asked, no length (case 19)", part, strong, head(206, none, cr, "bytes 1000-2499/3000"), only(RangeMismatch)},
		{"nothing was asked", Ask{Ranged: true, Start: 1000, End: 1000}, strong, head(206, 1, cr, "bytes 1000-1000/3000"), only(RangeMismatch)},

		// 206 that does not say what it holds (cases 20, 21, 27).
		{"no content-range", part, strong, head(206, 1000), only(RangeUnusable)},
		{"two content-ranges", part, strong, head(206, 1000, cr, "bytes 1000-1999/3000", cr, "bytes 1000-1999/3000"), only(RangeUnusable)},
		{"unit", part, strong, head(206, 1000, cr, "items 1000-1999/3000"), only(RangeUnusable)},
		{"malformed", part, strong, head(206, 1000, cr, "bytes 1000-1999"), only(RangeUnusable)},
		{"unsatisfied", part, strong, head(206, 1000, cr, "bytes */3000"), only(RangeUnusable)},
		{"multipart", part, strong, head(206, 1000, cr, "bytes 1000-1999/3000", ct, "Multipart/Byteranges; boundary=x"), only(RangeUnusable)},
		{"total not told and not known", probe, nil, head(206, 100, cr, "bytes 0-99/*"), only(RangeUnusable)},
		{"total not told, pinned without", part, unsized, head(206, 1000, cr, "bytes 1000-1999/*"), only(RangeUnusable)},
		{"empty file (case 10)", probe, nil, head(206, 0, cr, "bytes 0-0/0"), only(RangeUnusable)},
		{"empty file, minus one", probe, nil, head(206, 0, cr, "bytes 0--1/0"), only(RangeUnusable)},
		{"part, not asked for", whole, nil, head(206, 100, cr, "bytes 0-99/3000"), only(Malformed)},
		{"tail, not asked for", whole, nil, head(206, 100, cr, "bytes 2900-2999/3000"), only(Malformed)},
		{"no content-range, not asked for", whole, nil, head(206, 100), only(Malformed)},
		{"multipart, not asked for", whole, nil, head(206, 100, ct, "multipart/byteranges"), only(Malformed)},
		{"total not told, not asked for", whole, nil, head(206, 100, cr, "bytes 0-99/*"), only(Malformed)},
		{"length contradicts, not asked for", whole, nil, head(206, 99, cr, "bytes 0-99/100"), only(Malformed)},

		// 206 of another version (cases 18, 66 to 76).
		{"size", part, strong, head(206, 1000, cr, "bytes 1000-1999/3001", etag, `"a"`), only(Changed)},
		{"ends beyond the known size", part, sized, head(206, 3000, cr, "bytes 1000-3999/*"), only(Changed)},
		{"etag", part, strong, head(206, 1000, cr, "bytes 1000-1999/3000", etag, `"b"`), only(Changed)},
		{"etag, though last-modified is equal (case 71)", part, strong, head(206, 1000, cr, "bytes 1000-1999/3000", etag, `"b"`, lm, old), only(Changed)},
		{"etag became weak", part, strong, head(206, 1000, cr, "bytes 1000-1999/3000", etag, `W/"a"`), only(Changed)},
		{"weak etag", plain, weak, head(206, 1000, cr, "bytes 1000-1999/3000", etag, `W/"b"`), only(Changed)},
		{"malformed etag (case 76)", plain, &Pin{Size: 3000, ETag: "a"}, head(206, 1000, cr, "bytes 1000-1999/3000", etag, "b"), only(Changed)},
		{"last-modified", part, dated, head(206, 1000, cr, "bytes 1000-1999/3000", lm, newer), only(Changed)},
		{"last-modified, though etag is equal", part, strong, head(206, 1000, cr, "bytes 1000-1999/3000", etag, `"a"`, lm, newer), only(Changed)},
		{"last-modified is no date", plain, dated, head(206, 1000, cr, "bytes 1000-1999/3000", lm, "never"), only(Changed)},
		{"version before position", part, strong, head(206, 1000, cr, "bytes 0-999/4000"), only(Changed)},

		// Encodings (cases 81, 82).
		{"gzip", part, strong, head(206, 1000, cr, "bytes 1000-1999/3000", enc, "gzip"), only(BadEncoding)},
		{"gzip of another size", part, strong, head(206, 500, cr, "bytes 1000-1499/1500", enc, "gzip"), only(BadEncoding)},
		{"gzip from the start", whole, nil, head(200, none, enc, "gzip"), only(BadEncoding)},
		{"gzip with a length", whole, nil, head(200, 900, enc, "gzip"), only(BadEncoding)},
		{"brotli of a .gz", gzWhole, nil, head(200, 900, enc, "br"), only(BadEncoding)},
		{"two encodings of a .gz", gzWhole, nil, head(200, 900, enc, "br", enc, "gzip"), only(BadEncoding)},
		{"mislabelled .tar.gz", gz, sized, head(206, 1000, cr, "bytes 1000-1999/3000", enc, "gzip"), accept(0, 1000, 1000)},
		{"mislabelled .tar.gz, of no known length", gz, sized, head(206, none, cr, "bytes 1000-1999/3000", enc, "gzip"), accept(0, 1000, 1000)},
		{"mislabelled before as well", part, &Pin{Size: 3000, Encoding: "gzip"}, head(206, none, cr, "bytes 1000-1999/3000", enc, "gzip"), accept(0, 1000, 1000)},
		{"mislabelled .tgz, whole", gzWhole, nil, head(200, 3000, enc, "x-gzip"), acceptWhole(3000)},
		{"mislabelled .tgz, whole, size known", gzWhole, sized, head(200, 3000, enc, "gzip"), acceptWhole(3000)},
		{"encoded .tgz", gzWhole, sized, head(200, 2999, enc, "gzip"), only(BadEncoding)},
		{"mislabelled .tgz without a length", gzWhole, nil, head(200, none, enc, "gzip"), acceptWhole(-1)},
		{"mislabelled .tgz without a length, size known", gzWhole, sized, head(200, none, enc, "gzip"), acceptWhole(-1)},

		// 200.
		{"no ranges (case 8)", probe, nil, head(200, 3000), acceptWhole(3000)},
		{"no ranges, larger than asked", probe, nil, head(200, 50*mib), acceptWhole(50 * mib)},
		{"no length (case 11)", probe, nil, head(200, none), acceptWhole(-1)},
		{"not asked for a range", whole, nil, head(200, 3000), acceptWhole(3000)},
		{"again without a range", whole, strong, head(200, 3000, etag, `"a"`), acceptWhole(3000)},
		{"again without a range, no length", whole, strong, head(200, none, etag, `"a"`), acceptWhole(-1)},
		{"again from the start", first, strong, head(200, 3000, etag, `"a"`), acceptWhole(3000)},
		{"empty file", probe, nil, head(200, 0), only(Empty)},
		{"empty file, not asked for a range", whole, nil, head(200, 0), only(Empty)},
		{"empty file again", whole, &Pin{Size: 0}, head(200, 0), only(Empty)},
		{"empty where it was not (case 66)", whole, strong, head(200, 0), only(Changed)},
		{"range ignored (case 6)", plain, sized, head(200, 3000), only(RangeIgnored)},
		{"range ignored, no length", plain, strong, head(200, none), only(RangeIgnored)},
		{"range ignored, nothing pinned", Ask{Ranged: true, Start: 1, End: -1}, nil, head(200, 3000), only(RangeIgnored)},
		{"range ignored, equal etag, no if-range sent", plain, strong, head(200, 3000, etag, `"a"`), only(RangeIgnored)},
		{"if-range sent, no validator came", part, strong, head(200, 3000), only(RangeIgnored)},
		{"if-range refused (case 72)", part, strong, head(200, 3000, etag, `"a"`), only(IfRangeRefused)},
		{"if-range refused, by date", part, dated, head(200, 3000, lm, old), only(IfRangeRefused)},
		{"if-range false (case 66)", part, strong, head(200, 3000, etag, `"b"`), only(Changed)},
		{"if-range false, other size (case 67)", part, strong, head(200, 3001, etag, `"a"`), only(Changed)},
		{"if-range false, by date", part, dated, head(200, 3000, lm, newer), only(Changed)},
		{"changed, from the start", first, strong, head(200, 3000, etag, `"b"`), only(Changed)},
		{"error page later (case 64)", part, strong, head(200, 512, ct, "text/html"), only(Changed)},
		{"content-range (case 29)", part, strong, head(200, 1000, cr, "bytes 1000-1999/3000"), only(Malformed)},
		{"content-range of everything", probe, nil, head(200, 3000, cr, "bytes 0-2999/3000"), only(Malformed)},

		// 416 (cases 10, 30 to 32).
		{"empty file, unsatisfied", probe, nil, head(416, 0, cr, "bytes */0"), only(Empty)},
		{"empty file, pinned", probe, &Pin{Size: 0}, head(416, 0, cr, "bytes */0"), only(Empty)},
		{"became empty", part, strong, head(416, 0, cr, "bytes */0"), only(Changed)},
		{"unsatisfied behind the start of an empty file", Ask{Ranged: true, Start: 5, End: 9}, nil, head(416, 0, cr, "bytes */0"), only(RangeUnusable)},
		{"every range", part, strong, head(416, 9, cr, "bytes */3000"), only(RangeUnusable)},
		{"every range, from the first", probe, nil, head(416, 9, cr, "bytes */3000"), only(RangeUnusable)},
		{"every range, without a size", probe, nil, head(416, 9), only(RangeUnusable)},
		{"every range, malformed", part, strong, head(416, 9, cr, "bytes */x"), only(RangeUnusable)},
		{"every range, satisfied", part, strong, head(416, 9, cr, "bytes 0-9/4000"), only(RangeUnusable)},
		{"shrunk", part, strong, head(416, 9, cr, "bytes */999"), only(Changed)},
		{"no range was asked", whole, nil, head(416, 9, cr, "bytes */3000"), only(Permanent)},

		// Other statuses (cases 54 to 65).
		{"429", probe, nil, head(429, 0), only(Throttled)},
		{"503", part, strong, head(503, 0), only(Throttled)},
		{"408", probe, nil, head(408, 0), only(Transient)},
		{"425", probe, nil, head(425, 0), only(Transient)},
		{"500", probe, nil, head(500, 0), only(Transient)},
		{"502", part, strong, head(502, 0), only(Transient)},
		{"504", part, strong, head(504, 0), only(Transient)},
		{"520", part, strong, head(520, 0), only(Transient)},
		{"529", part, strong, head(529, 0), only(Transient)},
		{"530", part, strong, head(530, 0), only(Transient)},
		{"531", part, strong, head(531, 0), only(Permanent)},
		{"501", probe, nil, head(501, 0), only(Permanent)},
		{"505", probe, nil, head(505, 0), only(Permanent)},
		{"401 first", probe, nil, head(401, 0), only(Permanent)},
		{"403 first", probe, nil, head(403, 0), only(Permanent)},
		{"404 first", probe, nil, head(404, 0), only(Permanent)},
		{"410 first", probe, nil, head(410, 0), only(Permanent)},
		{"401 later", part, strong, head(401, 0), only(Expired)},
		{"403 later (case 60)", part, strong, head(403, 0), only(Expired)},
		{"404 later", part, strong, head(404, 0), only(Expired)},
		{"410 later", part, strong, head(410, 0), only(Expired)},
		{"400 later", part, strong, head(400, 0), only(Permanent)},
		{"407", probe, nil, head(407, 0), only(Permanent)},
		{"412", part, strong, head(412, 0), only(Permanent)},
		{"451", probe, nil, head(451, 0), only(Permanent)},
		{"201", probe, nil, head(201, 10), only(Permanent)},
		{"202", probe, nil, head(202, 10), only(Permanent)},
		{"204", probe, nil, head(204, 0), only(Malformed)},
		{"205", probe, nil, head(205, 0), only(Malformed)},
		{"302", probe, nil, head(302, 0), only(Malformed)},
		{"304", part, strong, head(304, 0), only(Malformed)},
		{"101", probe, nil, head(101, 0), only(Malformed)},
		{"0", probe, nil, head(0, 0), only(Malformed)},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := Gate(c.ask, c.pin, c.a)
			require.NotEmpty(t, got.Reason)
			require.Equal(t, strings.ToLower(got.Reason), got.Reason)
			reason := got.Reason
			got.Pin, got.Reason = Pin{}, ""
			require.Equal(t, c.want, got, reason)
		})
	}
}

func TestGatePins(t *testing.T) {
	h := []string{"Etag", `"a"`, "Last-Modified", old, "Date", now}
	want := Pin{Size: 3000, ETag: `"a"`, LastModified: old, DateStrong: true}

	got := Gate(probe, nil, head(206, 100, append(h, "Content-Range", "bytes 0-99/3000")...))
	require.Equal(t, want, got.Pin, "the size is that of the file, not of the part")
	require.Equal(t, want, Gate(probe, nil, head(200, 3000, h...)).Pin)
	require.Equal(t, int64(-1), Gate(probe, nil, head(200, none, h...)).Pin.Size)
	require.Equal(t, int64(0), Gate(probe, nil, head(416, 9, "Content-Range", "bytes */0")).Pin.Size)
	require.Equal(t, Pin{Size: -1}, Gate(probe, nil, head(404, 9, h...)).Pin, "an error page is not the file")

	got = Gate(part, &want, head(206, 1000, "Content-Range", "bytes 1000-1999/*"))
	require.Equal(t, int64(3000), got.Pin.Size, "known from before")
	got = Gate(part, &want, head(200, 4000, "Etag", `"b"`))
	require.Equal(t, Changed, got.Kind)
	require.Equal(t, Pin{Size: 4000, ETag: `"b"`}, got.Pin, "what it changed into")

	for date, strong := range map[string]bool{
		"Mon, 01 Jan 2024 00:01:00 GMT": true,
		"Mon, 01 Jan 2024 00:00:59 GMT": false,
		old:                             false, // case 74
		"":                              false,
		"some day":                      false,
	} {
		got := Gate(probe, nil, head(200, 1, "Last-Modified", old, "Date", date))
		require.Equal(t, strong, got.Pin.DateStrong, date)
	}
	require.False(t, Gate(probe, nil, head(200, 1, "Last-Modified", "0", "Date", now)).Pin.DateStrong)
}

func TestReasonIsSafeToPrint(t *testing.T) {
	got := Gate(whole, nil, head(200, 1, "Content-Encoding", "\x1b[2J\u202e\n"+strings.Repeat("x", 500)))
	require.Equal(t, BadEncoding, got.Kind)
	require.Less(t, len(got.Reason), 100)
	for _, c := range []byte(got.Reason) {
		require.True(t, ' ' <= c && c <= '~', "%q", got.Reason)
	}
}

func TestKindHasAName(t *testing.T) {
	seen := map[string]bool{}
	for k := Accept; k <= Malformed; k++ {
		require.NotEqual(t, "unknown", k.String())
		require.False(t, seen[k.String()], k.String())
		seen[k.String()] = true
	}
	require.Equal(t, "unknown", (Malformed + 1).String())
}
