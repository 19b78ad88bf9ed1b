package littledl_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/littledl/littledl"
)

// A service downloads what comes up, for as long as it lives, over connections that stay open.
func ExampleBatchDownloader_Serve() {
	server, dir := origin(), folder()
	defer server.Close()
	defer os.RemoveAll(dir)

	done := make(chan string)
	d, err := littledl.NewBatchDownloader(
		littledl.WithConfig(littledl.DownloadConfig{ForgetEnded: true}),
		littledl.WithFileCompleteCallback(func(t littledl.FileTask) { done <- path.Base(t.URL) + " " + string(t.Status) }),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	ended := make(chan error)
	go func() { ended <- d.Serve(context.Background()) }()
	for _, name := range []string{"/a.txt", "/missing.txt", "/b.txt"} { // requests of others, say
		if _, err := d.AddURL(server.URL+name, littledl.WithSavePath(dir)); err != nil {
			fmt.Println(err)
		}
		fmt.Println(<-done)
	}
	d.Stop()
	fmt.Println(<-ended)
	// Output:
	// a.txt completed
	// missing.txt failed
	// b.txt completed
	// <nil>
}

func ExampleBatchDownloader_WaitIdle() {
	server, dir := origin(), folder()
	defer server.Close()
	defer os.RemoveAll(dir)

	ctx := context.Background()
	begun := make(chan bool, 1)
	d, _ := littledl.NewBatchDownloader(littledl.WithEvents(func(e littledl.Event) {
		if e.Kind == littledl.EventStarted {
			begun <- true
		}
	}))
	fmt.Println(errors.Is(d.WaitIdle(ctx), littledl.ErrNotRunning))
	ended := make(chan error)
	go func() { ended <- d.Serve(ctx) }()
	for _, name := range []string{"/a.txt", "/b.txt"} {
		_, _ = d.AddURL(server.URL+name, littledl.WithSavePath(dir))
		<-begun
		err := d.WaitIdle(ctx)
		fmt.Println(d.GetStats().CompletedFiles, err)
	}
	d.Stop()
	<-ended
	// Output:
	// true
	// 1 <nil>
	// 2 <nil>
}

// A list that is never whole in memory, here of ten, is read as the downloads go on.
func ExampleBatchDownloadSeq() {
	server, dir := origin(), folder()
	defer server.Close()
	defer os.RemoveAll(dir)

	list := func(yield func(littledl.Item) bool) {
		for i := range 10 {
			item := littledl.Item{
				URL:     fmt.Sprintf("%s/%d.txt", server.URL, i),
				Options: []littledl.URLOption{littledl.WithSavePath(dir), littledl.WithTag(i)},
			}
			if i == 7 {
				item.URL = "gopher://example.com/7.txt"
			}
			if !yield(item) {
				return
			}
		}
	}
	var tags []int // results come as files end
	for r := range littledl.BatchDownloadSeq(context.Background(), list) {
		if r.Err != nil {
			fmt.Println(errors.Is(r.Err, littledl.ErrInvalidURL), r.URL)
			continue
		}
		tags = append(tags, r.Task.Tag.(int))
	}
	slices.Sort(tags)
	fmt.Println(tags)
	// Output:
	// true gopher://example.com/7.txt
	// [0 1 2 3 4 5 6 8 9]
}

// Memory follows what is active: a task is gone once its callback has returned, and is counted.
func ExampleDownloadConfig_forgetEnded() {
	server, dir := origin(), folder()
	defer server.Close()
	defer os.RemoveAll(dir)

	var names []string
	d, _ := littledl.NewBatchDownloader(
		littledl.WithConfig(littledl.DownloadConfig{ForgetEnded: true}),
		littledl.WithFileCompleteCallback(func(t littledl.FileTask) { names = append(names, t.Filename) }),
	)
	ids, _ := d.AddURLs([]string{server.URL + "/a.txt", server.URL + "/b.txt"}, dir)
	if err := d.Start(context.Background()); err != nil {
		fmt.Println(err)
	}
	_, known := d.GetTask(ids[0])
	slices.Sort(names)
	fmt.Println(names, known, len(d.GetAllTasks()), d.GetStats().CompletedFiles)
	// Output: [a.txt b.txt] false 0 2
}

// Everything that happens, in order; here to a file, but for what differs from run to run.
func ExampleWithEvents() {
	server, dir := origin(), folder()
	defer server.Close()
	defer os.RemoveAll(dir)

	d, _ := littledl.NewBatchDownloader(littledl.WithEvents(func(e littledl.Event) {
		switch e.Kind {
		case littledl.EventRequest:
			fmt.Println(e.Kind, strings.TrimPrefix(e.Source, server.URL))
		case littledl.EventResponse:
			fmt.Println(e.Kind, e.Status, e.Length, e.Protocol)
		case littledl.EventCompleted:
			fmt.Println(e.Kind, e.Task.Filename, e.Task.FileSize)
		case littledl.EventFailed:
			fmt.Println(e.Kind, littledl.IsRetryable(e.Err), e.Err)
		default:
			fmt.Println(e.Kind)
		}
	}))
	_, _ = d.AddURL(server.URL+"/a.txt", littledl.WithSavePath(dir))
	if err := d.Start(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// started
	// request /a.txt
	// response 206 6 HTTP/1.1
	// completed a.txt 6
}

// Whether another try may help, later or from elsewhere.
func ExampleIsRetryable() {
	server, dir := origin(), folder()
	defer server.Close()
	defer os.RemoveAll(dir)

	_, err := littledl.BatchDownload(context.Background(), []string{server.URL + "/missing.txt"}, dir)
	fmt.Println("404:", littledl.IsRetryable(err))
	fmt.Println("503:", littledl.IsRetryable(&littledl.StatusError{Code: 503}))
	fmt.Println("too slow:", littledl.IsRetryable(littledl.ErrTooSlow))
	fmt.Println("wrong digest:", littledl.IsRetryable(littledl.ErrHashMismatch)) // another mirror may have it
	fmt.Println("wrong URL:", littledl.IsRetryable(littledl.ErrInvalidURL))
	fmt.Println("cancelled:", littledl.IsRetryable(littledl.ErrCancelled)) // by whom?
	// Output:
	// 404: false
	// 503: true
	// too slow: true
	// wrong digest: true
	// wrong URL: false
	// cancelled: false
}
