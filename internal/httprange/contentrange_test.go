package httprange

import (
	"fmt"
	"math"
	"math/big"
	"regexp"
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

// grammar is RFC 9110 section 14.4, written differently from the code on purpose.
var grammar = regexp.MustCompile(`^[bB][yY][tT][eE][sS] (?:([0-9]+)-([0-9]+)|(\*))/(?:([0-9]+)|(\*))$`)

// FuzzParseContentRange checks that exactly what the grammar allows and an int64 holds
// is accepted, with the numbers it has, and that what is accepted comes back the same
// when it is written again.
func FuzzParseContentRange(f *testing.F) {
	for _, s := range []string{
		"bytes 0-9/10", "bytes 0-9/*", "bytes */10", "bytes 0--1/0", "items 0-9/10", "bytes 0-9223372036854775807/*", "bytes  1-2/3",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := ParseContentRange(s)
		want, ok := byGrammar(s)
		require.Equal(t, ok, err == nil, "%q: %v", s, err)
		if err != nil {
			require.Zero(t, got)
			require.NotContains(t, err.Error(), "\x1b", "no text of the server in errors")
			return
		}
		require.Equal(t, want, got)

		total := "*"
		if got.Total >= 0 {
			total = fmt.Sprint(got.Total)
		}
		again := "bytes */" + total
		if got.Start >= 0 {
			again = fmt.Sprintf("bytes %d-%d/%s", got.Start, got.End-1, total)
		}
		same, err := ParseContentRange(again)
		require.NoError(t, err)
		require.Equal(t, got, same)
		if got.Start >= 0 { // what would ask for it
			require.Equal(t, fmt.Sprintf("bytes=%d-%d", got.Start, got.End-1), Format(got.Start, got.End))
		}
	})
}

// byGrammar parses with numbers of any size.
func byGrammar(s string) (cr ContentRange, ok bool) {
	m := grammar.FindStringSubmatch(s)
	if m == nil {
		return cr, false
	}
	number := func(s string, none int64) (*big.Int, bool) {
		if s == "" {
			return big.NewInt(none), true
		}
		n, ok := new(big.Int).SetString(s, 10)
		return n, ok && n.IsInt64()
	}
	first, ok1 := number(m[1], -1)
	last, ok2 := number(m[2], -2)
	total, ok3 := number(m[4], -1)
	end := last.Add(last, big.NewInt(1))
	switch {
	case !ok1 || !ok2 || !ok3 || !end.IsInt64():
		return cr, false
	case m[3] == "*":
		return ContentRange{-1, -1, total.Int64()}, m[5] == ""
	case first.Cmp(end) >= 0 || total.Sign() >= 0 && total.Cmp(end) < 0:
		return cr, false
	}
	return ContentRange{first.Int64(), end.Int64(), total.Int64()}, true
}
