package task

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestKinds: who wants the same is found, and nobody else, also where all hashes are the same
// or follow each other.
func TestKinds(t *testing.T) {
	for name, hash := range map[string]func(string) uint32{
		"one":       func(string) uint32 { return 1<<32 - 2 },
		"few":       func(key string) uint32 { return uint32(len(key) + int(key[len(key)-1])%3) },
		"as it is":  nil,
		"neighbour": func(key string) uint32 { return uint32(key[len(key)-1]) },
	} {
		t.Run(name, func(t *testing.T) {
			tab := table(1)
			if hash != nil {
				tab.first.hash = hash
			}
			var firsts []*Task
			for i := range 200 {
				one := add(t, tab, fmt.Sprint("http://files.test/", i), Spec{Dir: "d"})
				require.True(t, tab.Queued(one), "nobody else wants it")
				firsts = append(firsts, one)
			}
			for _, one := range firsts {
				same := add(t, tab, one.URL(), Spec{Dir: "d"})
				require.False(t, tab.Queued(same), "it waits for the other")
				first, _ := tab.first.of(same)
				require.Same(t, one, first)
			}
		})
	}
}
