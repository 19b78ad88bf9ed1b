package safename

import "strings"

// Split divides a name into the directories in front of it, "" for none, and the rest.
func Split(name string) (sub, base string) {
	if i := strings.LastIndexByte(name, '/'); i >= 0 {
		return name[:i], name[i+1:]
	}
	return "", name
}
