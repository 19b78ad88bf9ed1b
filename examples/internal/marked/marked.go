// Package marked keeps a generated passage of a document up to date between two lines that mark it.
package marked

import (
	"bytes"
	"fmt"
	"os"
)

// Replace puts text between two lines of a file, in place of what was there. A file that lacks one
// of them is left alone, which is an error.
func Replace(path, begin, end, text string) error {
	old, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, _, ok := bytes.Cut(old, []byte(begin))
	_, after, ok2 := bytes.Cut(old, []byte(end))
	if !ok || !ok2 {
		return fmt.Errorf("%s lacks the lines %q and %q", path, begin, end)
	}
	return os.WriteFile(path, []byte(string(before)+begin+"\n\n"+text+"\n"+end+string(after)), 0o666)
}
