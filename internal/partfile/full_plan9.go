package partfile

import "strings"

// IsFull reports that a disk is exhausted, which file servers say in words.
func IsFull(err error) bool { return err != nil && strings.Contains(err.Error(), "full") }
