// Package httprange decides which bytes of an HTTP answer may be written, and
// where. A server may ignore a Range, answer with other bytes than were asked,
// or serve another version of the file, all with a status of success; whoever
// takes the status for proof writes a corrupt file. So nothing is believed but
// what the answer at hand says about itself, and Gate is the one place that
// judges it.
//
// Ends are exclusive throughout, other than in the header fields themselves.
package httprange

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// ContentRange is what a Content-Range field says: the part [Start, End) of
// Total bytes, where Total is -1 if the field does not tell ("*"). Of an
// unsatisfied range ("bytes */Total") Start and End are -1.
type ContentRange struct{ Start, End, Total int64 }

var errContentRange = errors.New("malformed content-range")

// ParseContentRange parses a Content-Range field in bytes by the letter of RFC
// 9110 section 14.4. Another unit, signs, stray spaces, numbers that overflow,
// and ranges that end before they start or beyond the total are errors.
func ParseContentRange(s string) (ContentRange, error) {
	unit, s, ok := strings.Cut(s, " ")
	if !ok || strings.ToLower(unit) != "bytes" { // EqualFold would take a long s for one
		return ContentRange{}, fmt.Errorf("%w: unit is not bytes", errContentRange)
	}
	part, size, ok := strings.Cut(s, "/")
	if !ok {
		return ContentRange{}, fmt.Errorf("%w: no total", errContentRange)
	}
	total, totalOK := number(size)
	if part == "*" {
		if !totalOK {
			return ContentRange{}, fmt.Errorf("%w: bad total", errContentRange)
		}
		return ContentRange{-1, -1, total}, nil
	}
	first, last, _ := strings.Cut(part, "-")
	start, startOK := number(first)
	end, endOK := number(last)
	switch {
	case size == "*":
		total = -1
	case !totalOK:
		return ContentRange{}, fmt.Errorf("%w: bad total", errContentRange)
	}
	switch {
	case !startOK, !endOK, end < start, end == math.MaxInt64:
		return ContentRange{}, fmt.Errorf("%w: bad range", errContentRange)
	case total >= 0 && total <= end:
		return ContentRange{}, fmt.Errorf("%w: range ends beyond total", errContentRange)
	}
	return ContentRange{start, end + 1, total}, nil
}

// number parses one or more digits and nothing else.
func number(s string) (int64, bool) {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return 0, false
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}

// Format is the Range field that asks for [start, end), or for everything from
// start if end is negative.
func Format(start, end int64) string {
	b := append(make([]byte, 0, 48), "bytes="...)
	b = append(strconv.AppendInt(b, start, 10), '-')
	if end >= 0 {
		b = strconv.AppendInt(b, end-1, 10)
	}
	return string(b)
}
