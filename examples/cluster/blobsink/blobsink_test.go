package blobsink

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/littledl/littledl/examples/cluster/cluster"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gocloud.dev/blob"
	"gocloud.dev/blob/memblob"
	"gocloud.dev/blob/s3blob"
)

// bucket is one of a real S3 server: versitygw, which `go install` brings.
func bucket(t *testing.T) *blob.Bucket {
	program := os.Getenv("VERSITYGW")
	if program == "" {
		var err error
		if program, err = exec.LookPath("versitygw"); err != nil {
			t.Skip("versitygw is not installed: go install github.com/versity/versitygw/cmd/versitygw@v1.8.0")
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	at := l.Addr().String()
	require.NoError(t, l.Close())
	server := exec.Command(program, "--port", at, "--access", "key", "--secret", "secret", "posix", t.TempDir())
	require.NoError(t, server.Start())
	t.Cleanup(func() { _ = server.Process.Kill(); _ = server.Wait() })
	client := s3.NewFromConfig(aws.Config{Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("key", "secret", "")},
		func(o *s3.Options) { o.BaseEndpoint, o.UsePathStyle = aws.String("http://"+at), true })
	require.Eventually(t, func() bool {
		_, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("bucket")})
		return err == nil
	}, 20*time.Second, 100*time.Millisecond)
	b, err := s3blob.OpenBucketV2(t.Context(), client, "bucket", nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.Close()) })
	return b
}

func file(t *testing.T, size int, first byte) *os.File {
	f, err := os.CreateTemp(t.TempDir(), "")
	require.NoError(t, err)
	body := make([]byte, size)
	body[0] = first
	_, err = f.Write(body)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.Close()) })
	return f
}

// once has several store one object at once: one is told that it has, and its bytes are there.
func once(t *testing.T, s Bucket, size, who int) {
	for round := range 3 {
		key := fmt.Sprint("batch/", round, "/object")
		_, err := s.Stat(t.Context(), key)
		require.ErrorIs(t, err, os.ErrNotExist)
		var all sync.WaitGroup
		var created, winner atomic.Int64
		for i := range who {
			f := file(t, size, byte(i))
			all.Go(func() {
				ok, err := s.Create(t.Context(), key, f, cluster.Info{Size: int64(size), SHA256: fmt.Sprint(i)})
				if assert.NoError(t, err) && ok {
					created.Add(1)
					winner.Store(int64(i))
				}
			})
		}
		all.Wait()
		require.EqualValues(t, 1, created.Load())
		got, err := s.Stat(t.Context(), key)
		require.NoError(t, err)
		require.Equal(t, cluster.Info{Size: int64(size), SHA256: fmt.Sprint(winner.Load())}, got)
		body, err := s.Bucket.ReadAll(t.Context(), s.Prefix+key)
		require.NoError(t, err)
		require.EqualValues(t, winner.Load(), body[0])
		ok, err := s.Create(t.Context(), key, file(t, size, 99), cluster.Info{Size: int64(size)})
		require.NoError(t, err)
		require.False(t, ok)
	}
}

func TestMemory(t *testing.T) { once(t, Bucket{memblob.OpenBucket(nil), "p/"}, 1000, 6) }

func TestS3(t *testing.T) {
	b := bucket(t)
	for _, size := range []int{1000, 20 << 20} {
		t.Run(fmt.Sprint(size), func(t *testing.T) { once(t, Bucket{b, fmt.Sprint(size, "/")}, size, 6) })
	}
}

// TestTwoWorkers: two that finish the same jobs at once, since the queue is lost between them.
func TestTwoWorkers(t *testing.T) {
	b := bucket(t)
	server := http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte("it is " + r.URL.Path))
	})}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go server.Serve(l)
	t.Cleanup(func() { require.NoError(t, server.Close()) })
	jobs := func(yield func(cluster.Job, error) bool) {
		for i := range 100 {
			if !yield(cluster.Job{URL: fmt.Sprintf("http://%s/%d", l.Addr(), i)}, nil) {
				return
			}
		}
	}
	again := int64(0)
	var all sync.WaitGroup
	var mu sync.Mutex
	for i := range 2 { // each has a queue of its own, so both do everything
		c, err := cluster.Open(t.Context(), cluster.Config{Dir: t.TempDir(), NoSync: true})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, c.Close()) })
		_, err = c.Enqueue(t.Context(), "batch", jobs)
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		all.Go(func() {
			assert.NoError(t, c.Work(ctx, cluster.Worker{Name: fmt.Sprint("w", i), Scratch: t.TempDir(), Sink: Bucket{b, ""}}))
		})
		all.Go(func() {
			defer cancel()
			for p, err := range c.Progress(ctx, "batch") {
				if assert.NoError(t, err) && p.Finished() {
					assert.EqualValues(t, 100, p.Done)
					mu.Lock()
					again += p.Again
					mu.Unlock()
				}
			}
		})
	}
	all.Wait()
	require.EqualValues(t, 100, again, "of each object one worker is told that it was there")
	n, list := 0, b.List(nil)
	for {
		o, err := list.Next(t.Context())
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		body, err := b.ReadAll(t.Context(), o.Key)
		require.NoError(t, err)
		require.Contains(t, string(body), "it is /")
		n++
	}
	require.Equal(t, 100, n)
}
