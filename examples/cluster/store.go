package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/littledl/littledl/examples/cluster/blobsink"
	"github.com/littledl/littledl/examples/cluster/cluster"
	"gocloud.dev/blob"
	_ "gocloud.dev/blob/s3blob" // s3://
)

const sinkHelp = "where objects go: a directory, or a bucket as s3://name?region=…&endpoint=…&use_path_style=true; credentials are the environment's"

// openSink opens a store by its name.
func openSink(ctx context.Context, name string) (s cluster.Sink, done func() error, err error) {
	switch {
	case name == "":
		return nil, nil, usageError{errors.New("say where objects go: -sink DIR, or -sink s3://…")}
	case !strings.Contains(name, "://"):
		return cluster.Dir{Path: name}, func() error { return nil }, nil
	case !strings.HasPrefix(name, "s3://"):
		return nil, nil, usageError{fmt.Errorf("-sink %q; it is a directory or s3://…", name)}
	}
	b, err := blob.OpenBucket(ctx, name)
	if err != nil {
		return nil, nil, err
	}
	return blobsink.Bucket{Bucket: b}, b.Close, nil
}
