package littledl_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/littledl/littledl"
)

func ExampleBatchDownloader_SetLimits() {
	server, dir := origin(), folder()
	defer server.Close()
	defer os.RemoveAll(dir)

	d, _ := littledl.NewBatchDownloader(littledl.WithMaxConcurrentFiles(1))
	// One file at a time while people work; from the first one's end on it may be more.
	d.SetFileCompleteCallback(func(littledl.FileTask) {
		l := d.Limits()
		l.MaxConcurrentFiles, l.MaxSpeed = 10, 100<<20
		if err := d.SetLimits(l); err != nil {
			fmt.Println(err)
		}
	})
	d.AddURLs([]string{server.URL + "/a.txt", server.URL + "/b.txt", server.URL + "/c.txt"}, dir)
	fmt.Println(d.Limits().MaxConcurrentFiles)
	if err := d.Start(context.Background()); err != nil {
		fmt.Println(err)
	}
	fmt.Println(d.Limits().MaxConcurrentFiles, d.Limits().MaxSpeed)
	fmt.Println(d.SetLimits(littledl.Limits{MaxConcurrentFiles: -1}))
	// Output:
	// 1
	// 10 104857600
	// invalid option: Limits.MaxConcurrentFiles is -1; it must be from 0 to 32768
}

func ExampleBatchDownloader_Limits() {
	d, _ := littledl.NewBatchDownloader(littledl.WithConfig(littledl.DownloadConfig{MaxSpeed: 5 << 20}))
	fmt.Printf("%+v\n", d.Limits())
	// Output: {MaxConcurrentFiles:5 MaxConnections:0 MaxConnectionsPerHost:0 MaxTotalThreads:0 MaxSpeed:5242880}
}

func ExampleBatchDownloader_GetHosts() {
	server, dir := origin(), folder()
	defer server.Close()
	defer os.RemoveAll(dir)

	d, _ := littledl.NewBatchDownloader()
	d.AddURLs([]string{server.URL + "/a.txt", server.URL + "/large.bin"}, dir)
	if err := d.Start(context.Background()); err != nil {
		fmt.Println(err)
	}
	for _, h := range d.GetHosts() {
		fmt.Println(h.Origin == server.URL, h.State, h.Bytes, h.InFlight, h.Allowed, h.Protocol)
	}
	// Output: true up 8388614 0 20 HTTP/1.1
}

func ExampleBatchDownloader_GetSegments() {
	server, dir := origin(), folder()
	defer server.Close()
	defer os.RemoveAll(dir)

	d, _ := littledl.NewBatchDownloader()
	id, _ := d.AddURL(server.URL+"/large.bin", littledl.WithSavePath(dir), littledl.WithMaxSpeed(4<<20))
	go func() {
		time.Sleep(time.Second)
		segments, _ := d.GetSegments(id)
		whole, there := int64(0), int64(0)
		for _, s := range segments {
			whole += s.End - s.Start
			there += s.Done
		}
		fmt.Println(len(segments) > 1, whole, there > 0 && there < whole)
	}()
	if err := d.Start(context.Background()); err != nil {
		fmt.Println(err)
	}
	after, err := d.GetSegments(id)
	fmt.Println(after, err)
	_, err = d.GetSegments("task-7")
	fmt.Println(err)
	// Output:
	// true 8388608 true
	// [] <nil>
	// unknown task: "task-7" was never added, or was removed or forgotten
}

func ExampleWithMaxSpeed() {
	server, dir := origin(), folder()
	defer server.Close()
	defer os.RemoveAll(dir)

	d, _ := littledl.NewBatchDownloader()
	d.AddURL(server.URL+"/large.bin", littledl.WithSavePath(dir), littledl.WithMaxSpeed(16<<20))
	began := time.Now()
	if err := d.Start(context.Background()); err != nil {
		fmt.Println(err)
	}
	fmt.Println("8 MiB at 16 MiB/s take half a second:", time.Since(began) > 450*time.Millisecond)
	// Output: 8 MiB at 16 MiB/s take half a second: true
}

func ExampleHostConfig() {
	server, dir := origin(), folder()
	defer server.Close()
	defer os.RemoveAll(dir)

	d, err := littledl.NewBatchDownloader(littledl.WithConfig(littledl.DownloadConfig{
		Hosts: map[string]littledl.HostConfig{
			server.URL:        {MaxConnections: 2, Interval: 100 * time.Millisecond, NoHead: true}, // this scheme and port
			"archive.example": {MaxSpeed: 1 << 20, NoRange: true},                                  // all of its ports and schemes
		},
	}), littledl.WithSmallFilePriority(false))
	if err != nil {
		fmt.Println(err)
		return
	}
	d.AddURLs([]string{server.URL + "/a.txt", server.URL + "/b.txt", server.URL + "/c.txt", server.URL + "/d.txt"}, dir)
	began := time.Now()
	if err := d.Start(context.Background()); err != nil {
		fmt.Println(err)
	}
	fmt.Println("three intervals:", time.Since(began) > 300*time.Millisecond, "allowed:", d.GetHosts()[0].Allowed)
	_, err = littledl.NewBatchDownloader(littledl.WithConfig(littledl.DownloadConfig{
		Hosts: map[string]littledl.HostConfig{"archive.example:8080": {NoRange: true}},
	}))
	fmt.Println(err)
	// Output:
	// three intervals: true allowed: 2
	// invalid option: Hosts: key "archive.example:8080": a port needs its scheme; write host, for all of its ports and schemes, or https://host:port
}

// A budget of two requests to each host, for all downloaders of a program.
func ExampleDownloadConfig_acquireHost() {
	server, dir := origin(), folder()
	defer server.Close()
	defer os.RemoveAll(dir)

	var (
		mu     sync.Mutex
		places = map[string]chan struct{}{}
		used   = map[string]bool{}
	)
	acquire := func(ctx context.Context, origin string) (release func(), err error) {
		mu.Lock()
		used[origin] = true
		if places[origin] == nil {
			places[origin] = make(chan struct{}, 2)
		}
		at := places[origin]
		mu.Unlock()
		select {
		case at <- struct{}{}:
			return func() { <-at }, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	var all sync.WaitGroup
	for _, name := range []string{"a", "b"} {
		d, err := littledl.NewBatchDownloader(littledl.WithConfig(littledl.DownloadConfig{AcquireHost: acquire}))
		if err != nil {
			fmt.Println(err)
			return
		}
		for i := range 5 {
			d.AddURL(fmt.Sprintf("%s/%s%d.txt", strings.ToUpper(server.URL), name, i), littledl.WithSavePath(dir))
		}
		all.Go(func() {
			if err := d.Start(context.Background()); err != nil {
				fmt.Println(err)
			}
		})
	}
	all.Wait()
	fmt.Println(used[server.URL], len(used))
	// Output: true 1
}

// A host that may have one connection: once it has shown that it speaks HTTP/2, four small files
// are answered on that at once.
func ExampleDownloadConfig_streamsPerConnection() {
	const most = 4
	var asked atomic.Int64
	together := make(chan struct{}) // closed when so many wait for it
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch asked.Add(1) {
		case 1:
			fmt.Fprint(w, r.URL.Path)
			return
		case 1 + most:
			close(together)
		}
		select {
		case <-together:
			fmt.Fprint(w, r.URL.Path)
		case <-r.Context().Done():
		}
	}))
	var connections atomic.Int64
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	dir := folder()
	defer os.RemoveAll(dir)

	config := littledl.DownloadConfig{MaxConnections: 1, StreamsPerConnection: most}
	config.TLSConfig = server.Client().Transport.(*http.Transport).TLSClientConfig
	urls := []string{server.URL + "/a", server.URL + "/b", server.URL + "/c", server.URL + "/d", server.URL + "/e"}
	_, err := littledl.BatchDownload(context.Background(), urls, dir, littledl.WithConfig(config), littledl.WithSmallFilePriority(false))
	fmt.Println(asked.Load(), connections.Load(), err)
	// Output: 5 1 <nil>
}
