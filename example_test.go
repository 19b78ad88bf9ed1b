package littledl_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"github.com/littledl/littledl"
)

// origin serves a few files: /a.txt, /b.txt, … hold their own name, /large.bin 8 MiB.
func origin() *httptest.Server {
	modified := time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)
	large := strings.Repeat("0123456789abcdef", 8<<20/16)
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := r.URL.Path
		switch {
		case strings.HasPrefix(r.URL.Path, "/missing"):
			http.NotFound(w, r)
			return
		case r.URL.Path == "/large.bin":
			body = large
		}
		w.Header().Set("ETag", `"v1"`)
		http.ServeContent(w, r, "", modified, strings.NewReader(body))
	}))
}

// folder makes a directory for an example; the caller removes it.
func folder() string {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		panic(err)
	}
	return dir
}

func Example() {
	server, dir := origin(), folder()
	defer server.Close()
	defer os.RemoveAll(dir)

	urls := []string{server.URL + "/a.txt", server.URL + "/b.txt", server.URL + "/large.bin"}
	results, err := littledl.BatchDownload(context.Background(), urls, dir)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range results {
		info, _ := os.Stat(r.Path)
		fmt.Println(filepath.Base(r.Path), info.Size())
	}
	// Output:
	// a.txt 6
	// b.txt 6
	// large.bin 8388608
}

func ExampleBatchDownloadSync() {
	server, dir := origin(), folder()
	defer server.Close()
	defer os.RemoveAll(dir)

	urls := []string{server.URL + "/a.txt", server.URL + "/missing.txt"}
	results, err := littledl.BatchDownloadSync(urls, dir)
	for _, r := range results {
		fmt.Println(strings.TrimPrefix(r.URL, server.URL), r.Err == nil)
	}
	var status *littledl.StatusError
	fmt.Println(errors.As(err, &status), status.Code)
	// Output:
	// /a.txt true
	// /missing.txt false
	// true 404
}

func ExampleBatchDownloader_Start() {
	server, dir := origin(), folder()
	defer server.Close()
	defer os.RemoveAll(dir)

	d, err := littledl.NewBatchDownloader(littledl.WithMaxConcurrentFiles(3))
	if err != nil {
		fmt.Println(err)
		return
	}
	d.SetFileCompleteCallback(func(t littledl.FileTask) {
		fmt.Println(t.Filename, t.Status, t.Progress())
	})
	d.SetProgressCallback(func(completed, total int, speed float64, eta time.Duration) {
		if completed == total {
			fmt.Printf("%d of %d files, %v left\n", completed, total, eta)
		}
	})
	if _, err := d.AddURLs([]string{server.URL + "/a.txt"}, dir); err != nil {
		fmt.Println(err)
	}
	if err := d.Start(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// a.txt completed 100
	// 1 of 1 files, 0s left
}

func ExampleWithAdaptiveConcurrency() {
	// Fixed concurrency: ten files at once, two connections each, whatever happens.
	d, err := littledl.NewBatchDownloader(
		littledl.WithMaxConcurrentFiles(10),
		littledl.WithMaxConcurrentChunksPerFile(2),
		littledl.WithAdaptiveConcurrency(false),
	)
	fmt.Println(d.GetStats().CurrentConcurrency, err)
	// Output: 20 <nil>
}

func ExampleWithPriority() {
	server, dir := origin(), folder()
	defer server.Close()
	defer os.RemoveAll(dir)

	d, _ := littledl.NewBatchDownloader(littledl.WithMaxConcurrentFiles(1))
	d.SetFileCompleteCallback(func(t littledl.FileTask) { fmt.Println(t.Priority, t.Filename) })
	for i, name := range []string{"c.txt", "b.txt", "a.txt"} { // 0 goes first
		d.AddURL(server.URL+"/"+name, littledl.WithSavePath(dir), littledl.WithPriority(2-i))
	}
	if err := d.Start(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// 0 a.txt
	// 1 b.txt
	// 2 c.txt
}

func ExampleBatchDownloader_GetAllTasks() {
	server, dir := origin(), folder()
	defer server.Close()
	defer os.RemoveAll(dir)

	d, _ := littledl.NewBatchDownloader()
	d.AddURLs([]string{server.URL + "/a.txt", server.URL + "/missing", server.URL + "/large.bin"}, dir)
	_ = d.Start(context.Background()) // the tasks say more
	for _, t := range d.GetAllTasks() {
		fmt.Println(t.TaskID, t.Status, t.FileSize, t.IsSmallFile())
	}
	// Output:
	// task-1 completed 6 true
	// task-2 failed -1 false
	// task-3 completed 8388608 false
}

func ExampleBatchDownloader_GetStats() {
	server, dir := origin(), folder()
	defer server.Close()
	defer os.RemoveAll(dir)

	d, _ := littledl.NewBatchDownloader()
	d.AddURLs([]string{server.URL + "/a.txt", server.URL + "/b.txt", server.URL + "/missing"}, dir)
	_ = d.Start(context.Background())
	s := d.GetStats()
	fmt.Println("files:", s.TotalFiles, "completed:", s.CompletedFiles, "failed:", s.FailedFiles)
	fmt.Println("bytes:", s.DownloadedBytes, "limit:", s.CurrentConcurrency)
	// Output:
	// files: 3 completed: 2 failed: 1
	// bytes: 12 limit: 20
}

func ExampleBatchDownloader_GetProgress() {
	server, dir := origin(), folder()
	defer server.Close()
	defer os.RemoveAll(dir)

	d, _ := littledl.NewBatchDownloader()
	d.AddURL(server.URL+"/large.bin", littledl.WithSavePath(dir))
	p := d.GetProgress()
	fmt.Println(p.Progress(), p.ETA < 0)
	if err := d.Start(context.Background()); err != nil {
		fmt.Println(err)
	}
	p = d.GetProgress()
	fmt.Println(p.Progress(), p.FilesCompletedRatio(), p.DownloadedBytes)
	// Output:
	// 0 true
	// 100 100 8388608
}

func ExampleBatchDownloader_Pause() {
	server, dir := origin(), folder()
	defer server.Close()
	defer os.RemoveAll(dir)

	d, _ := littledl.NewBatchDownloader()
	d.AddURL(server.URL+"/large.bin", littledl.WithSavePath(dir))
	d.Pause() // here before Start; at any time while it runs
	time.AfterFunc(50*time.Millisecond, func() {
		t, _ := d.GetTask("task-1")
		fmt.Println("while paused:", t.Downloaded)
		d.Resume()
	})
	err := d.Start(context.Background())
	t, _ := d.GetTask("task-1")
	fmt.Println("afterwards:", t.Downloaded, err)
	// Output:
	// while paused: 0
	// afterwards: 8388608 <nil>
}

func ExampleBatchDownloader_Cancel() {
	server, dir := origin(), folder()
	defer server.Close()
	defer os.RemoveAll(dir)

	d, _ := littledl.NewBatchDownloader()
	d.Pause() // so that nothing is done before Cancel
	d.AddURL(server.URL+"/large.bin", littledl.WithSavePath(dir))
	d.SetProgressCallback(func(int, int, float64, time.Duration) { d.Cancel() })
	err := d.Start(context.Background())
	fmt.Println(errors.Is(err, littledl.ErrCancelled))

	d.SetProgressCallback(nil)
	d.Resume()
	fmt.Println(d.Start(context.Background())) // a second Start goes on
	// Output:
	// true
	// <nil>
}

func ExampleBatchDownloader_AddURL() {
	server, dir := origin(), folder()
	defer server.Close()
	defer os.RemoveAll(dir)

	d, _ := littledl.NewBatchDownloader()
	_, err := d.AddURL(server.URL+"/a.txt",
		littledl.WithSavePath(dir),
		littledl.WithFilename("docs/first.txt"),
		littledl.WithHash("sha256", "b7a4d8fc9aa9e29ea4c1c7c3ce5a1bd7ff3f6fb0e0cd0e1eee5c2b3e3ce5f3d0"),
	)
	fmt.Println(err)
	err = d.Start(context.Background())
	fmt.Println(errors.Is(err, littledl.ErrHashMismatch)) // that hash is another file's

	_, err = d.AddURL("ftp://example.com/a.txt")
	fmt.Println(err)
	// Output:
	// <nil>
	// true
	// add ftp://example.com/a.txt: invalid URL: scheme is not http or https
}

func ExampleWithConfig() {
	server, dir := origin(), folder()
	defer server.Close()
	defer os.RemoveAll(dir)

	var names []string
	d, err := littledl.NewBatchDownloader(
		littledl.WithConfig(littledl.DownloadConfig{
			MaxConnectionsPerHost: 8,
			MaxSpeed:              50 << 20,
			StallTimeout:          10 * time.Second,
			Overwrite:             littledl.OverwriteReplace,
			Retry:                 littledl.RetryConfig{MaxRetries: 5},
		}),
		littledl.WithFileCompleteCallback(func(t littledl.FileTask) {
			names = append(names, t.Filename)
		}),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	d.AddURLs([]string{server.URL + "/a.txt", server.URL + "/b.txt"}, dir)
	if err := d.Start(context.Background()); err != nil {
		fmt.Println(err)
	}
	sort.Strings(names)
	fmt.Println(names)
	// Output: [a.txt b.txt]
}
