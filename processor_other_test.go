//go:build !unix

package littledl_test

import "time"

// processorTime is not known here: an hour for every one that passes.
func processorTime() time.Duration { return time.Duration(time.Now().UnixNano()) * 3600 }
