package littledl

import "github.com/littledl/littledl/internal/partfile"

// WithOpenDir lets a test bring the disk that files are stored on.
func WithOpenDir(open func(dir, sub string) (*partfile.Dir, error)) Option {
	return func(s *settings) error { s.openDir = open; return nil }
}
