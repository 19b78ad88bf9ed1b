package main

import (
	"fmt"
	"net/url"
	"os"
	"strings"
	"unicode"

	origin "github.com/littledl/littledl/internal/faultserver"
)

// nameFaults are names that the server chooses, where the client is told to let it.
func nameFaults() []fault {
	const last, clean = "takes the last part of it", "takes out what does harm"
	plain := func(name string) []origin.Behaviour {
		return does(origin.Disposition("attachment; filename=\"" + name + "\""))
	}
	coded := func(name string) []origin.Behaviour {
		return does(origin.Disposition("attachment; filename*=UTF-8''" + url.PathEscape(name)))
	}
	all := []fault{
		{number: 107, what: "the server names the file `../../evil.bin`", ours: last, does: plain("../../evil.bin")},
		{number: 107, what: "the same, percent-encoded in filename*", ours: last, does: coded("../../evil.bin")},
		{number: 107, what: "the server names the file `..\\..\\evil.bin`", ours: last, does: plain(`..\\..\\evil.bin`)},
		{number: 107, what: "the server names the file by an absolute path", ours: last, set: absoluteName},
		{number: 107, what: "the URL's last part is `%2e%2e%2fevil.bin`", ours: last, set: urlName("%2e%2e%2fevil.bin")},
		{number: 108, what: "the server names the file `..`", ours: "takes another name", does: plain("..")},
		{number: 108, what: "the server's name has 300 bytes", ours: "cuts it", does: plain(strings.Repeat("x", 296) + ".bin")},
		{number: 108, what: "the server's name has a terminal's escape sequence", ours: clean, does: coded("\x1b[2Jx.bin"), happened: controls},
		{number: 108, what: "the server's name has a line end", ours: clean, does: coded("a\nb.bin"), happened: controls},
		{number: 110, what: "the server names the file `.bashrc`", ours: "takes the dot away", does: plain(".bashrc"), happened: begins},
		{number: 110, what: "the server names the file `-rf`", ours: "takes the dash away", does: plain("-rf"), happened: begins},
	}
	for i := range all {
		all[i].named, all[i].file = true, sized(mib)
	}
	return all
}

// absoluteName is that of a file that would be beside all else of the run.
func absoluteName(s *stage) error {
	s.served.Behave(origin.Disposition(fmt.Sprintf("attachment; filename=%q", s.root+"/evil.bin")))
	return nil
}

// urlName asks for the file by a URL that ends with this, as it is.
func urlName(last string) func(*stage) error {
	return func(s *stage) error {
		s.srv.Behave(origin.Do(func(req *origin.Request, next origin.Handler) *origin.Response {
			req.Rep = s.served.Representation()
			return next(req)
		}))
		s.task.URL = s.srv.Origin() + "/x/" + last
		return nil
	}
}

// controls tells of a name that does something to the terminal that lists it.
func controls(s *stage) string {
	return s.nameOf(func(name string) bool { return strings.ContainsFunc(name, unicode.IsControl) })
}

// begins tells of a name that hides the file or looks like an option.
func begins(s *stage) string {
	return s.nameOf(func(name string) bool { return strings.ContainsAny(name[:1], ".-") })
}

// nameOf says which name in the directory is so; "" if none is.
func (s *stage) nameOf(is func(string) bool) string {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return err.Error()
	}
	for _, e := range entries {
		if is(e.Name()) {
			return fmt.Sprintf("the directory has %q", e.Name())
		}
	}
	return ""
}
