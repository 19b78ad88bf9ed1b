package faultserver

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestIdentity(t *testing.T) {
	everywhere(t, func(t *testing.T, srv *Server) {
		f := srv.File("f", Size(testSize))
		good := f.Representation()
		one, two := file()[1000:2000], other()[1000:2000]
		second := good.with(Version(2))
		// fetch asks three times and gives the bodies and ETags.
		fetch := func(b Behaviour, headers ...string) (bodies [][]byte, tags []string) {
			f.Behave(b)
			for range 3 {
				res, body, err := get(t, srv, f.URL(), append(headers, asked...)...)
				require.NoError(t, err)
				bodies, tags = append(bodies, body), append(tags, res.Header.Get("ETag"))
			}
			return bodies, tags
		}
		bodies, tags := fetch(ETagChange(1))
		require.Equal(t, [][]byte{one, two, two}, bodies)
		require.Equal(t, []string{good.ETag, second.ETag, second.ETag}, tags)
		bodies, _ = fetch(ETagFlap())
		require.Equal(t, [][]byte{one, two, one}, bodies)
		bodies, tags = fetch(ChangeUnseen(1))
		require.Equal(t, [][]byte{one, two, two}, bodies)
		require.Equal(t, []string{good.ETag, good.ETag, good.ETag}, tags)
		bodies, tags = fetch(ETagOnly())
		require.Equal(t, [][]byte{one, one, one}, bodies)
		require.NotEqual(t, tags[0], tags[1])
		bodies, _ = fetch(After(1, Become(Size(1500))))
		require.Len(t, bodies[1], 500)

		bodies, _ = fetch(IgnoreIfRange(), "If-Range", `"old"`)
		require.Equal(t, one, bodies[0])
		require.Equal(t, `"old"`, srv.Requests("f")[len(srv.Requests("f"))-1].IfRange)
		bodies, _ = fetch(DislikesIfRange(), "If-Range", good.ETag)
		require.Len(t, bodies[0], testSize)
		bodies, _ = fetch(ETagChange(1), "If-Range", good.ETag)
		require.Len(t, bodies[1], testSize)

		for want, b := range map[string]Behaviour{
			"W/" + good.ETag: WeakETag(), "junk": BadETag("junk"), "": LastModOnly(),
		} {
			_, tags = fetch(b)
			require.Equal(t, want, tags[0])
		}
		f.Behave(NoValidators())
		check(t, srv, f.URL(), answer{status: 206, no: "Last-Modified"}, asked...)
		f.Behave(LastModNow())
		res, _, err := get(t, srv, f.URL())
		require.NoError(t, err)
		require.Equal(t, res.Header.Get("Date"), res.Header.Get("Last-Modified"))
		f.Set(Version(2))
		require.Equal(t, other(), Bytes(f.Content()))
	})
}

func TestEncodings(t *testing.T) {
	everywhere(t, func(t *testing.T, srv *Server) {
		f := srv.File("f", Size(testSize), Behave(Gzip()))
		res, body, err := get(t, srv, f.URL(), asked...)
		require.NoError(t, err)
		require.Equal(t, "gzip", res.Header.Get("Content-Encoding"))
		z, err := gzip.NewReader(bytes.NewReader(body))
		require.NoError(t, err)
		require.NoError(t, Compare(z, f.Content()))

		f.Behave(GzipMislabel())
		res, body, err = get(t, srv, f.URL(), asked...)
		require.NoError(t, err)
		require.Equal(t, "gzip", res.Header.Get("Content-Encoding"))
		require.Equal(t, file()[1000:2000], body)

		f.Behave(GzipBomb(1 << 20))
		_, body, err = get(t, srv, f.URL())
		require.NoError(t, err)
		require.Less(t, len(body), 10_000)

		for _, right := range []bool{true, false} {
			f.Behave(ReprDigest(right))
			sum, err := hex.DecodeString(f.Sum())
			require.NoError(t, err)
			res, _, err = get(t, srv, f.URL(), asked...)
			require.NoError(t, err)
			want := "sha-256=:" + base64.StdEncoding.EncodeToString(sum) + ":"
			require.Equal(t, right, res.Header.Get("Repr-Digest") == want)
		}
	})
}
