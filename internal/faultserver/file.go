package faultserver

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"sync"
	"time"
)

// File is something a Server serves. Its methods are safe for concurrent use.
type File struct {
	server *Server
	name   string

	mu      sync.Mutex
	spec    spec
	rep     Representation // of spec
	handler Handler
}

// spec is what the options of a file say.
type spec struct {
	seed       string
	version    int
	size       int64
	data       Content // instead of generated content
	etag       *string
	modified   *time.Time
	typ        string
	behaviours []Behaviour
}

// FileOption describes a file, or a change of it.
type FileOption func(*spec)

// Size is how long generated content is.
func Size(n int64) FileOption { return func(s *spec) { s.size = n } }

// Version makes it other content under the same name, with another ETag and a later
// Last-Modified. It is 1 to begin with.
func Version(v int) FileOption { return func(s *spec) { s.version = v } }

// Seed makes generated content that of a file named so; by default it is that of
// the file's own name, so that mirrors agree.
func Seed(name string) FileOption { return func(s *spec) { s.seed = slashed(name) } }

// Data gives the content itself.
func Data(b []byte) FileOption { return func(s *spec) { s.data = bytes.NewReader(b) } }

// ETag is sent as it is, quotes included; "" for none. By default it is strong and
// follows from the content.
func ETag(raw string) FileOption { return func(s *spec) { s.etag = &raw } }

// LastModified is sent to the second; a zero time for none. By default it is in
// January 1999, before the clock of a synctest bubble begins.
func LastModified(t time.Time) FileOption { return func(s *spec) { s.modified = &t } }

// Type is the Content-Type, application/octet-stream by default.
func Type(mime string) FileOption { return func(s *spec) { s.typ = mime } }

// Behave says how the file misbehaves.
func Behave(b ...Behaviour) FileOption {
	return func(s *spec) { s.behaviours = append(s.behaviours, b...) }
}

// Set changes the file, for requests that come later. Behaviours of before are
// dropped.
func (f *File) Set(opts ...FileOption) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.spec.behaviours = nil
	for _, o := range opts {
		o(&f.spec)
	}
	f.rep = f.spec.representation()
	f.handler = chain(f.spec.behaviours, serve)
}

// Behave is Set with these behaviours; without any the file behaves well again.
func (f *File) Behave(b ...Behaviour) { f.Set(Behave(b...)) }

func (f *File) serve(req *Request) *Response {
	f.mu.Lock()
	handler := f.handler
	req.Rep = f.rep
	f.mu.Unlock()
	return handler(req)
}

// Name is the path of its URL, unescaped and without the leading slash.
func (f *File) Name() string { return f.name[1:] }

// URL is where it is served.
func (f *File) URL() string { return f.server.URL(f.name) }

// Representation is what is served to a client if no Behaviour changes it.
func (f *File) Representation() Representation {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.rep
}

// Content is what it holds.
func (f *File) Content() Content { return f.Representation().Content }

// Sum is the SHA-256 of its content in hex.
func (f *File) Sum() string { return Sum(f.Content()) }

func (s spec) representation() Representation {
	rep := Representation{Content: s.data, Type: s.typ, spec: s}
	rep.LastModified = time.Date(1999, 1, 1, s.version, 0, 0, 0, time.UTC)
	rep.ETag = s.tag()
	if rep.Content == nil {
		rep.Content = Generate(s.seed, s.version, s.size)
	}
	if s.etag != nil {
		rep.ETag = *s.etag
	}
	if s.modified != nil {
		rep.LastModified = *s.modified
	}
	if rep.Type == "" {
		rep.Type = "application/octet-stream"
	}
	return rep
}

func (s spec) tag() string {
	h := fnv.New64a()
	fmt.Fprintf(h, "%s\x00%d\x00%d", s.seed, s.version, s.size)
	if s.data != nil {
		h.Write(Bytes(s.data))
	}
	return fmt.Sprintf(`"%016x"`, h.Sum64())
}

// with is the representation after a change of its file.
func (r Representation) with(opts ...FileOption) Representation {
	changed := r.spec
	for _, o := range opts {
		o(&changed)
	}
	return changed.representation()
}
