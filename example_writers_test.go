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
	"os"
	"strings"

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

// A document of a network of mirrors: two sources of one file, of which the first is gone, and the
// digest that it must have.
func ExampleEnhancedBatchDownloader_AddMetalink() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/gone.txt" {
			http.NotFound(w, r)
			return
		}
		fmt.Fprint(w, "hello")
	}))
	defer server.Close()
	document := `<?xml version="1.0" encoding="UTF-8"?>
<metalink xmlns="urn:ietf:params:xml:ns:metalink">
  <file name="docs/hello.txt">
    <size>5</size>
    <hash type="sha-256">2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824</hash>
    <url priority="1">` + server.URL + `/gone.txt</url>
    <url priority="2">` + server.URL + `/there.txt</url>
  </file>
</metalink>`

	d, err := littledl.NewEnhancedBatchDownloader()
	if err != nil {
		fmt.Println(err)
		return
	}
	ids, err := d.AddMetalink(strings.NewReader(document), littledl.WithSavePath(dir))
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := d.Start(context.Background()); err != nil {
		fmt.Println(err)
		return
	}
	t, _ := d.GetTask(ids[0])
	text, err := os.ReadFile(t.Path())
	fmt.Printf("%s: %s, %v\n", t.Filename, text, err)
	// Output: docs/hello.txt: hello, <nil>
}
