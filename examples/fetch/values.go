package main

import (
	"encoding/hex"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/littledl/littledl"
)

// speed is a flag in bytes per second; K, M and G are powers of 1024.
type speed int64

func (s *speed) String() string { return "" }

func (s *speed) Set(text string) error {
	number, unit := text, 1.0
	if i := strings.IndexByte("kmg", lastLower(text)); i >= 0 {
		number, unit = text[:len(text)-1], math.Pow(1024, float64(i+1))
	}
	v, err := strconv.ParseFloat(number, 64)
	if err != nil || !(v*unit >= 1) || v*unit >= math.MaxInt64 {
		return errors.New("give bytes per second, such as 500K or 2M")
	}
	*s = speed(v * unit)
	return nil
}

// lastLower is the last byte of s in lower case, 0 for an empty one.
func lastLower(s string) byte {
	if s == "" {
		return 0
	}
	return s[len(s)-1] | 0x20
}

// overwrite is a flag that names a policy of the library's.
type overwrite littledl.OverwritePolicy

var policies = map[string]littledl.OverwritePolicy{
	"rename":  littledl.OverwriteRename,
	"replace": littledl.OverwriteReplace,
	"skip":    littledl.OverwriteSkip,
	"error":   littledl.OverwriteError,
	"changed": littledl.OverwriteChanged,
}

func (o *overwrite) String() string { return "" }

func (o *overwrite) Set(text string) error {
	p, ok := policies[text]
	if !ok {
		return errors.New("give rename, replace, skip, error or changed")
	}
	*o = overwrite(p)
	return nil
}

// digest is a flag: a SHA-256 in hexadecimal, "" if there is none.
type digest string

func (d *digest) String() string { return "" }

func (d *digest) Set(text string) error {
	if sum, err := hex.DecodeString(text); err != nil || len(sum) != 32 {
		return errors.New("give 64 hexadecimal digits")
	}
	*d = digest(text)
	return nil
}

// headers is a flag that may be repeated: "Name: value". One that is none is bad, which is
// said where its value is not.
type headers struct {
	all http.Header
	bad bool
}

func (h *headers) String() string { return "" }

func (h *headers) Set(text string) error {
	name, value, found := strings.Cut(text, ":")
	if name = strings.TrimSpace(name); !found || name == "" {
		h.bad = true
		return nil
	}
	if h.all == nil {
		h.all = http.Header{}
	}
	h.all.Add(name, strings.TrimSpace(value))
	return nil
}
