package faultserver

import (
	"io"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

// everywhere runs a test over loopback and, in a bubble, over a network in memory,
// each with HTTP/1.1 and HTTP/2.
func everywhere(t *testing.T, test func(t *testing.T, srv *Server)) {
	t.Run("loopback", func(t *testing.T) { test(t, Start(t)) })
	t.Run("loopback h2", func(t *testing.T) { test(t, Start(t, HTTP2())) })
	t.Run("memory", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) { test(t, Start(t, On(NewNet(), "files.test:80"))) })
	})
	t.Run("memory h2", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) { test(t, Start(t, On(NewNet(), "files.test:443"), HTTP2())) })
	})
}

// ask makes a request with the headers given in pairs.
func ask(t *testing.T, srv *Server, method, url string, headers ...string) (*http.Response, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	require.NoError(t, err)
	for i := 0; i < len(headers); i += 2 {
		req.Header.Add(headers[i], headers[i+1])
	}
	return srv.Client().Transport.RoundTrip(req)
}

// get is ask for a GET that is answered, and reads the body.
func get(t *testing.T, srv *Server, url string, headers ...string) (*http.Response, []byte, error) {
	t.Helper()
	res, err := ask(t, srv, http.MethodGet, url, headers...)
	require.NoError(t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return res, body, err
}

func TestServesWell(t *testing.T) {
	everywhere(t, func(t *testing.T, srv *Server) {
		const size = 300_001
		f := srv.File("dir/a b.bin", Size(size))
		want := Bytes(f.Content())

		res, body, err := get(t, srv, f.URL())
		require.NoError(t, err)
		require.Equal(t, 200, res.StatusCode)
		require.Equal(t, int64(size), res.ContentLength)
		require.Equal(t, want, body)
		tag, modified := res.Header.Get("ETag"), res.Header.Get("Last-Modified")
		require.NotEmpty(t, tag)

		for _, validator := range []string{"", tag, modified} {
			headers := []string{"Range", "bytes=1000-1999"}
			if validator != "" {
				headers = append(headers, "If-Range", validator)
			}
			res, body, err = get(t, srv, f.URL(), headers...)
			require.NoError(t, err)
			require.Equal(t, 206, res.StatusCode)
			require.Equal(t, "bytes 1000-1999/300001", res.Header.Get("Content-Range"))
			require.Equal(t, want[1000:2000], body)
		}
		res, body, err = get(t, srv, f.URL(), "Range", "bytes=1000-1999", "If-Range", `"other"`)
		require.NoError(t, err)
		require.Equal(t, 200, res.StatusCode)
		require.Len(t, body, size)

		_, body, err = get(t, srv, f.URL(), "Range", "bytes=-5")
		require.NoError(t, err)
		require.Equal(t, want[size-5:], body)
		_, body, err = get(t, srv, f.URL(), "Range", "bytes=300000-")
		require.NoError(t, err)
		require.Equal(t, want[size-1:], body)

		res, _, err = get(t, srv, f.URL(), "Range", "bytes=300001-")
		require.NoError(t, err)
		require.Equal(t, 416, res.StatusCode)
		require.Equal(t, "bytes */300001", res.Header.Get("Content-Range"))

		res, err = ask(t, srv, http.MethodHead, f.URL())
		require.NoError(t, err)
		res.Body.Close()
		require.Equal(t, int64(size), res.ContentLength)
		require.Equal(t, tag, res.Header.Get("ETag"))

		res, _, err = get(t, srv, srv.URL("nothing"))
		require.NoError(t, err)
		require.Equal(t, 404, res.StatusCode)
	})
}

func TestRecords(t *testing.T) {
	everywhere(t, func(t *testing.T, srv *Server) {
		f := srv.File("a.bin", Size(1000))
		_, _, err := get(t, srv, f.URL()+"?q=1", "Range", "bytes=0-9", "If-Range", `"x"`, "Authorization", "secret")
		require.NoError(t, err)
		_, _, err = get(t, srv, f.URL(), "Range", "bytes=0-9")
		require.NoError(t, err)
		res, err := ask(t, srv, http.MethodHead, f.URL())
		require.NoError(t, err)
		res.Body.Close()
		_, _, err = get(t, srv, srv.URL("b.bin"))
		require.NoError(t, err)

		require.Len(t, srv.Requests(), 4)
		require.Len(t, srv.Requests("a.bin"), 3)
		require.Len(t, srv.HEADs("/a.bin"), 1)
		require.EqualValues(t, 1010, srv.BytesSent("a.bin"))
		require.Equal(t, 1, srv.Conns())
		require.Equal(t, 1, srv.MaxInFlight())
		require.Equal(t, 1, srv.MaxInFlight("a.bin"))
		require.Zero(t, srv.InFlight())

		first := srv.GETs("a.bin")[0]
		require.Equal(t, "q=1", first.Query)
		require.Equal(t, "bytes=0-9", first.Range)
		require.Equal(t, `"x"`, first.IfRange)
		require.Equal(t, 200, first.Status)
		require.Equal(t, srv.Origin(), first.Origin)
		require.False(t, first.End.IsZero())

		require.Empty(t, srv.Leaks(f.URL()))
		require.Len(t, srv.Leaks("http://elsewhere.test"), 1)
		require.Empty(t, srv.Leaks("http://elsewhere.test", "Cookie"))
	})
}
