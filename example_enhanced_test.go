package littledl_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/littledl/littledl"
)

// largeHash is the SHA-256 of /large.bin of origin.
func largeHash() string {
	sum := sha256.Sum256([]byte(strings.Repeat("0123456789abcdef", 8<<20/16)))
	return hex.EncodeToString(sum[:])
}

func ExampleNewEnhancedBatchDownloader() {
	server, dir := origin(), folder()
	defer server.Close()
	defer os.RemoveAll(dir)

	d, err := littledl.NewEnhancedBatchDownloader( // all of these are the defaults
		littledl.WithMaxConcurrentFiles(5),
		littledl.WithMaxTotalThreads(15), // requests in flight over all files
		littledl.WithSmallFileThreshold(1<<20),
		littledl.WithExistingFileReuse(true),
		littledl.WithMultiSource(true),
		littledl.WithAdaptiveSpeed(true),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	d.AddURLs([]string{server.URL + "/a.txt", server.URL + "/large.bin"}, dir)
	if err := d.Start(context.Background()); err != nil {
		fmt.Println(err)
	}
	for _, t := range d.GetAllTasks() {
		fmt.Println(t.Filename, t.Status, t.FileSize)
	}
	// Output:
	// a.txt completed 6
	// large.bin completed 8388608
}

func ExampleWithBackupURLs() {
	server, mirror, dir := origin(), origin(), folder()
	defer server.Close()
	defer mirror.Close()
	defer os.RemoveAll(dir)

	d, _ := littledl.NewEnhancedBatchDownloader()
	id, err := d.AddURL(server.URL+"/missing/large.bin", littledl.WithSavePath(dir),
		littledl.WithBackupURLs(mirror.URL+"/large.bin"),
		littledl.WithHash("sha256", largeHash())) // with it, sources serve side by side
	if err != nil {
		fmt.Println(err)
	}
	if err := d.Start(context.Background()); err != nil {
		fmt.Println(err)
	}
	t, _ := d.GetTask(id)
	fmt.Println(t.Filename, t.Status, t.Source == mirror.URL+"/large.bin")
	for _, s := range t.Sources {
		fmt.Println("dropped:", s.Dropped, "errors:", s.Errors, "bytes:", s.Bytes)
	}
	// Output:
	// large.bin completed true
	// dropped: true errors: 1 bytes: 0
	// dropped: false errors: 0 bytes: 8388608
}

func ExampleWithMultiSource() {
	server, dir := origin(), folder()
	defer server.Close()
	defer os.RemoveAll(dir)

	d, _ := littledl.NewEnhancedBatchDownloader(littledl.WithMultiSource(false))
	d.AddURL(server.URL+"/missing.txt", littledl.WithSavePath(dir), littledl.WithBackupURLs(server.URL+"/a.txt"))
	err := d.Start(context.Background())
	var status *littledl.StatusError
	fmt.Println(errors.As(err, &status), status.Code) // the backup was not asked
	// Output: true 404
}

func ExampleEnhancedBatchDownloader_GetFileReuseStats() {
	server, dir := origin(), folder()
	defer server.Close()
	defer os.RemoveAll(dir)

	for range 2 {
		d, _ := littledl.NewEnhancedBatchDownloader()
		d.AddURL(server.URL+"/large.bin", littledl.WithSavePath(dir), littledl.WithHash("sha256", largeHash()))
		if err := d.Start(context.Background()); err != nil {
			fmt.Println(err)
		}
		s := d.GetFileReuseStats()
		fmt.Println("reused:", d.GetAllTasks()[0].Reused, "hits:", s.Hits, "saved:", s.BytesSavedFormatted)
	}
	// Output:
	// reused: false hits: 0 saved: 0 B
	// reused: true hits: 1 saved: 8 MiB
}

func ExampleWithSmallFileThreshold() {
	server, dir := origin(), folder()
	defer server.Close()
	defer os.RemoveAll(dir)

	d, _ := littledl.NewEnhancedBatchDownloader(littledl.WithSmallFileThreshold(16 << 20))
	id, _ := d.AddURL(server.URL+"/large.bin", littledl.WithSavePath(dir))
	if err := d.Start(context.Background()); err != nil {
		fmt.Println(err)
	}
	t, _ := d.GetTask(id)
	fmt.Println("requests:", t.Chunks)
	// Output: requests: 1
}

func ExampleWithMaxTotalThreads() {
	server, dir := origin(), folder()
	defer server.Close()
	defer os.RemoveAll(dir)

	d, _ := littledl.NewEnhancedBatchDownloader(
		littledl.WithMaxTotalThreads(6),
		littledl.WithAdaptiveSpeed(false), // six it stays
		littledl.WithFileCompleteCallback(func(t littledl.FileTask) { fmt.Println(t.Filename, t.Status) }),
	)
	d.AddURL(server.URL+"/large.bin", littledl.WithSavePath(dir))
	if err := d.Start(context.Background()); err != nil {
		fmt.Println(err)
	}
	s := d.GetStats()
	fmt.Println("threads:", s.TotalThreads, "in use:", s.ActiveThreads)
	// Output:
	// large.bin completed
	// threads: 6 in use: 0
}

func ExampleWithSelector() {
	server, dir := origin(), folder()
	defer server.Close()
	defer os.RemoveAll(dir)

	one, err := littledl.NewStrategySelector(littledl.WithDefaultStyle(littledl.StyleSingle))
	if err != nil {
		fmt.Println(err)
		return
	}
	d, _ := littledl.NewEnhancedBatchDownloader(littledl.WithSelector(one))
	id, _ := d.AddURL(server.URL+"/large.bin", littledl.WithSavePath(dir))
	if err := d.Start(context.Background()); err != nil {
		fmt.Println(err)
	}
	t, _ := d.GetTask(id)
	fmt.Println(filepath.Base(t.Path()), t.FileSize, "chunks:", t.Chunks)
	// Output: large.bin 8388608 chunks: 1
}

func ExampleStrategySelector_SelectStyle() {
	sel, err := littledl.NewStrategySelector()
	if err != nil {
		fmt.Println(err)
		return
	}
	const url = "https://example.com/file"
	for _, size := range []int64{-1, 2 << 20, 50 << 20, 1 << 30} {
		p := sel.AnalyzeFile(url, size, true)
		d := sel.SelectStyle(p)
		fmt.Println(p.SizeClass, d.Style, d.RecommendedChunks, "-", d.Reason)
	}
	fmt.Println(sel.SelectStyle(sel.AnalyzeFile(url, 1<<30, false)).Reason)
	// Output:
	// unknown single 1 - The size is not known.
	// small single 1 - A small file takes one request.
	// medium adaptive 4 - A medium file is cut into 4; nothing is measured yet.
	// large adaptive 8 - A large file is cut into 8; nothing is measured yet.
	// The server does not serve ranges.
}

func ExampleStrategySelector_SelectStyleFor() {
	sel, _ := littledl.NewStrategySelector()
	file := sel.AnalyzeFile("https://example.com/file", 1<<30, true)
	throttled := littledl.NetworkProfile{
		RTT: 40 * time.Millisecond, Connections: 4, TotalSpeed: 8e6, MaxSpeed: 2e6, Stability: 1,
	}
	capped := throttled
	capped.MaxSpeed = 8e6 // one connection alone has reached what four have together
	for _, n := range []littledl.NetworkProfile{throttled, capped} {
		d := sel.SelectStyleFor(file, n)
		fmt.Printf("%d chunks, %.0f times as fast. %s\n", d.RecommendedChunks, d.EstimatedSpeedup, d.Reason)
	}
	// Output:
	// 16 chunks, 16 times as fast. Connections are limited one by one, so more add up.
	// 2 chunks, 1 times as fast. Connections share a limit, which a few fill.
}

func ExampleNewStrategySelector() {
	_, err := littledl.NewStrategySelector(littledl.WithSingle(false), littledl.WithMulti(false))
	fmt.Println(errors.Is(err, littledl.ErrInvalidOption))

	sel, err := littledl.NewStrategySelector(
		littledl.WithDefaultStyle(littledl.StyleMulti), // as many as recommended, never more
		littledl.WithMaxChunks(6),
	)
	d := sel.SelectStyle(sel.AnalyzeFile("https://example.com/file", 1<<30, true))
	fmt.Println(d.Style, d.RecommendedChunks, err)
	// Output:
	// true
	// multi 6 <nil>
}

func ExampleDynamicStyleAllocator() {
	ctx := context.Background()
	a, err := littledl.NewDynamicStyleAllocator(nil, 5, 3) // five files at once, three slots for all
	if err != nil {
		fmt.Println(err)
		return
	}
	d, err := a.AddFile(ctx, littledl.FileRequest{FileID: "video", Size: 50 << 20, SupportsRange: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(d.Style, d.RecommendedChunks)

	var held []func()
	for range 3 {
		release, err := a.Acquire(ctx, "video") // a slot for each request
		if err != nil {
			fmt.Println(err)
			return
		}
		held = append(held, release)
	}
	soon, cancel := context.WithTimeout(ctx, time.Millisecond)
	defer cancel()
	_, err = a.Acquire(soon, "video") // all three are out
	fmt.Println(errors.Is(err, context.DeadlineExceeded), a.GetStats().ChunksInUse)

	for _, release := range held {
		release()
	}
	a.RemoveFile("video")
	fmt.Printf("%+v\n", a.GetStats())
	// Output:
	// adaptive 4
	// true 3
	// {Files:0 MaxChunks:3 ChunksInUse:0 Waiting:0}
}

func ExampleDynamicStyleAllocator_UpdateFile() {
	ctx := context.Background()
	a, _ := littledl.NewDynamicStyleAllocator(nil, 5, 4)
	for _, id := range []string{"long", "short"} {
		a.AddFile(ctx, littledl.FileRequest{FileID: id, Size: 200 << 20, SupportsRange: true})
		a.UpdateFile(id, 200<<20, 1<<20)
	}
	a.UpdateFile("short", 10<<20, 1<<20) // nearly there: "long" weighs more from now on
	fmt.Println(errors.Is(a.UpdateFile("other", 1, 1), littledl.ErrUnknownFile))

	d, in := a.GetAllocation("long")
	fmt.Println(d.RecommendedChunks, in, a.GetStats().Files)
	// Output:
	// true
	// 8 true 2
}
