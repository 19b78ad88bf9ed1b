package littledl_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	. "github.com/littledl/littledl/internal/faultserver"
)

// second is the table's file after it was changed, of n bytes.
func second(n int64) []Content { return []Content{Generate("/a.bin", 2, n)} }

// whatever is for files of which no test knows the content.
var whatever = []Content{}

// either of two versions.
func either() []Content { return append(second(8*mib), Generate("/a.bin", 1, 8*mib)) }

const (
	firstModified = "Fri, 01 Jan 1999 01:00:00 GMT" // by default
	weakTag       = `W/"1"`
)

// under says what ranges that do not begin at 0 were asked under; "" for no condition.
func under(validator string) func(*bed, littledl.FileTask) {
	return func(b *bed, _ littledl.FileTask) {
		asked := slices.DeleteFunc(b.srv.GETs(), func(r Record) bool { return rangeStart(r) == 0 })
		require.Greater(b, len(asked), 2)
		for _, r := range asked {
			require.Equal(b, validator, r.IfRange)
		}
	}
}

// 66 to 71: a file that changes while it is fetched.
func TestChangingFile(t *testing.T) {
	t.Parallel()
	changed := func(opts ...FileOption) Behaviour { return After(2, Become(append(opts, Version(2))...)) }
	testFaults(t, []fault{
		{name: "66 changed behind the first answer", does: always(ETagChange(1)), want: second(8 * mib), restarts: 1, least: 8, gets: 12},
		{name: "66 changed behind two", does: always(ETagChange(2)), want: second(8 * mib), restarts: 1, least: 8, gets: 12},
		{name: "66 changed towards the end", does: always(ETagChange(4)), file: []FileOption{Size(24 * mib)}, want: second(24 * mib), restarts: 1, least: 8, gets: 14},
		{name: "67 longer", does: always(changed(Size(9 * mib))), want: second(9 * mib), restarts: 1, least: 8, gets: 12},
		{name: "67 shorter", does: always(changed(Size(6 * mib))), want: second(6 * mib), restarts: 1, least: 6, gets: 12},
		{name: "67 of one small answer", does: always(changed(Size(100))), want: second(100), least: 4, gets: 7},
		{name: "67 empty", does: always(changed(Size(0))), want: second(0), least: 4, gets: 7},
		{name: "67 longer under the old ETag", does: always(changed(Size(9*mib), ETag(`"1"`))), file: []FileOption{ETag(`"1"`)}, want: second(9 * mib), restarts: 1, least: 8, gets: 12},
		{name: "68 If-Range ignored", does: []Behaviour{IgnoreIfRange(), ETagChange(2)}, want: second(8 * mib), restarts: 1, least: 8, gets: 12},
		{name: "68 If-Range with a date ignored", does: []Behaviour{IgnoreIfRange(), ETagChange(2), LastModOnly()}, want: second(8 * mib), restarts: 1, least: 8, gets: 12},
		{name: "69 unseen, a hash", does: always(ChangeUnseen(2)), hash: true, err: littledl.ErrHashMismatch, least: 4, gets: 8},
		{name: "70 two versions in turn", does: always(ETagFlap()), want: either(), restarts: 2, least: 5, gets: 12, then: inOneStream},
		{name: "70 two versions in turn, If-Range ignored", does: []Behaviour{IgnoreIfRange(), ETagFlap()}, want: either(), restarts: 2, least: 5, gets: 12, then: inOneStream},
		{name: "70 and no answer comes whole", does: []Behaviour{ETagFlap(), ShortBody(mib)}, err: littledl.ErrRemoteChanged, least: 4, gets: 34},
		{name: "71 another ETag each time", does: always(ETagOnly()), restarts: 2, least: 5, gets: 12, then: inOneStream},
		{name: "71 another ETag each time, and the stream breaks", does: []Behaviour{ETagOnly(), After(3, First(2, RST(3*mib)))}, restarts: 3, least: 6, gets: 14},
		{name: "71 another ETag each time, If-Range ignored", does: []Behaviour{IgnoreIfRange(), ETagOnly()}, restarts: 2, least: 5, gets: 12, then: inOneStream},
	})
}

// 69: without a digest nobody can tell, and what comes of it is a file like any other;
// the documentation says so. A digest that only the server knows is enough.
func TestUnseenChange(t *testing.T) {
	inBoth(t, func(b *bed) {
		f := b.srv.File("a.bin", Size(8*mib), Behave(ChangeUnseen(1)))
		id := b.add(f)
		b.want[id] = whatever
		require.NoError(b, b.start())
		require.EqualValues(b, 8*mib, b.task(id).FileSize)
		b.want[id] = either()
		require.Error(b, b.compare(b.task(id)))
	})
	inBubble(t, func(b *bed) {
		b.enhanced = true
		b.add(b.srv.File("a.bin", Size(8*mib), Behave(ChangeUnseen(2), First(1, ReprDigest(true)))))
		require.ErrorIs(b, b.start(), littledl.ErrHashMismatch)
	})
}

// 52 and 72 to 76: what a range may be asked under.
func TestValidators(t *testing.T) {
	t.Parallel()
	undated := LastModified(time.Time{})
	whole := fault{least: 4, gets: 8}
	var rows []fault
	add := func(name string, then func(*bed, littledl.FileTask), file []FileOption, does ...Behaviour) {
		f := whole
		f.name, f.then, f.file, f.does = name, then, file, does
		rows = append(rows, f)
	}
	add("73 weak ETag", under(firstModified), nil, WeakETag())
	add("73 weak ETag alone", under(""), []FileOption{ETag(weakTag), undated})
	add("73 weak ETag and the time of the answer", under(""), []FileOption{ETag(weakTag)}, modifiedNow(0))
	add("74 Last-Modified alone", under(firstModified), nil, LastModOnly())
	add("74 Last-Modified of this very second", under(""), nil, LastModNow())
	add("74 Last-Modified of a minute ago", under("Fri, 31 Dec 1999 23:59:00 GMT"), []FileOption{ETag("")}, modifiedNow(time.Minute))
	add("74 Last-Modified of less than a minute ago", under(""), []FileOption{ETag("")}, modifiedNow(59*time.Second))
	add("74 Last-Modified in words", under(""), []FileOption{ETag(""), undated}, RawLines("Last-Modified: last week"))
	add("52 a server whose clock is fast", under(firstModified), nil, DateSkew(time.Hour), LastModOnly())
	add("52 a server whose clock is slow", under(firstModified), nil, DateSkew(-time.Hour), LastModOnly())
	add("52 a file of the future", under(""), []FileOption{ETag("")}, modifiedNow(-time.Hour))
	add("75 none", under(""), nil, NoValidators())
	for _, raw := range []string{"abc", `"abc`, `""`, `"a"b"`, "W/abc"} {
		add("76 ETag "+raw, under(firstModified), []FileOption{ETag(raw)})
		add("76 ETag "+raw+" alone", under(""), []FileOption{ETag(raw), undated})
	}
	changed := func(opts ...FileOption) Behaviour { return After(2, Become(append(opts, Version(2))...)) }
	for _, f := range []fault{
		{name: "73 weak ETag that changes", does: always(changed(ETag(`W/"2"`), undated)), file: []FileOption{ETag(weakTag), undated}},
		{name: "73 weak ETag that becomes strong", does: always(changed(ETag(`"1"`), undated)), file: []FileOption{ETag(weakTag), undated}},
		{name: "74 Last-Modified that changes", does: []Behaviour{IgnoreIfRange(), ETagChange(2), LastModOnly()}},
		{name: "76 malformed ETag that changes", does: always(changed(ETag("def"), undated)), file: []FileOption{ETag("abc"), undated}},
	} {
		f.want, f.restarts, f.least, f.gets = second(8*mib), 1, 8, 12
		rows = append(rows, f)
	}
	testFaults(t, rows)
}

// modifiedNow has the file changed so long before each answer, to the second of the
// bubble's begin.
func modifiedNow(ago time.Duration) Behaviour {
	return Do(func(req *Request, next Handler) *Response {
		req.Rep.LastModified = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).Add(-ago)
		return next(req)
	})
}

// 72: a server that dislikes If-Range is asked without it, by all files from then on,
// and its ETag is compared all the same.
func TestIfRangeDisliked(t *testing.T) {
	t.Parallel()
	inBoth(t, func(b *bed) {
		b.files, b.conf.MinChunkSize = 1, mib
		b.add(b.srv.File("a.bin", Size(8*mib), Behave(DislikesIfRange())))
		b.add(b.srv.File("b.bin", Size(8*mib), Behave(DislikesIfRange())))
		id := b.add(b.srv.File("c.bin", Size(8*mib), Behave(DislikesIfRange(), ETagChange(2))))
		b.want[id] = []Content{Generate("/c.bin", 2, 8*mib)}
		b.restarts = 1
		require.NoError(b, b.start())
		refused := 0
		for _, r := range b.srv.GETs() {
			if r.IfRange != "" {
				refused++
				require.Equal(b, "/a.bin", r.Path)
			}
		}
		require.LessOrEqual(b, refused, 3, "those that were under way")
		require.LessOrEqual(b, len(b.srv.GETs("a.bin")), 8)
		require.LessOrEqual(b, len(b.srv.GETs("b.bin")), 6)
	})
}

// 73 to 75: a later Start goes on where a strong validator, or a digest, tells that the
// file is still the same, and else begins anew. The halves of these cases that are
// about another process are with those of the crashes.
func TestValidatorsAcrossStarts(t *testing.T) {
	t.Parallel()
	undated := LastModified(time.Time{})
	for name, c := range map[string]struct {
		file  []FileOption
		does  []Behaviour
		hash  bool
		keeps bool
	}{
		"66 strong ETag":            {keeps: true},
		"73 weak ETag and a date":   {does: []Behaviour{WeakETag()}, keeps: true},
		"73 weak ETag alone":        {file: []FileOption{ETag(weakTag), undated}},
		"74 Last-Modified alone":    {does: []Behaviour{LastModOnly()}, keeps: true},
		"74 Last-Modified just now": {file: []FileOption{ETag("")}, does: []Behaviour{modifiedNow(0)}},
		"75 none":                   {does: []Behaviour{NoValidators()}},
		"75 none, but a hash":       {does: []Behaviour{NoValidators()}, hash: true, keeps: true},
		"76 malformed ETag":         {file: []FileOption{ETag("abc"), undated}},
	} {
		for _, changed := range []bool{false, true} {
			if changed && c.hash {
				continue // then the old hash is wrong
			}
			t.Run(name+map[bool]string{true: ", changed"}[changed], func(t *testing.T) {
				inBoth(t, func(b *bed) {
					b.restarts = 1
					serve := append([]FileOption{Size(8 * mib), Behave(append(c.does, Slow(mib))...)}, c.file...)
					f := b.srv.File("a.bin", serve...)
					opts := hashIf(c.hash, f)
					id := b.add(f, opts...)
					time.AfterFunc(time.Second, func() { b.d.Cancel() })
					require.ErrorIs(b, b.start(), littledl.ErrCancelled)
					had := b.task(id).Downloaded
					_, parts := b.listing()
					require.Equal(b, c.keeps, had > mib, "%d bytes", had)
					require.Equal(b, c.keeps, len(parts) == 1)
					if changed {
						f.Set(append(serve, Version(2))...)
						b.want[id] = second(8 * mib)
						had = 0
					}
					require.NoError(b, b.start())
					sent := int64(0)
					for _, r := range b.srv.GETs() {
						if !r.Start.Before(b.began) {
							sent += r.Sent
						}
					}
					require.InDelta(b, 8*mib-had, sent, mib, "what was missing, and no more")
				})
			})
		}
	}
}

// TestAnotherETagEachTimeAndPause: a stream that begins anew may be of another version.
func TestAnotherETagEachTimeAndPause(t *testing.T) {
	inBoth(t, func(b *bed) {
		b.restarts = 6
		b.net.Shape(Same(line(2 * mib)))
		b.add(b.srv.File("a.bin", Size(8*mib), Behave(ETagOnly())))
		for i := range 3 {
			at := time.Duration(2*i+1) * time.Second
			time.AfterFunc(at, func() { _ = b.d.Pause() })
			time.AfterFunc(at+500*time.Millisecond, func() { _ = b.d.Resume() })
		}
		require.NoError(b, b.start())
	})
}

// TestChangedBetweenChunks: a file that changes between two ranges starts over, and is
// of one version.
func TestChangedBetweenChunks(t *testing.T) {
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

// TestChangesForEver has another version in each answer, of which a single
// stream takes one.
func TestChangesForEver(t *testing.T) {
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

// TestOthersEndMeanwhile: what makes a file one stream comes while other segments
// are ending; their end is not the stream's.
func TestOthersEndMeanwhile(t *testing.T) {
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
