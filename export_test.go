package littledl

import (
	"github.com/littledl/littledl/internal/partfile"
	"github.com/littledl/littledl/internal/recovery"
)

// WithOpenDir lets a test bring the disk that files are stored on.
func WithOpenDir(open func(dir, sub string) (*partfile.Dir, error)) Option {
	return func(s *settings) error { s.openDir = open; return nil }
}

// WithTraces lets a test see what each file has decided.
func WithTraces(see func(*recovery.Trace)) Option {
	return func(s *settings) error { s.traces = see; return nil }
}
