package littledl_test

import (
	"context"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"hash/fnv"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/littledl/littledl"
)

// fetchOne downloads one URL into a new folder and returns its task.
func fetchOne(config littledl.DownloadConfig, url string, opts ...littledl.URLOption) (littledl.FileTask, error) {
	dir := folder()
	defer os.RemoveAll(dir)
	d, err := littledl.NewBatchDownloader(littledl.WithConfig(config))
	if err != nil {
		return littledl.FileTask{}, err
	}
	id, err := d.AddURL(url, append(opts, littledl.WithSavePath(dir))...)
	if err != nil {
		return littledl.FileTask{}, err
	}
	err = d.Start(context.Background())
	task, _ := d.GetTask(id)
	return task, err
}

func ExampleWithIntegrity() {
	server := origin()
	defer server.Close()

	sum := sha512.Sum384([]byte("/a.txt"))
	integrity := "sha384-" + base64.StdEncoding.EncodeToString(sum[:])
	task, err := fetchOne(littledl.DownloadConfig{}, server.URL+"/a.txt", littledl.WithIntegrity(integrity))
	fmt.Println(task.Status, task.Digest[:14], err)
	_, err = fetchOne(littledl.DownloadConfig{}, server.URL+"/b.txt", littledl.WithIntegrity(integrity))
	fmt.Println(errors.Is(err, littledl.ErrHashMismatch))
	// Output:
	// completed sha384:2d898ad <nil>
	// true
}

func ExampleWithVerifier() {
	server := origin()
	defer server.Close()

	// Any hash will do: blake3, say, of a module of your own.
	own := func() hash.Hash { return fnv.New128a() }
	h := own()
	h.Write([]byte("/a.txt"))
	task, err := fetchOne(littledl.DownloadConfig{}, server.URL+"/a.txt", littledl.WithVerifier(own, h.Sum(nil)))
	fmt.Println(task.Status, err)
	// Output: completed <nil>
}

func ExampleWithSize() {
	server := origin()
	defer server.Close()

	_, err := fetchOne(littledl.DownloadConfig{}, server.URL+"/a.txt", littledl.WithSize(7))
	fmt.Println(errors.Is(err, littledl.ErrSizeMismatch))
	// Output: true
}

func ExampleWithFinalURLName() {
	server := origin()
	defer server.Close()
	latest := httptest.NewServer(http.RedirectHandler(server.URL+"/tool-1.2.txt", http.StatusFound))
	defer latest.Close()

	task, err := fetchOne(littledl.DownloadConfig{}, latest.URL+"/latest", littledl.WithFinalURLName())
	fmt.Println(task.Filename, task.FinalURL == server.URL+"/tool-1.2.txt", err)
	// Output: tool-1.2.txt true <nil>
}

func ExampleFileTask() {
	server := origin()
	defer server.Close()

	task, err := fetchOne(littledl.DownloadConfig{}, server.URL+"/a.txt")
	fmt.Println(task.ContentType, task.ETag, task.LastModified.Format("2006-01-02"), err)
	// Output: text/plain; charset=utf-8 "v1" 2024-05-01 <nil>
}

func ExampleDownloadConfig_ignoreServerTime() {
	server, dir := origin(), folder()
	defer server.Close()
	defer os.RemoveAll(dir)

	config := littledl.DownloadConfig{IgnoreServerTime: true}
	_, err := littledl.BatchDownload(context.Background(), []string{server.URL + "/a.txt"}, dir, littledl.WithConfig(config))
	info, _ := os.Stat(filepath.Join(dir, "a.txt"))
	fmt.Println(info.ModTime().Year() > 2024, err)
	// Output: true <nil>
}

func ExampleWithAccept() {
	server := origin()
	defer server.Close()

	text := func(a littledl.Answer) error {
		if kind := a.Header.Get("Content-Type"); !strings.HasPrefix(kind, "text/") {
			return fmt.Errorf("it is %s, of %d bytes", kind, a.Size)
		}
		return nil
	}
	task, err := fetchOne(littledl.DownloadConfig{}, server.URL+"/a.txt", littledl.WithAccept(text))
	fmt.Println(task.Status, err)
	bin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "image/png")
		fmt.Fprint(w, "no text")
	}))
	defer bin.Close()
	task, err = fetchOne(littledl.DownloadConfig{}, bin.URL+"/b", littledl.WithAccept(text))
	fmt.Println(task.Status, task.Downloaded, errors.Unwrap(task.Err), err != nil)
	// Output:
	// completed <nil>
	// failed 0 WithAccept: it is image/png, of 7 bytes true
}

func ExampleWithRefresh() {
	server := origin()
	defer server.Close()
	signed := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("signature") != "new" {
			http.Error(w, "expired", http.StatusForbidden)
			return
		}
		http.Redirect(w, r, server.URL+"/large.bin", http.StatusFound)
	}))
	defer signed.Close()

	sign := func(_ context.Context, t littledl.FileTask) (string, error) {
		return strings.Replace(t.URL, "=old", "=new", 1), nil
	}
	task, err := fetchOne(littledl.DownloadConfig{}, signed.URL+"/large.bin?signature=old", littledl.WithRefresh(sign))
	fmt.Println(task.Status, task.FileSize, err)
	// Output: completed 8388608 <nil>
}

func ExampleWithFinish() {
	server := origin()
	defer server.Close()

	// A file that a scanner does not like never gets its name.
	scan := func(_ context.Context, f *os.File, t littledl.FileTask) error {
		text, err := io.ReadAll(f)
		if err == nil && strings.Contains(string(text), "b.txt") {
			err = fmt.Errorf("%s is not clean", t.Filename)
		}
		return err
	}
	for _, name := range []string{"/a.txt", "/b.txt"} {
		task, _ := fetchOne(littledl.DownloadConfig{}, server.URL+name, littledl.WithFinish(scan))
		fmt.Println(task.Filename, task.Status)
	}
	// Output:
	// a.txt completed
	// b.txt failed
}

func ExampleOverwritePolicy_changed() {
	server, dir := origin(), folder()
	defer server.Close()
	defer os.RemoveAll(dir)

	// The folder is to be what the server has: whatever differs is replaced, and nothing else
	// is fetched or touched.
	mirror := func() {
		d, err := littledl.NewBatchDownloader(littledl.WithConfig(littledl.DownloadConfig{Overwrite: littledl.OverwriteChanged}))
		if err != nil {
			fmt.Println(err)
			return
		}
		_, _ = d.AddURLs([]string{server.URL + "/a.txt", server.URL + "/b.txt"}, dir)
		err = d.Start(context.Background())
		fmt.Println(d.GetStats().ReusedFiles, "kept", err)
	}
	mirror()
	_ = os.WriteFile(filepath.Join(dir, "a.txt"), []byte("damaged"), 0o600)
	mirror()
	text, _ := os.ReadFile(filepath.Join(dir, "a.txt"))
	fmt.Println(string(text))
	// Output:
	// 0 kept <nil>
	// 1 kept <nil>
	// /a.txt
}

func ExampleDownloadConfig_waitForLock() {
	server, dir := origin(), folder()
	defer server.Close()
	defer os.RemoveAll(dir)

	// Both want the same file at once; it is fetched once, and both have it.
	config := littledl.DownloadConfig{WaitForLock: time.Minute}
	done := make(chan error, 2)
	for range 2 {
		go func() {
			_, err := littledl.BatchDownload(context.Background(), []string{server.URL + "/large.bin"}, dir, littledl.WithConfig(config))
			done <- err
		}()
	}
	fmt.Println(<-done, <-done)
	entries, _ := os.ReadDir(dir)
	fmt.Println(len(entries))
	// Output:
	// <nil> <nil>
	// 1
}
