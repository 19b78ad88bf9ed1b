package littledl_test

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/littledl/littledl"
)

// A small file, in memory.
func ExampleWithWriter() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") }))
	defer server.Close()

	var text bytes.Buffer
	d, err := littledl.NewBatchDownloader()
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := d.AddURL(server.URL, littledl.WithWriter(&text)); err != nil {
		fmt.Println(err)
		return
	}
	if err := d.Start(context.Background()); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(text.String())
	// Output: hello
}

// An archive is unpacked while it arrives, and never stored. Whoever reads has the file's own
// error in the end: a hash is judged then.
func ExampleWithWriter_pipe() {
	var packed bytes.Buffer
	archive := tar.NewWriter(&packed)
	_ = archive.WriteHeader(&tar.Header{Name: "notes.txt", Size: 5, Mode: 0o644})
	_, _ = archive.Write([]byte("notes"))
	_ = archive.Close()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(packed.Bytes()) }))
	defer server.Close()

	d, err := littledl.NewBatchDownloader()
	if err != nil {
		fmt.Println(err)
		return
	}
	r, w := io.Pipe()
	if _, err := d.AddURL(server.URL+"/all.tar", littledl.WithWriter(w)); err != nil {
		fmt.Println(err)
		return
	}
	go func() { w.CloseWithError(d.Start(context.Background())) }() // nil is io.EOF
	in := tar.NewReader(r)
	for {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			fmt.Println(err)
			return
		}
		text, err := io.ReadAll(in)
		fmt.Printf("%s: %s, %v\n", h.Name, text, err)
	}
	_, err = io.Copy(io.Discard, r) // what is behind the archive's end
	fmt.Println(err)
	// Output:
	// notes.txt: notes, <nil>
	// <nil>
}
