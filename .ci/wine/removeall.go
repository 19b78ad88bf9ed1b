package testing

import "os"

// removeTree tidies up after a test. os.RemoveAll goes by handles, which Wine does not do.
func removeTree(path string) error {
	list, _ := os.ReadDir(path)
	for _, e := range list {
		if err := removeTree(path + `\` + e.Name()); err != nil {
			return err
		}
	}
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		return err
	}
	return nil
}
