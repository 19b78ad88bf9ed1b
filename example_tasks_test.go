package littledl_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"sync/atomic"
	"time"

	"github.com/littledl/littledl"
)

// mute is a server that takes requests and answers none of them until they are given up.
func mute() *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
}

// What the user wants first is not known when the list is made.
func ExampleBatchDownloader_PauseTask() {
	server, dir := origin(), folder()
	defer server.Close()
	defer os.RemoveAll(dir)

	d, _ := littledl.NewBatchDownloader()
	large, _ := d.AddURL(server.URL+"/large.bin", littledl.WithSavePath(dir))
	_, _ = d.AddURL(server.URL+"/a.txt", littledl.WithSavePath(dir))
	_ = d.PauseTask(large) // before Start, or while its bytes arrive
	d.SetFileCompleteCallback(func(t littledl.FileTask) {
		other, _ := d.GetTask(large)
		fmt.Println(t.Filename, t.Status, "large.bin", other.Status)
		_ = d.ResumeTask(large) // which has completed the second time, so nothing happens
	})
	fmt.Println(d.Start(context.Background())) // waits for what is paused
	// Output:
	// a.txt completed large.bin paused
	// large.bin completed large.bin completed
	// <nil>
}

// What has failed is tried again while everything else goes on.
func ExampleBatchDownloader_ResumeTask() {
	server, dir := origin(), folder()
	defer server.Close()
	defer os.RemoveAll(dir)
	var uploaded atomic.Bool
	late := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !uploaded.Load() {
			http.NotFound(w, r)
			return
		}
		http.Redirect(w, r, server.URL+"/a.txt", http.StatusFound)
	}))
	defer late.Close()

	d, _ := littledl.NewBatchDownloader()
	d.SetFileCompleteCallback(func(t littledl.FileTask) {
		fmt.Println(t.Status)
		if t.IsFailed() {
			uploaded.Store(true)
			_ = d.ResumeTask(t.TaskID)
		}
	})
	_, _ = d.AddURL(late.URL+"/report.txt", littledl.WithSavePath(dir))
	fmt.Println(d.Start(context.Background()))
	// Output:
	// failed
	// completed
	// <nil>
}

func ExampleBatchDownloader_CancelTask() {
	server, silent, dir := origin(), mute(), folder()
	defer server.Close()
	defer silent.Close()
	defer os.RemoveAll(dir)

	errUnwanted := errors.New("the user has closed the window")
	d, _ := littledl.NewBatchDownloader()
	id, _ := d.AddURL(silent.URL+"/video.mkv", littledl.WithSavePath(dir))
	_, _ = d.AddURL(server.URL+"/a.txt", littledl.WithSavePath(dir))
	d.SetFileCompleteCallback(func(t littledl.FileTask) {
		fmt.Println(t.Status)
		_ = d.CancelTask(id, errUnwanted) // the others go on
	})
	err := d.Start(context.Background())
	fmt.Println(errors.Is(err, errUnwanted))
	// Output:
	// completed
	// cancelled
	// true
}

func ExampleBatchDownloader_Remove() {
	server, dir := origin(), folder()
	defer server.Close()
	defer os.RemoveAll(dir)

	d, _ := littledl.NewBatchDownloader()
	old, _ := d.AddURL(server.URL+"/a.txt", littledl.WithSavePath(dir), littledl.WithFilename("notes.txt"))
	if err := d.Remove(old); err != nil {
		fmt.Println(err)
	}
	// Its name is free again, and no word is left of it.
	_, err := d.AddURL(server.URL+"/b.txt", littledl.WithSavePath(dir), littledl.WithFilename("notes.txt"))
	fmt.Println(err, d.GetStats().TotalFiles)
	fmt.Println(d.Remove(old))
	// Output:
	// <nil> 1
	// unknown task: "task-1" was never added, or was removed or forgotten
}

func ExampleBatchDownloader_SetPriority() {
	server, dir := origin(), folder()
	defer server.Close()
	defer os.RemoveAll(dir)

	d, _ := littledl.NewBatchDownloader(littledl.WithMaxConcurrentFiles(1), littledl.WithSmallFilePriority(false))
	ids, _ := d.AddURLs([]string{server.URL + "/a.txt", server.URL + "/b.txt", server.URL + "/c.txt"}, dir, littledl.WithPriority(5))
	d.SetFileCompleteCallback(func(t littledl.FileTask) { fmt.Println(t.Filename) })
	if err := d.SetPriority(ids[2], 0); err != nil { // it is what is looked at now
		fmt.Println(err)
	}
	if err := d.Start(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// c.txt
	// a.txt
	// b.txt
}

func ExampleBatchDownloader_GetActiveTasks() {
	silent, dir := mute(), folder()
	defer silent.Close()
	defer os.RemoveAll(dir)

	ctx, stop := context.WithCancel(context.Background())
	d, _ := littledl.NewBatchDownloader(littledl.WithMaxConcurrentFiles(2))
	// Of a hundred thousand that wait there is no copy made.
	for i := range 10 {
		_, _ = d.AddURL(fmt.Sprintf("%s/%d.jpg", silent.URL, i), littledl.WithSavePath(dir))
	}
	d.SetProgressCallback(func(_, total int, _ float64, _ time.Duration) {
		if active := d.GetActiveTasks(); len(active) == 2 && ctx.Err() == nil {
			fmt.Println(len(active), "of", total, "are in transfer")
			stop()
		}
	})
	err := d.Start(ctx)
	fmt.Println(errors.Is(err, context.Canceled), len(d.GetActiveTasks()))
	// Output:
	// 2 of 10 are in transfer
	// true 0
}

func ExampleWithTag() {
	server, dir := origin(), folder()
	defer server.Close()
	defer os.RemoveAll(dir)

	type row struct{ id int } // whatever a program knows its files by
	d, _ := littledl.NewBatchDownloader()
	_, _ = d.AddURL(server.URL+"/a.txt", littledl.WithSavePath(dir), littledl.WithTag(row{id: 17}))
	d.SetFileCompleteCallback(func(t littledl.FileTask) {
		fmt.Println(t.Status, t.Tag.(row).id)
	})
	if err := d.Start(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output: completed 17
}

func ExampleWithTimeout() {
	silent := mute()
	defer silent.Close()

	_, err := fetchOne(littledl.DownloadConfig{}, silent.URL+"/slow.bin", littledl.WithTimeout(50*time.Millisecond))
	fmt.Println(errors.Is(err, littledl.ErrTimeout), littledl.IsRetryable(err))
	// Output: true true
}
