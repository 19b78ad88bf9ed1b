package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"

	"github.com/littledl/littledl"
)

// options is the command line.
type options struct {
	urls      []string
	list      string
	dir       string
	files     int
	perFile   int
	limit     speed
	overwrite overwrite
	sha256    digest
	headers   headers
	quiet     bool
}

// demo says whether nothing to download was given.
func (o options) demo() bool { return len(o.urls) == 0 && o.list == "" }

func flagSet(o *options) *flag.FlagSet {
	fs := flag.NewFlagSet("fetch", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.StringVar(&o.list, "i", "", "read URLs from this `file`, one a line; # starts a comment,\nbehind a URL where a blank is before it; - is standard input")
	fs.StringVar(&o.dir, "o", "downloads", "store files in this `directory`, which is created\nif it is missing")
	fs.IntVar(&o.files, "j", 12, "`files` at once")
	fs.IntVar(&o.perFile, "x", 4, "`connections` per file")
	fs.Var(&o.limit, "limit-rate", "`bytes` per second over all files, such as 500K or 2M;\nK, M and G are powers of 1024 (default unlimited)")
	fs.Var(&o.overwrite, "overwrite", "`what` to do where other content has the name: rename, replace,\nskip, error, or changed: replace what is no longer that file\n(default rename)")
	fs.Var(&o.sha256, "sha256", "the digest that the file must have, in `hex`adecimal; for one URL")
	fs.Var(&o.headers, "H", "send this `header`, 'Name: value', to the hosts of the URLs and to\nno other; may be repeated")
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
	return o, o.check(fs)
}

func (o options) check(fs *flag.FlagSet) error {
	switch {
	case o.files < 1:
		return usagef("-j %d: at least one file at once", o.files)
	case o.perFile < 1:
		return usagef("-x %d: at least one connection per file", o.perFile)
	case o.dir == "":
		return usagef("-o is empty: name a directory, . is this one")
	case o.headers.bad:
		return usagef("-H takes 'Name: value'") // not what it is: it may be a secret
	case o.demo() && given(fs, "i"):
		return usagef("-i is empty: name a file, - is standard input")
	}
	for _, name := range []string{"o", "overwrite", "sha256", "H"} {
		if o.demo() && given(fs, name) {
			return usagef("-%s without URLs: the demonstration has files of its own and keeps none", name)
		}
	}
	return nil
}

// checkURLs finds what does not go with so many URLs.
func (o options) checkURLs(n int) error {
	if o.sha256 != "" && n > 1 {
		return usagef("-sha256 is the digest of one file, and these are %d URLs", n)
	}
	return nil
}

// forURL is what the command line says of every URL.
func (o options) forURL() []littledl.URLOption {
	all := []littledl.URLOption{littledl.WithSavePath(o.dir)}
	if o.sha256 != "" {
		all = append(all, littledl.WithHash("sha256", string(o.sha256)))
	}
	if len(o.headers.all) > 0 {
		all = append(all, littledl.WithHeader(http.Header(o.headers.all)))
	}
	return all
}

// refusedOption is the library's word against a flag, which is so of every URL; nil: it has
// nothing against one.
func refusedOption(err error) error {
	if !errors.Is(err, littledl.ErrInvalidOption) {
		return nil
	}
	if e := (*littledl.FileError)(nil); errors.As(err, &e) {
		err = e.Err
	}
	return usageError{err}
}

// given says whether a flag stood on the command line.
func given(fs *flag.FlagSet, name string) (found bool) {
	fs.Visit(func(f *flag.Flag) { found = found || f.Name == name })
	return found
}
