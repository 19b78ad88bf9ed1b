// Package blobsink stores objects in a bucket, of S3 or of what else gocloud.dev/blob knows, by
// conditional writes: of several workers that store one object at once, one is told that it has.
//
// fileblob keeps that promise within one process only: use cluster.Dir for directories.
package blobsink

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"time"

	"github.com/littledl/littledl/examples/cluster/cluster"
	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"
)

// Bucket is a Sink. Abandoned multipart uploads stay until a rule of the bucket's lifecycle
// removes them.
type Bucket struct {
	Bucket *blob.Bucket
	Prefix string // of all keys
}

var _ cluster.Sink = Bucket{}

// sumKey is the metadata that says what was stored.
const sumKey = "sha256"

// Stat implements cluster.Sink.
func (b Bucket) Stat(ctx context.Context, key string) (cluster.Info, error) {
	a, err := b.Bucket.Attributes(ctx, b.Prefix+key)
	if gcerrors.Code(err) == gcerrors.NotFound {
		return cluster.Info{}, fmt.Errorf("%s: %w", key, fs.ErrNotExist)
	}
	if err != nil {
		return cluster.Info{}, err
	}
	return cluster.Info{Size: a.Size, SHA256: a.Metadata[sumKey]}, nil
}

// attempts is how often an upload is begun that another's Complete has met: S3 answers 409 then,
// and neither may have won.
const attempts = 5

// Create implements cluster.Sink.
func (b Bucket) Create(ctx context.Context, key string, f *os.File, i cluster.Info) (created bool, err error) {
	for n := range attempts {
		created, err = b.create(ctx, key, f, i)
		if code := gcerrors.Code(err); err == nil || code != gcerrors.Unknown && code != gcerrors.FailedPrecondition && code != gcerrors.AlreadyExists {
			return created, err
		}
		if _, missing := b.Stat(ctx, key); missing == nil {
			return false, nil
		} else if !errors.Is(missing, fs.ErrNotExist) {
			return false, missing
		}
		t := time.NewTimer(rand.N(100 * time.Millisecond << n))
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return false, context.Cause(ctx)
		}
	}
	return false, err
}

func (b Bucket) create(ctx context.Context, key string, f *os.File, i cluster.Info) (bool, error) {
	ctx, cancel := context.WithCancel(ctx) // to close a writer whose context is over stores nothing
	defer cancel()
	o := &blob.WriterOptions{IfNotExist: true, ContentType: "application/octet-stream"}
	if i.SHA256 != "" {
		o.Metadata = map[string]string{sumKey: i.SHA256}
	}
	w, err := b.Bucket.NewWriter(ctx, b.Prefix+key, o)
	if err != nil {
		return false, err
	}
	n, err := io.Copy(w, io.NewSectionReader(f, 0, i.Size))
	if err == nil && n != i.Size {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		cancel()
		return false, errors.Join(err, w.Close())
	}
	if err := w.Close(); err != nil {
		return false, err
	}
	return true, nil
}
