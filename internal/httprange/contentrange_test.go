package httprange

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseContentRange(t *testing.T) {
	for in, want := range map[string]ContentRange{
		"bytes 0-0/1":                   {Start: 0, End: 1, Total: 1},
		"bytes 0-99/100":                {Start: 0, End: 100, Total: 100},
		"bytes 10-19/100":               {Start: 10, End: 20, Total: 100},
		"Bytes 10-19/100":               {Start: 10, End: 20, Total: 100}, // units do not mind case
		"bytes 10-19/*":                 {Start: 10, End: 20, Total: -1},
		"bytes */100":                   {Start: -1, End: -1, Total: 100},
		"bytes */0":                     {Start: -1, End: -1, Total: 0},
		"bytes 007-008/0010":            {Start: 7, End: 9, Total: 10},
		"bytes 4294967296-4294967297/*": {Start: 1 << 32, End: 1<<32 + 2, Total: -1},
		"bytes 0-9223372036854775806/*": {Start: 0, End: math.MaxInt64, Total: -1},
		"bytes 0-9223372036854775806/9223372036854775807": {Start: 0, End: math.MaxInt64, Total: math.MaxInt64},
	} {
		got, err := ParseContentRange(in)
		require.NoError(t, err, in)
		require.Equal(t, want, got, in)
	}
	for _, in := range []string{
		"", "bytes", "bytes ", "0-9/10", "items 0-9/10", "bytes=0-9/10", "bytes:0-9/10",
		"bytes  0-9/10", " bytes 0-9/10", "bytes 0-9/10 ", "bytes 0 - 9/10", "bytes 0-9 /10", "bytes 0-9/ 10", "bytes\t0-9/10",
		"bytes +0-9/10", "bytes 0-+9/10", "bytes -1-9/10", "bytes 0-9/-10", "bytes 0-9/+10", "bytes 0--1/0",
		"bytes 9-0/10", "bytes 0-10/10", "bytes 0-0/0", "bytes 10-19/15",
		"bytes */*", "bytes */", "bytes *-9/10", "bytes 0-*/10", "bytes 0-9", "bytes 0-9/", "bytes 0-/10", "bytes -9/10", "bytes 5/10",
		"bytes 0-9/1e3", "bytes 0x0-0x9/10", "bytes 0_0-9/10", "bytes 0-9/10/10", "bytes 0-9-9/10",
		"bytes 0-9/10, bytes 10-19/20", "bytes 0-9/99999999999999999999", "bytes 0-9223372036854775807/*",
		"bytes 0-9223372036854775808/*", "bytes */9223372036854775808", "bytes ٠-٩/١٠",
	} {
		_, err := ParseContentRange(in)
		require.Error(t, err, "%q", in)
	}
}

func TestFormat(t *testing.T) {
	require.Equal(t, "bytes=0-5242879", Format(0, 5<<20))
	require.Equal(t, "bytes=10-10", Format(10, 11))
	require.Equal(t, "bytes=10-", Format(10, -1))
	require.Equal(t, "bytes=4294967296-9223372036854775806", Format(1<<32, math.MaxInt64))
}

func FuzzParseContentRange(f *testing.F) {
	for _, s := range []string{
		"bytes 0-9/10", "bytes 0-9/*", "bytes */10", "bytes 0--1/0", "items 0-9/10", "bytes 0-9223372036854775807/*", "bytes  1-2/3",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		cr, err := ParseContentRange(s)
		if err != nil {
			require.Zero(t, cr)
			require.NotContains(t, err.Error(), "\x1b", "no text of the server in errors")
			return
		}
		total := "*"
		if cr.Total >= 0 {
			total = fmt.Sprint(cr.Total)
		}
		again := "bytes */" + total
		if cr.Start >= 0 {
			require.Less(t, cr.Start, cr.End)
			require.True(t, cr.Total == -1 || cr.End <= cr.Total)
			again = fmt.Sprintf("bytes %d-%d/%s", cr.Start, cr.End-1, total)
		} else {
			require.Equal(t, int64(-1), cr.Start)
			require.Equal(t, int64(-1), cr.End)
			require.GreaterOrEqual(t, cr.Total, int64(0))
		}
		if !strings.Contains(s, "0") { // the only freedoms are leading zeros and the case of the unit
			require.Equal(t, again, strings.ToLower(s))
		}
		same, err := ParseContentRange(again)
		require.NoError(t, err)
		require.Equal(t, cr, same)
	})
}
