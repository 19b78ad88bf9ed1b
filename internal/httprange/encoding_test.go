package httprange

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEncoding(t *testing.T) {
	for _, c := range []struct {
		fields []string
		want   string
	}{
		{nil, ""},
		{[]string{""}, ""},
		{[]string{" , ,"}, ""},
		{[]string{"Identity"}, ""},
		{[]string{"identity, identity", "none"}, ""},
		{[]string{"UTF-8"}, ""},
		{[]string{"iso-8859-15"}, ""},
		{[]string{"Windows-1251"}, ""},
		{[]string{"image/jpeg"}, ""},
		{[]string{"aws-chunked"}, ""},
		{[]string{"GZIP"}, "gzip"},
		{[]string{"x-gzip"}, "gzip"},
		{[]string{`"gzip"`}, "gzip"},
		{[]string{"aws-chunked, gzip ,identity"}, "gzip"},
		{[]string{"br", "gzip"}, "br, gzip"},
		{[]string{"deflate,,Brotli"}, "deflate, br"},
		{[]string{"x-compress"}, "compress"},
		{[]string{"foo"}, "foo"}, // who knows
		{[]string{"gzip utf-8"}, "gzip utf-8"},
	} {
		require.Equal(t, c.want, Encoding(http.Header{"Content-Encoding": c.fields}), "%q", c.fields)
	}
}

// TestPolicies: what an encoded answer is good for, by what the caller wants and by what was
// accepted before.
func TestPolicies(t *testing.T) {
	const none = -1
	decodes := func(coding string) bool { return coding == "gzip" || coding == "xor" }
	bin, gz := []string{"", "/a.bin"}, []string{"", "/dl", "/a.TAR.gz"}
	identity, zipped := &Pin{Size: 3000, ETag: `"a"`}, &Pin{Size: 3000, ETag: `"a"`, Encoding: "gzip"}
	for _, c := range []struct {
		name     string
		names    []string
		pin      *Pin
		encoding string
		length   int64
		want     [3]Kind // by policy, of the whole file
		part     [3]Kind // and of a part
	}{
		{"not at all", bin, nil, "", 3000, [3]Kind{Accept, Accept, Accept}, [3]Kind{Accept, Accept, Accept}},
		{"words", bin, nil, "none, utf-8", 3000, [3]Kind{Accept, Accept, Accept}, [3]Kind{Accept, Accept, Accept}},
		{"gzip", bin, nil, "gzip", 3000, [3]Kind{BadEncoding, Accept, Accept}, [3]Kind{BadEncoding, Accept, RangeUnusable}},
		{"gzip without length", bin, nil, "gzip", none, [3]Kind{BadEncoding, Accept, Accept}, [3]Kind{BadEncoding, Accept, RangeUnusable}},
		{"empty", bin, nil, "gzip", 0, [3]Kind{BadEncoding, Empty, Empty}, [3]Kind{BadEncoding, RangeMismatch, RangeUnusable}},
		{"two of them", bin, nil, "xor, gzip", 3000, [3]Kind{BadEncoding, Accept, Accept}, [3]Kind{BadEncoding, Accept, RangeUnusable}},
		{"unknown", bin, nil, "br", 3000, [3]Kind{BadEncoding, Accept, BadEncoding}, [3]Kind{BadEncoding, Accept, BadEncoding}},
		{"one of two unknown", bin, nil, "br, gzip", 3000, [3]Kind{BadEncoding, Accept, BadEncoding}, [3]Kind{BadEncoding, Accept, BadEncoding}},
		{"by its type", gz, nil, "x-gzip", 3000, [3]Kind{Accept, Accept, Accept}, [3]Kind{Accept, Accept, Accept}},
		{"by its type, no length", gz, nil, "gzip", none, [3]Kind{BadEncoding, Accept, Accept}, [3]Kind{BadEncoding, Accept, Accept}},
		{"another type", gz, nil, "br", 3000, [3]Kind{BadEncoding, Accept, BadEncoding}, [3]Kind{BadEncoding, Accept, BadEncoding}},
		{"later", bin, identity, "gzip", 3000, [3]Kind{BadEncoding, Changed, Accept}, [3]Kind{BadEncoding, Changed, RangeUnusable}},
		{"no longer", bin, zipped, "", 3000, [3]Kind{Accept, Changed, Accept}, [3]Kind{Accept, Changed, Accept}},
		{"still", bin, zipped, "gzip", 3000, [3]Kind{Accept, Accept, Accept}, [3]Kind{Accept, Accept, Accept}},
		{"type no longer told", gz, zipped, "", 3000, [3]Kind{Accept, Accept, Accept}, [3]Kind{Accept, Accept, Accept}},
		{"type told later", gz, identity, "gzip", 3000, [3]Kind{Accept, Accept, Accept}, [3]Kind{Accept, Accept, Accept}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for policy := Refuse; policy <= Decode; policy++ {
				ask := Ask{Names: c.names, Policy: policy, Decodes: decodes}
				got := Gate(ask, c.pin, head(200, c.length, "Content-Encoding", c.encoding))
				require.Equal(t, c.want[policy].String(), got.Kind.String(), "policy %d: %s", policy, got.Reason)
				decoded := policy == Decode && c.encoding != "" && got.Kind == Accept && c.part[Decode] == RangeUnusable
				require.Equal(t, decoded, got.Decode != "")
				if decoded {
					require.Equal(t, c.encoding, got.Decode)
					require.True(t, got.Whole)
					require.EqualValues(t, none, got.Take)
					require.EqualValues(t, none, got.Pin.Size, "nobody tells the size of what is in it")
					require.Empty(t, got.Pin.Encoding)
				}
				ask.Ranged, ask.Start, ask.End = true, 0, 1000
				got = Gate(ask, c.pin, head(206, min(c.length, 1000), "Content-Encoding", c.encoding, "Content-Range", "bytes 0-999/3000"))
				require.Equal(t, c.part[policy].String(), got.Kind.String(), "policy %d: %s", policy, got.Reason)
				require.Empty(t, got.Decode)
			}
		})
	}
	later := Ask{Ranged: true, Start: 1000, End: 2000, Policy: Decode, Decodes: decodes, Names: bin}
	require.Equal(t, RangeIgnored, Gate(later, identity, head(200, 900, "Content-Encoding", "gzip")).Kind)
	require.Equal(t, BadEncoding, Gate(Ask{Policy: Decode}, nil, head(200, 900, "Content-Encoding", "gzip")).Kind, "nobody can")
}
