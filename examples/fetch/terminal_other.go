//go:build !unix && !windows

package main

import "os"

func understands(*os.File) bool { return false }

func sizeOf(*os.File) (cols, rows int) { return 0, 0 }
