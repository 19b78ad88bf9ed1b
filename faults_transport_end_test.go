package littledl_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestEndOfEachRequest: a transport of the caller's may wait for the end of each request's
// context, and not of the batch's.
func TestEndOfEachRequest(t *testing.T) {
	inBoth(t, func(b *bed) {
		var mu sync.Mutex
		var begun []context.Context
		most, to := 0, &http.Transport{DialContext: b.dial, DisableKeepAlives: true}
		b.conf.HTTPClient = &http.Client{Transport: transportFunc(func(r *http.Request) (*http.Response, error) {
			mu.Lock()
			begun = append(begun, r.Context())
			open := 0
			for _, ctx := range begun {
				if ctx.Err() == nil {
					open++
				}
			}
			most = max(most, open)
			mu.Unlock()
			return to.RoundTrip(r)
		})}
		b.conf.DialContext, b.conf.Proxy, b.conf.MaxConnections = nil, nil, 2
		for i := range 20 {
			b.add(b.srv.File(fmt.Sprint(i)))
		}
		require.NoError(b, b.start())
		require.GreaterOrEqual(b, len(begun), 20)
		require.LessOrEqual(b, most, 2)
	})
}
