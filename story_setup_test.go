package littledl_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	. "github.com/littledl/littledl/internal/faultserver"
)

// What a story begins with: origins, files that are in the way, tasks.

// origin serves a file at one of its sources.
func (st *story) origin(i, j int, src scriptSource) *File {
	size := st.files[i].size
	now := Do(func(req *Request, next Handler) *Response {
		v := int(st.versions[i].Load())
		if src.other && v == 1 {
			v = 3
		}
		return Become(version(v)...)(next)(req)
	})
	all := []Behaviour{now, src.head.behaviour(size)}
	for _, m := range src.manners {
		all = append(all, m.behaviour(size))
	}
	var turns []Behaviour
	for _, m := range src.mishaps {
		turns = append(turns, m.behaviour(size))
	}
	all = append(all, inTurn(&st.hits, src.again, turns...))
	return st.srv.File(fmt.Sprintf("s%d/f%d.bin", j, i), Size(size), Seed(st.seed(i)), Behave(all...))
}

// prepare makes the downloader and queues the files.
func (st *story) prepare() {
	conf := littledl.DownloadConfig{
		Proxy: noProxy, DialContext: st.net.DialContext,
		ConnectTimeout: 2 * time.Second, HeaderTimeout: 2 * time.Second, StallTimeout: 2 * time.Second,
		Retry:                 littledl.RetryConfig{BaseDelay: 50 * time.Millisecond, MaxDelay: 4 * time.Second, MaxElapsed: 20 * time.Second},
		MaxConnectionsPerHost: st.perHost, MinChunkSize: st.minChunk, MaxSpeed: st.speed,
		Overwrite: st.overwrite, TrustModTime: true, Durable: st.durable, DisableResume: st.discard, ProgressInterval: 200 * time.Millisecond,
	}
	opts := []littledl.Option{
		littledl.WithMaxConcurrentFiles(st.atOnce), littledl.WithMaxConcurrentChunksPerFile(st.chunks),
		littledl.WithAdaptiveConcurrency(st.adaptive),
		littledl.WithProgressCallback(func(int, int, float64, time.Duration) { st.watch() }),
		littledl.WithFileCompleteCallback(st.complete),
	}
	var err error
	if st.enhanced {
		if st.total > 0 {
			opts = append(opts, littledl.WithMaxTotalThreads(st.total))
		}
		opts = append(opts, littledl.WithConfig(conf), littledl.WithTrustedMirrors(st.trusted), littledl.WithExistingFileReuse(!st.noReuse))
		st.d, err = littledl.NewEnhancedBatchDownloader(opts...)
	} else {
		conf.MaxConnections = st.total
		st.d, err = littledl.NewBatchDownloader(append(opts, littledl.WithConfig(conf))...)
	}
	require.NoError(st, err)
	for i := range st.files {
		st.add(i)
	}
}

func (st *story) add(i int) {
	f := st.files[i]
	opts := []littledl.URLOption{
		littledl.WithSavePath(st.dir),
		littledl.WithHeader(http.Header{"Authorization": {"Bearer " + secret}, "X-Api-Key": {secret}}),
	}
	if f.hash != 0 {
		opts = append(opts, littledl.WithHash("sha256", Sum(st.version(i, f.hash))))
	}
	var backups []string
	for j := range f.sources[1:] {
		backups = append(backups, st.url(i, j+1))
	}
	if len(backups) > 0 {
		opts = append(opts, littledl.WithBackupURLs(backups...))
	}
	name := fmt.Sprintf("f%d.bin", i)
	if f.named {
		name = fmt.Sprintf("sub/n%d.bin", i)
	}
	st.plant(i, filepath.Join(st.dir, filepath.FromSlash(name)))
	for n := range 2 {
		if n > 0 && !f.duplicate {
			break
		}
		all := opts
		if n == 0 && f.named {
			all = append(all, littledl.WithFilename(name))
		}
		id, err := st.d.AddURL(st.url(i, 0), all...)
		require.NoError(st, err)
		st.fileOf[id] = i
	}
}

func (st *story) url(i, j int) string {
	return st.srv.URLAt(sources[j], fmt.Sprintf("s%d/f%d.bin", j, i))
}

// plant puts something where a file is to be.
func (st *story) plant(i int, path string) {
	f := st.files[i]
	if f.planted == noPlanting {
		return
	}
	require.NoError(st, os.MkdirAll(filepath.Dir(path), 0o777))
	switch f.planted {
	case directory:
		require.NoError(st, os.Mkdir(path, 0o777))
		return
	case sameContent:
		require.NoError(st, os.WriteFile(path, Bytes(st.version(i, 1)), 0o666))
		at := st.srv.Lookup(fmt.Sprintf("s0/f%d.bin", i)).Representation().LastModified
		require.NoError(st, os.Chtimes(path, at, at))
		st.planted[path] = f.size
	default:
		require.NoError(st, os.WriteFile(path, Bytes(st.plantedContent(i)), 0o666))
		st.planted[path] = st.plantedContent(i).Size()
	}
}

// plantedContent is nobody's.
func (st *story) plantedContent(i int) Content { return Generate("planted", i, 12345) }
