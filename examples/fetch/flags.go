package main

import (
	"flag"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// options is the command line.
type options struct {
	urls    []string
	list    string
	dir     string
	files   int
	perFile int
	limit   speed
	quiet   bool
}

// demo says whether nothing to download was given.
func (o options) demo() bool { return len(o.urls) == 0 && o.list == "" }

func flagSet(o *options) *flag.FlagSet {
	fs := flag.NewFlagSet("fetch", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.StringVar(&o.list, "i", "", "read URLs from this `file`, one a line, # starts a comment; - is standard input")
	fs.StringVar(&o.dir, "o", "downloads", "store files in this `directory`, which is created if it is missing")
	fs.IntVar(&o.files, "j", 12, "`files` at once")
	fs.IntVar(&o.perFile, "x", 4, "`connections` per file")
	fs.Var(&o.limit, "limit", "`bytes` per second over all files, such as 500k or 2M (default unlimited)")
	fs.BoolVar(&o.quiet, "q", false, "no progress, only failures and the summary")
	return fs
}

func writeUsage(w io.Writer) {
	fmt.Fprint(w, `usage: fetch [flags] [URL...]

Downloads the URLs and those in the list. Without any it downloads a few hundred
files from a slow server inside this process, into a temporary directory.

`)
	fs := flagSet(&options{})
	fs.SetOutput(w)
	fs.PrintDefaults()
}

// parseFlags accepts flags before, between and after URLs.
func parseFlags(args []string) (options, error) {
	var o options
	fs := flagSet(&o)
	for len(args) > 0 {
		if err := fs.Parse(args); err != nil {
			return o, usageError{err}
		}
		if args = fs.Args(); len(args) > 0 {
			o.urls, args = append(o.urls, args[0]), args[1:]
		}
	}
	switch {
	case o.files < 1:
		return o, usagef("-j %d: at least one file at once", o.files)
	case o.perFile < 1:
		return o, usagef("-x %d: at least one connection per file", o.perFile)
	case o.dir == "":
		return o, usagef("-o is empty: name a directory, . is this one")
	case o.demo() && given(fs, "i"):
		return o, usagef("-i is empty: name a file, - is standard input")
	case o.demo() && given(fs, "o"):
		return o, usagef("-o without URLs: the demonstration keeps no files")
	}
	return o, nil
}

// given says whether a flag stood on the command line.
func given(fs *flag.FlagSet, name string) (found bool) {
	fs.Visit(func(f *flag.Flag) { found = found || f.Name == name })
	return found
}

// speed is a flag in bytes per second; k, M and G are powers of 1024.
type speed int64

func (s *speed) String() string { return "" }

func (s *speed) Set(text string) error {
	number, unit := text, 1.0
	if i := strings.IndexByte("kmg", lastLower(text)); i >= 0 {
		number, unit = text[:len(text)-1], math.Pow(1024, float64(i+1))
	}
	v, err := strconv.ParseFloat(number, 64)
	if err != nil || !(v*unit >= 1) || v*unit >= math.MaxInt64 {
		return fmt.Errorf("give bytes per second, such as 500k or 2M")
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
