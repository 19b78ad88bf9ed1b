//go:build !unix

package fetch

import "net"

// maxDescriptors: no limit is known.
func maxDescriptors() int { return 0 }

func inUse(net.Conn) int { return 0 }
