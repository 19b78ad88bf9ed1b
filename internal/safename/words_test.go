package safename_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/safename"
)

// TestEncodedWords: case 153, words of whatever set and form; what cannot be read is no name.
func TestEncodedWords(t *testing.T) {
	for in, want := range map[string]string{
		// Sets of one byte, by any of their names.
		"=?windows-1252?Q?=80_=E4.pdf?=":          "€ ä.pdf",
		"=?CP1252?Q?=80.pdf?=":                    "€.pdf",
		"=?iso-8859-1?Q?=80_=E4.pdf?=":            "€ ä.pdf", // as browsers do
		"=?us-ascii?Q?caf=E9.pdf?=":               "café.pdf",
		"=?iso-8859-15?Q?=A4.pdf?=":               "€.pdf",
		"=?ISO_8859-15?Q?=A4.pdf?=":               "€.pdf",
		"=?Latin-9?Q?=A4.pdf?=":                   "€.pdf",
		"=?koi8-r?B?1MXT1C5wZGY=?=":               "тест.pdf",
		"=?KOI8-U?Q?=D4=A4.pdf?=":                 "тє.pdf",
		"=?windows-1251?B?8uXx8i5wZGY=?=":         "тест.pdf",
		"=?cswindows1251?B?8uXx8i5wZGY=?=":        "тест.pdf",
		"=?iso-8859-5?Q?=E2=D5=E1=E2.pdf?=":       "тест.pdf",
		"=?IBM866?Q?=E2=A5=E1=E2.pdf?=":           "тест.pdf",
		"=?x-mac-cyrillic?Q?=F2=E5=F1=F2.pdf?=":   "тест.pdf",
		"=?ISO-8859-2?Q?=B6=BF.pdf?=":             "śż.pdf",
		"=?csISOLatin2?Q?=B6=BF.pdf?=":            "śż.pdf",
		"=?windows-1250?Q?=9C=BF.pdf?=":           "śż.pdf",
		"=?iso-8859-7?Q?=E1=E2.pdf?=":             "αβ.pdf",
		"=?windows-1253?Q?=E1=E2.pdf?=":           "αβ.pdf",
		"=?iso-8859-9?Q?=FE=F0.pdf?=":             "şğ.pdf",
		"=?windows-1255?Q?=F9=EC.pdf?=":           "\u05e9\u05dc.pdf",
		"=?iso-8859-8-i?Q?=F9=EC.pdf?=":           "\u05e9\u05dc.pdf",
		"=?windows-1256?Q?=D3=E1.pdf?=":           "\u0633\u0644.pdf",
		"=?windows-1257?Q?=E0=FE.pdf?=":           "ąž.pdf",
		"=?windows-1258?Q?=F5=FE.pdf?=":           "ơ₫.pdf",
		"=?TIS-620?Q?=A1=A2.pdf?=":                "กข.pdf",
		"=?macintosh?Q?=8A.pdf?=":                 "ä.pdf",
		"=?windows-1252?Q?=81x.pdf?=":             "\ufffdx.pdf",
		"=?windows-1252?Q?=E4?= =?KOI8-R?Q?=D4?=": "äт",

		// Forms.
		"=?UTF-8?B?w6TDtsO8LnBkZg?=":                                               "äöü.pdf", // no padding
		"=?UTF-8*de?Q?=C3=A4.pdf?=":                                                "ä.pdf",
		"=?UTF-8?Q?=C3=A4 b.pdf?=":                                                 "ä b.pdf",
		"=?UTF-8?Q?100%25=25.pdf?=":                                                "100%25%.pdf",
		"=?UTF-8?Q?=E6=97?= =?UTF-8?Q?=A5.zip?=":                                   "日.zip", // a character in two words
		"=?UTF-8?B?w6Q=?==?UTF-8?B?w7Y=?=.pdf":                                     "äö.pdf",
		"=?UTF-8?B?5pel5p?= =?UTF-8?B?ys6KqeLnppcA==?=":                            "日本語.zip", // cut anywhere
		"=?UTF-8?B?5pel5p?= =?utf-8?B?ys6KqeLn?= =?UTF-8?B?ppcA==?= =?UTF-8?Q?x?=": "日本語.zipx",
		"=?UTF-8?B?w6Q?= =?UTF-8?B?w7Y?=":                                          "äö",
		"a=?UTF-8?Q?=C3=A4?=b =?UTF-8?Q?=C3=B6?= c.pdf":                            "aäb ö c.pdf",
		"=?UTF-8?Q??= x.pdf":                                                       " x.pdf",
		"=?UTF-8?Q?=3D=3FUTF-8=3FQ=3Fx=3F=3D?=":                                    "=?UTF-8?Q?x?=", // once
		"what=?.pdf":                                                               "what=?.pdf",
		"a =? b ?= c":                                                              "a =? b ?= c",
		"=?UTF-8?X?a?=":                                                            "=?UTF-8?X?a?=",
		"=??Q?a?=":                                                                 "=??Q?a?=",
		"=?no charset?Q?a?=":                                                       "=?no charset?Q?a?=",
		"=?GBK?Q?report_1.pdf?=":                                                   "report 1.pdf", // read the same in any set
		"=?Shift_JIS?B?cmVwb3J0LnBkZg==?=":                                         "report.pdf",

		// Not to be read.
		"=?GB2312?B?suLK1C5wZGY=?=":              "",
		"=?Shift_JIS?B?k/qWey5wZGY=?=":           "", // not what follows a "/" of base64
		"=?ISO-2022-JP?B?GyRCRnxLXBsoQi5wZGY=?=": "",
		"=?HZ-GB-2312?Q?~{<:Ky~}.pdf?=":          "",
		"=?UTF-7?Q?+AOQ-.pdf?=":                  "",
		"=?UTF-16?B?AGEALgBiAA==?=":              "",
		"=?UTF-8?Q?=E4.pdf?=":                    "",
		"=?UTF-8?Q?=ZZ.pdf?=":                    "",
		"=?UTF-8?B?w6/DtsO8LnBk?":                "", // cut
		"=?UTF-8?B?5pel5p?= =?UTF-8?B?ys6KqeLn":  "",
		"=?UTF-8?B?5pel5p?= =?UTF-8?B?***?=":     "",
		"=?UTF-8?B?5pel5p?= x":                   "",
		"=?UTF-8?B?w6/":                          "",
		"a =?Big5?B?tPq41S8=?= b/c.pdf":          "",
	} {
		require.Equal(t, want, safename.FromDisposition(`attachment; filename="`+in+`"`), in)
		require.Equal(t, "b", safename.FromDisposition(`attachment; filename="`+in+`"; filename*=UTF-8''b`), in)
	}
	require.Equal(t, "b", safename.FromDisposition(`attachment; filename="=?GBK?B?suLK1A==?="; filename="b"`))
}

// TestExtendedCharsets: what a filename* is in.
func TestExtendedCharsets(t *testing.T) {
	for in, want := range map[string]string{
		"windows-1252''%80.pdf": "€.pdf",
		"koi8-r'ru'%D4.pdf":     "т.pdf",
		"GBK''%B2%E2.pdf":       "e.pdf",
		"GBK''a.pdf":            "e.pdf",
		"''a.pdf":               "e.pdf",
	} {
		require.Equal(t, want, safename.FromDisposition(`attachment; filename*=`+in+`; filename=e.pdf`), in)
	}
}
