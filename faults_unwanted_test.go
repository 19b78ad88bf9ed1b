package littledl_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	. "github.com/littledl/littledl/internal/faultserver"
)

// TestUnwantedBodies is number 145 of the catalogue: the head of an answer that is no file says
// all that there is to know.
func TestUnwantedBodies(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		does   []Behaviour
		status int
		within time.Duration
	}{
		"ten redirects":   {[]Behaviour{First(10, chained(Stall(5), Redirect(10, 302)))}, 0, 2 * time.Second},
		"404":             {[]Behaviour{Stall(5), Status(404)}, 404, 2 * time.Second},
		"404, not a byte": {[]Behaviour{Stall(0), Status(404)}, 404, 2 * time.Second},
		"410, drips":      {[]Behaviour{Drip(1, time.Second), Status(410)}, 410, 2 * time.Second},
		"503, once":       {[]Behaviour{First(1, chained(Stall(5), Status(503, RetryAfter("1"))))}, 0, 6 * time.Second},
		"500, twice":      {[]Behaviour{First(2, chained(Stall(5), Status(500)))}, 0, 8 * time.Second},
	} {
		t.Run("145 "+name, func(t *testing.T) {
			inBoth(t, func(b *bed) {
				for i := range 5 {
					b.add(b.srv.File(strconv.Itoa(i), Size(100*kib), Behave(c.does...)))
				}
				err := b.start()
				require.Equal(b, c.status, statusOf(err), "%v", err)
				if c.status == 0 {
					require.NoError(b, err)
				}
				require.Less(b, b.took, c.within)
			})
		})
	}
}

// chained is two behaviours as one.
func chained(outer, inner Behaviour) Behaviour {
	return func(next Handler) Handler { return outer(inner(next)) }
}
