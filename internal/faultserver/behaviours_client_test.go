package faultserver

import (
	"io"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

func TestNewestWins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := Start(t, On(NewNet(), "files.test:80"))
		srv.Behave(NewestWins(), Slow(testSize/10))
		f := srv.File("f", Size(testSize))
		old, err := ask(t, srv, http.MethodGet, f.URL())
		require.NoError(t, err)
		defer old.Body.Close()
		_, _, err = get(t, srv, f.URL())
		require.NoError(t, err)
		_, err = io.Copy(io.Discard, old.Body)
		require.Error(t, err)
	})
}

func TestRedirector(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := Start(t, On(NewNet(), "files.test:80"))
		f := srv.File("f", Size(10), Behave(Redirector(2, "/a", "/b")))
		var led []string
		for range 6 {
			res, err := srv.Client().Transport.RoundTrip(must(http.NewRequestWithContext(t.Context(), http.MethodGet, f.URL(), nil)))
			require.NoError(t, err)
			res.Body.Close()
			led = append(led, res.Header.Get("Location"))
		}
		require.Equal(t, []string{"/a", "/a", "/b", "/b", "/b", "/b"}, led)
	})
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
