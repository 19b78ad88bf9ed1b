package safename

import (
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ErrUnsafe is wrapped by the errors of CheckUser.
var ErrUnsafe = errors.New("unsafe file name")

// CheckUser checks a name that the caller chose, which may have directories
// separated by "/", and returns it cleaned in the sense of path.Clean. The name
// must stay below the directory it is used in, be valid on this system, and
// have no control characters, no final slash and no component of more than 255
// bytes. The error wraps ErrUnsafe and says what is wrong.
func CheckUser(name string) (string, error) {
	clean := path.Clean(name)
	switch {
	case name == "":
		return "", unsafe(name, "is empty")
	case !utf8.ValidString(name):
		return "", unsafe(name, "is not valid UTF-8")
	case strings.ContainsFunc(name, unicode.IsControl):
		return "", unsafe(name, "has control characters")
	case strings.HasSuffix(name, "/"):
		return "", unsafe(name, "ends in a slash, so it names a directory")
	case path.IsAbs(name):
		return "", unsafe(name, "is absolute; give it relative to the save path")
	case clean == "." || clean == ".." || strings.HasPrefix(clean, "../"):
		return "", unsafe(name, "is not below the save path")
	}
	for c := range strings.SplitSeq(clean, "/") {
		if len(c) > maxComponent {
			return "", unsafe(name, "has a component of more than 255 bytes")
		}
	}
	local, err := filepath.Localize(clean)
	if err != nil || !filepath.IsLocal(local) {
		return "", unsafe(name, "is not a valid file name on this system")
	}
	return clean, nil
}

func unsafe(name, why string) error {
	return fmt.Errorf("%w: %.100q %s", ErrUnsafe, name, why)
}
