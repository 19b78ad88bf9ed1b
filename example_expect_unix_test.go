//go:build unix

package littledl_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/littledl/littledl"
)

func ExampleWithMode() {
	server, dir := origin(), folder()
	defer server.Close()
	defer os.RemoveAll(dir)

	d, err := littledl.NewBatchDownloader()
	if err != nil {
		fmt.Println(err)
		return
	}
	_, _ = d.AddURL(server.URL+"/a.txt", littledl.WithSavePath(dir), littledl.WithMode(0o600))
	fmt.Println(d.Start(context.Background()))
	info, _ := os.Stat(filepath.Join(dir, "a.txt"))
	fmt.Println(info.Mode())
	// Output:
	// <nil>
	// -rw-------
}
