package cluster

import (
	"os"
	"testing"
)

// large is for tests that take long, or need servers: LITTLEDL_CLUSTER=1 runs them, too.
func large(t testing.TB) {
	if os.Getenv("LITTLEDL_CLUSTER") == "" {
		t.Skip("LITTLEDL_CLUSTER is not set")
	}
}
