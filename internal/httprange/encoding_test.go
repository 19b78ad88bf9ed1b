package httprange

import (
	"net/http"
	"strings"
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
		{[]string{"identity;q=1, gzip;q=0.5"}, "gzip"},
		{[]string{"gz"}, "gzip"},
		{[]string{"x-lzo"}, "lzop"},
		{[]string{"utf-8 gzip"}, "utf-8 gzip"},
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
		{"by its type, no length", gz, nil, "gzip", none, [3]Kind{Accept, Accept, Accept}, [3]Kind{Accept, Accept, Accept}},
		{"by its type, of another size", gz, identity, "gzip", 900, [3]Kind{BadEncoding, Changed, Changed}, [3]Kind{BadEncoding, RangeMismatch, RangeMismatch}},
		{"empty where it was not", bin, identity, "gzip", 0, [3]Kind{BadEncoding, Changed, Changed}, [3]Kind{BadEncoding, Changed, RangeUnusable}},
		{"empty of an unknown coding", bin, nil, "br", 0, [3]Kind{BadEncoding, Empty, BadEncoding}, [3]Kind{BadEncoding, RangeMismatch, BadEncoding}},
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
				if got.Kind == Empty {
					require.Zero(t, got.Pin.Size)
				}
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

// TestCharsets: no browser's name of a character set is a coding, and no coding is one.
func TestCharsets(t *testing.T) {
	for set := range strings.FieldsSeq(browsersCharsets + `
		ANSI ansi-1252 cp932 cp936 cp949 cp950 CP65001 ms932 ms936 latin2 latin-9 MacRoman mac-roman x-mac-turkish x-MacCyrillic hz-gb-2312 x-gbk x-euc-jp EUC_TW euctw viscii l1 l10 iso-ir-100
		iso88591 csUTF8 csUCS4 csMacintosh csViscii csWindows1252 dos-866 x-user-defined UTF-16BE utf_8 utf8mb4 UCS-2LE unicode-1-1-utf-8 ISO-10646-UCS-2 IBM-1047 ebcdic-us HP-roman8
		big5hkscs GB_2312-80 JIS_X0201 TIS620 KSC5636 PTCP154 armscii-8 johab 1252 charset:utf-8 charset=x`) {
		require.Empty(t, Encoding(http.Header{"Content-Encoding": {set}}), set)
	}
	for coding := range strings.FieldsSeq(`gzip x-gzip deflate br compress zstd dcb dcz exi pack200-gzip aes128gcm xz lzma lzma2 lz4 lzip lzop bzip2 zip 7z 7zip rar sdch
		snappy foo rot13 xor bsdiff binhex x-macbinary x-uuencode vcdiff lzfse csso css js gzip-utf utf cs x x- ms-xpress ibm big-endian`) {
		require.NotEmpty(t, Encoding(http.Header{"Content-Encoding": {coding}}), coding)
	}
}

// browsersCharsets are the labels of the Encoding Standard.
const browsersCharsets = `
	866 ansi_x3.4-1968 arabic ascii asmo-708 big5 big5-hkscs chinese cn-big5 cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258 cp819 cp866 
	csbig5 cseuckr cseucpkdfmtjapanese csgb2312 csibm866 csiso2022jp csiso2022kr csiso58gb231280 csiso88596e csiso88596i csiso88598e csiso88598i 
	csisolatin1 csisolatin2 csisolatin3 csisolatin4 csisolatin5 csisolatin6 csisolatin9 csisolatinarabic csisolatincyrillic csisolatingreek 
	csisolatinhebrew cskoi8r csksc56011987 csmacintosh csshiftjis csunicode cyrillic dos-874 ecma-114 ecma-118 elot_928 euc-jp euc-kr gb18030 gb2312 
	gb_2312 gb_2312-80 gbk greek greek8 hebrew hz-gb-2312 ibm819 ibm866 iso-10646-ucs-2 iso-2022-cn iso-2022-cn-ext iso-2022-jp iso-2022-kr iso-8859-1 
	iso-8859-10 iso-8859-11 iso-8859-13 iso-8859-14 iso-8859-15 iso-8859-16 iso-8859-2 iso-8859-3 iso-8859-4 iso-8859-5 iso-8859-6 iso-8859-6-e 
	iso-8859-6-i iso-8859-7 iso-8859-8 iso-8859-8-e iso-8859-8-i iso-8859-9 iso-ir-100 iso-ir-101 iso-ir-109 iso-ir-110 iso-ir-126 iso-ir-127 iso-ir-138 
	iso-ir-144 iso-ir-148 iso-ir-149 iso-ir-157 iso-ir-58 iso8859-1 iso8859-10 iso8859-11 iso8859-13 iso8859-14 iso8859-15 iso8859-2 iso8859-3 iso8859-4 
	iso8859-5 iso8859-6 iso8859-7 iso8859-8 iso8859-9 iso88591 iso885910 iso885911 iso885913 iso885914 iso885915 iso88592 iso88593 iso88594 iso88595 
	iso88596 iso88597 iso88598 iso88599 iso_8859-1 iso_8859-15 iso_8859-1:1987 iso_8859-2 iso_8859-2:1987 iso_8859-3 iso_8859-3:1988 iso_8859-4 
	iso_8859-4:1988 iso_8859-5 iso_8859-5:1988 iso_8859-6 iso_8859-6:1987 iso_8859-7 iso_8859-7:1987 iso_8859-8 iso_8859-8:1988 iso_8859-9 
	iso_8859-9:1989 koi koi8 koi8-r koi8-ru koi8-u koi8_r korean ks_c_5601-1987 ks_c_5601-1989 ksc5601 ksc_5601 l1 l2 l3 l4 l5 l6 l9 latin1 latin2 latin3 
	latin4 latin5 latin6 logical mac macintosh ms932 ms_kanji shift-jis shift_jis sjis sun_eu_greek tis-620 ucs-2 unicode unicode-1-1-utf-8 unicode11utf8 
	unicode20utf8 unicodefeff unicodefffe us-ascii utf-16 utf-16be utf-16le utf-8 utf8 visual windows-1250 windows-1251 windows-1252 windows-1253 
	windows-1254 windows-1255 windows-1256 windows-1257 windows-1258 windows-31j windows-874 windows-949 x-cp1250 x-cp1251 x-cp1252 x-cp1253 x-cp1254 
	x-cp1255 x-cp1256 x-cp1257 x-cp1258 x-euc-jp x-gbk x-mac-cyrillic x-mac-roman x-mac-ukrainian x-sjis x-unicode20utf8 x-user-defined x-x-big5 `

// TestLabelled: which labels are a file's own type.
func TestLabelled(t *testing.T) {
	for name, is := range map[string]map[string]bool{
		"/a.tar.gz":       {"gzip": true, "x-gzip": true, "gz": true, "deflate": false, "br": false, "gzip, gzip": false},
		"/a.crate":        {"gzip": true, "br": false},
		"a.RDS":           {"gzip": true},
		"/a.unitypackage": {"gzip": true},
		"/a.gem":          {"gzip": false},
		"/a.apk":          {"gzip": false},
		"/a.woff2":        {"br": false},
		"/a.zip":          {"zip": true, "gzip": false},
		"/a.7z":           {"7z": true},
		"/a.lzo":          {"lzo": true, "lzop": true},
		"/a.lrz":          {"lrzip": true},
		"/a.gz/download":  {"gzip": true},
		"/a.gz/info":      {"gzip": false},
		"/download":       {"gzip": false, "download": false},
		"/a.":             {"gzip": false},
		"/gz":             {"gzip": false},
		"":                {"gzip": false},
	} {
		for label, is := range is {
			got := Ask{Names: []string{"", name}}.labelled(Encoding(http.Header{"Content-Encoding": {label}}))
			require.Equal(t, is, got, "%s: %s", name, label)
		}
	}
}
