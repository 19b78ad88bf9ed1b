package batch

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWanted: what limits come to together.
func TestWanted(t *testing.T) {
	const own = math.MaxInt32 // slots of those that share a budget
	for name, c := range map[string]struct {
		wanted Wanted
		want   Limits
	}{
		"nothing said":           {Wanted{Places: 5, PerFile: 4}, Limits{Places: 5, Connections: 20, Slots: 20, PerHost: 20, PerFile: 4}},
		"none is lowered":        {Wanted{Places: 2, PerFile: 24, Given: true}, Limits{Places: 2, Connections: 48, Slots: 48, PerHost: 48, PerFile: 24}},
		"at most so many":        {Wanted{Places: 2, PerFile: 24, Given: true, Most: 8}, Limits{Places: 2, Connections: 16, Slots: 16, PerHost: 16, PerFile: 8}},
		"connections":            {Wanted{Places: 5, PerFile: 4, Connections: 6, PerHost: 3}, Limits{Places: 5, Connections: 6, Slots: 6, PerHost: 3, PerFile: 4}},
		"more of a host than":    {Wanted{Places: 5, PerFile: 4, Connections: 6, PerHost: 9}, Limits{Places: 5, Connections: 6, Slots: 6, PerHost: 6, PerFile: 4}},
		"speed":                  {Wanted{Places: 1, PerFile: 1, Speed: 7}, Limits{Places: 1, Connections: 1, Slots: 1, PerHost: 1, PerFile: 1, Speed: 7}},
		"shared":                 {Wanted{Places: 5, PerFile: 4, Shared: 15}, Limits{Places: 5, Connections: 15, Slots: own, PerHost: 15, PerFile: 15}},
		"shared, many":           {Wanted{Places: 5, PerFile: 4, Shared: 64}, Limits{Places: 5, Connections: 64, Slots: own, PerHost: 64, PerFile: 64}},
		"shared, of one file":    {Wanted{Places: 5, PerFile: 4, Given: true, Shared: 15}, Limits{Places: 5, Connections: 15, Slots: own, PerHost: 15, PerFile: 4}},
		"shared, at most":        {Wanted{Places: 5, PerFile: 4, Most: 3, Shared: 15}, Limits{Places: 5, Connections: 15, Slots: own, PerHost: 15, PerFile: 3}},
		"shared, and fewer":      {Wanted{Places: 5, PerFile: 4, Connections: 6, Shared: 15}, Limits{Places: 5, Connections: 6, Slots: own, PerHost: 6, PerFile: 6}},
		"shared, and no more of": {Wanted{Places: 5, PerFile: 4, Connections: 60, Shared: 15}, Limits{Places: 5, Connections: 15, Slots: own, PerHost: 15, PerFile: 15}},
	} {
		require.Equal(t, c.want, c.wanted.Limits(), name)
	}
}
