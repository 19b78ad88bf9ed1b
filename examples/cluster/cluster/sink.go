package cluster

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
)

// Info is what is known of an object.
type Info struct {
	Size   int64
	SHA256 string // in hexadecimal; "": not known without reading it
}

// Sink is where objects go, and the only thing that "stored once" rests on. Its methods may be
// called from any goroutine of any process at once. What fails is tried again until it does not, but for
// errors that are fs.ErrExist or fs.ErrInvalid: they are of the key, and fail the job.
type Sink interface {
	// Stat returns fs.ErrNotExist of an object that is not there.
	Stat(ctx context.Context, key string) (Info, error)
	// Create stores a whole file, or nothing: of several at once one is told that it has created
	// the object, and it is never replaced. f is at no particular offset, and may have been read.
	Create(ctx context.Context, key string, f *os.File, i Info) (created bool, err error)
}

// errStore is of a store that is of no use now, or, with key, of one that never has room under that key.
type errStore struct {
	error
	key bool
}

func (e errStore) Unwrap() error { return e.error }

func storeError(err error) error {
	if err == nil {
		return nil
	}
	e := errStore{error: err}
	for _, of := range []error{fs.ErrExist, fs.ErrInvalid, syscall.ENOTDIR, syscall.ENAMETOOLONG} {
		e.key = e.key || errors.Is(err, of)
	}
	return e
}

var buffers = sync.Pool{New: func() any { return new([64 << 10]byte) }}

// put stores a file; exists: another was first.
func put(ctx context.Context, s Sink, key, path, sum string) (i Info, exists bool, err error) {
	f, err := os.Open(path)
	if err != nil {
		return i, false, err
	}
	defer f.Close()
	if i, err = look(ctx, f, sum); err != nil {
		return i, false, err
	}
	created, err := s.Create(ctx, key, f, i)
	return i, !created, storeError(err)
}

// look finds what is to be known of a file, and its SHA-256 if that is not known.
func look(ctx context.Context, f *os.File, sum string) (i Info, err error) {
	if sum != "" {
		stat, err := f.Stat()
		if err != nil {
			return i, err
		}
		return Info{stat.Size(), sum}, nil
	}
	h, buffer := sha256.New(), buffers.Get().(*[64 << 10]byte)
	defer buffers.Put(buffer)
	i.Size, err = io.CopyBuffer(struct{ io.Writer }{h}, reader{ctx, f}, buffer[:])
	i.SHA256 = hex.EncodeToString(h.Sum(nil))
	return i, err
}

// Dir is a directory, on this machine or on a network file system that keeps the promise of
// link(2): that it fails where the name is taken.
type Dir struct {
	Path    string
	Durable bool // objects reach the disk (fsync) before they count
}

var _ Sink = Dir{}

func (d Dir) path(key string) (string, error) {
	if !filepath.IsLocal(filepath.FromSlash(key)) {
		return "", fmt.Errorf("cluster: key %.100q leads out of the directory", key)
	}
	return filepath.Join(d.Path, filepath.FromSlash(key)), nil
}

// Stat implements Sink.
func (d Dir) Stat(_ context.Context, key string) (Info, error) {
	path, err := d.path(key)
	if err != nil {
		return Info{}, err
	}
	i, err := os.Lstat(path)
	if err != nil {
		return Info{}, err
	}
	if !i.Mode().IsRegular() {
		return Info{}, fmt.Errorf("%s: %w, but no file", path, fs.ErrExist)
	}
	return Info{Size: i.Size()}, nil
}

// Create implements Sink: with a link to the file itself, or, on another disk, to a copy of it.
func (d Dir) Create(ctx context.Context, key string, f *os.File, i Info) (created bool, err error) {
	to, err := d.path(key)
	if err != nil {
		return false, err
	}
	if d.Durable {
		if err := f.Sync(); err != nil {
			return false, err
		}
	}
	err = os.Link(f.Name(), to)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return false, err
		}
		err = os.Link(f.Name(), to)
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		err = d.copy(ctx, to, f, i.Size)
	}
	switch {
	case errors.Is(err, fs.ErrExist):
		_, err := d.Stat(ctx, key)
		return false, err
	case err == nil && d.Durable:
		err = syncDir(filepath.Dir(to))
	}
	return err == nil, err
}

// copy is a link across disks.
func (d Dir) copy(ctx context.Context, to string, f *os.File, size int64) (err error) {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	name := filepath.Join(filepath.Dir(to), ".new-"+rand.Text())
	out, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(name)) }()
	n, err := io.Copy(out, reader{ctx, io.NewSectionReader(f, 0, size)})
	if err == nil && n != size {
		err = io.ErrUnexpectedEOF
	}
	if err == nil && d.Durable {
		err = out.Sync()
	}
	if err = errors.Join(err, out.Close()); err != nil {
		return err
	}
	return os.Link(name, to)
}

// reader ends with a context.
type reader struct {
	ctx context.Context
	r   io.Reader
}

func (r reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}

func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
