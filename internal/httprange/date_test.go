package httprange

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// datesLikeThese are valid and broken ones, each other than the others in one thing.
var datesLikeThese = []string{
	"Sun, 06 Nov 1994 08:49:37 GMT", "Mon, 06 Nov 1994 08:49:37 GMT", "sun, 06 nov 1994 08:49:37 GMT",
	"Thu, 29 Feb 2024 23:59:59 GMT", "Thu, 29 Feb 2023 23:59:59 GMT", "Thu, 31 Apr 2023 00:00:00 GMT",
	"Sat, 01 Jan 0000 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "Sun, 00 Nov 1994 08:49:37 GMT",
	"Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 08:60:37 GMT", "Sun, 06 Nov 1994 08:49:60 GMT",
	"Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 06 Nov 1994 08:49:37 gmt", "unM, 06 Nov 1994 08:49:37 GMT",
	"Sun, 06 anF 1994 08:49:37 GMT", "Sun, +6 Nov 1994 08:49:37 GMT", "Sun,  6 Nov 1994 08:49:37 GMT",
	"Sun, 06 Nov 1994 08-49-37 GMT", "Sun, 06 Nov 19:4 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:3\xb9 GMT",
	"Sun, 06 Nov 1994 08:49:37.5 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
	"", "0", "yesterday", "Sun, 06 Nov 1994 08:49:37 GMT ",
}

// requireSameTime: the short way says nothing that http.ParseTime does not.
func requireSameTime(t *testing.T, s string) {
	want, wantErr := http.ParseTime(s)
	got, err := ParseTime(s)
	require.Equal(t, wantErr == nil, err == nil, "%q: %v, %v", s, wantErr, err)
	require.Equal(t, want, got, "%q", s)
	if short, ok := imfDate(s); ok {
		require.NoError(t, wantErr, "%q", s)
		require.Equal(t, want, short, "%q", s)
	}
}

func TestParseTime(t *testing.T) {
	for _, s := range datesLikeThese {
		requireSameTime(t, s)
	}
	for at := time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC); at.Year() < 2101; at = at.Add(37*time.Hour + 61*time.Second) {
		s := at.Format(http.TimeFormat)
		got, ok := imfDate(s)
		require.True(t, ok && got.Equal(at), s)
	}
}

func FuzzParseTime(f *testing.F) {
	for _, s := range datesLikeThese {
		f.Add(s)
	}
	f.Fuzz(requireSameTime)
}

func BenchmarkParseTime(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseTime(datesLikeThese[0]); err != nil {
			b.Fatal(err)
		}
	}
}
