package origin

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func start(t *testing.T, c Config) *Origin {
	t.Helper()
	o, err := Start(c)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, o.Close()) })
	return o
}

// ask makes a request with a client of its own, so on a new connection.
func ask(t *testing.T, method, url string, header ...string) (*http.Response, string) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	return askWith(t, client, method, url, header...)
}

func askWith(t *testing.T, client *http.Client, method, url string, header ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequest(method, url, nil)
	require.NoError(t, err)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := client.Do(r)
	require.NoError(t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res, string(body)
}

func TestContentFollowsFromNameAndOffset(t *testing.T) {
	const size = 3<<20 + 11
	o := start(t, Config{})
	res, whole := ask(t, "GET", o.URL("a b.bin", size))
	require.Equal(t, http.StatusOK, res.StatusCode)
	require.Len(t, whole, size)
	sum := sha256.Sum256([]byte(whole))
	require.Equal(t, SHA256("a b.bin", size), hex.EncodeToString(sum[:]))
	require.NotEqual(t, SHA256("b.bin", size), SHA256("a b.bin", size))

	etag := res.Header.Get("ETag")
	require.Regexp(t, `^"[^"]+"$`, etag)
	require.Equal(t, "Fri, 02 Jan 2026 03:04:05 GMT", res.Header.Get("Last-Modified"))

	res, part := ask(t, "GET", o.URL("a b.bin", size), "Range", "bytes=1048570-2097160", "If-Range", etag)
	require.Equal(t, http.StatusPartialContent, res.StatusCode)
	require.Equal(t, "bytes 1048570-2097160/3145739", res.Header.Get("Content-Range"))
	require.Equal(t, whole[1048570:2097161], part)

	res, _ = ask(t, "HEAD", o.URL("a b.bin", size))
	require.EqualValues(t, size, res.ContentLength)
	require.Equal(t, etag, res.Header.Get("ETag"))

	s := o.Stats()
	require.EqualValues(t, 3, s.Requests)
	require.EqualValues(t, 1, s.Heads)
	require.EqualValues(t, 1, s.Peak)
	require.EqualValues(t, size+1048591, s.Bytes)
	require.EqualValues(t, 3, s.Connections)
	require.Zero(t, s.Refused)
}

func TestNoSuchFile(t *testing.T) {
	o := start(t, Config{})
	for _, path := range []string{"/", "/x", "/-1/x", "/much/x", "/1/x/y"} {
		res, _ := ask(t, "GET", o.base+path)
		require.Equal(t, http.StatusNotFound, res.StatusCode, path)
	}
}

func TestEmptyFile(t *testing.T) {
	o := start(t, Config{RTT: time.Millisecond, Rates: []int64{1000}})
	res, body := ask(t, "GET", o.URL("empty", 0))
	require.Equal(t, http.StatusOK, res.StatusCode)
	require.Empty(t, body)
}

func TestForgedDiffersInBytesAlone(t *testing.T) {
	const size = 2<<20 + 5
	honest, body := ask(t, "GET", start(t, Config{}).URL("a", size))
	forged, other := ask(t, "GET", start(t, Config{Forged: true}).URL("a", size))
	for _, field := range []string{"ETag", "Last-Modified", "Content-Length"} {
		require.Equal(t, honest.Header.Get(field), forged.Header.Get(field), field)
	}
	require.NotEqual(t, body, other)
}

func TestRoundTrips(t *testing.T) {
	const rtt = 30 * time.Millisecond
	o := start(t, Config{RTT: rtt})
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for _, trips := range []time.Duration{2, 1, 1} {
		begun := time.Now()
		askWith(t, client, "GET", o.URL("a", 1))
		require.GreaterOrEqual(t, time.Since(begun), trips*rtt)
	}
	require.EqualValues(t, 1, o.Stats().Connections)
}

func TestRatesGoToConnectionsInTurn(t *testing.T) {
	o := start(t, Config{Rates: []int64{1 << 20, 0}})
	var took []time.Duration
	for range 3 {
		begun := time.Now()
		ask(t, "GET", o.URL("a", 200<<10))
		took = append(took, time.Since(begun))
	}
	const least = 150 * time.Millisecond // 195 ms, less what a line may catch up
	require.GreaterOrEqual(t, took[0], least)
	require.Less(t, took[1], took[0])
	require.GreaterOrEqual(t, took[2], least)
}

func TestRefusesAboveTheLimit(t *testing.T) {
	o := start(t, Config{RTT: 150 * time.Millisecond, MaxInFlight: 2})
	var (
		all    sync.WaitGroup
		mu     sync.Mutex
		status = map[int]int{}
	)
	for range 5 {
		all.Go(func() {
			res, err := http.Get(o.URL("a", 10))
			if err != nil {
				return
			}
			res.Body.Close()
			mu.Lock()
			defer mu.Unlock()
			status[res.StatusCode]++
			if res.StatusCode == http.StatusServiceUnavailable && res.Header.Get("Retry-After") != "1" {
				status[-1]++
			}
		})
	}
	all.Wait()
	http.DefaultClient.CloseIdleConnections()
	require.Equal(t, map[int]int{200: 2, 503: 3}, status)
	s := o.Stats()
	require.EqualValues(t, 5, s.Peak)
	require.EqualValues(t, 3, s.Refused)
}

func TestClientThatGivesUpIsNotInFlight(t *testing.T) {
	o := start(t, Config{RTT: time.Hour})
	client := &http.Client{Timeout: 20 * time.Millisecond}
	_, err := client.Get(o.URL("a", 10))
	require.Error(t, err)
	require.Eventually(t, func() bool { return o.counters.inFlight.Load() == 0 }, 5*time.Second, time.Millisecond)
}

func TestNegativeRate(t *testing.T) {
	_, err := Start(Config{Rates: []int64{1, -1}})
	require.ErrorContains(t, err, "-1")
}

func TestOverTLS(t *testing.T) {
	certificate, err := NewCertificate(net.IPv4(127, 0, 0, 1))
	require.NoError(t, err)
	o := start(t, Config{Certificate: certificate})
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(certificate.PEM))
	for _, http2 := range []bool{false, true} {
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: http2}}
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				res, err := client.Get(o.URL("a", 1000))
				if !assert.NoError(t, err) {
					return
				}
				defer res.Body.Close()
				body, err := io.ReadAll(res.Body)
				sum := sha256.Sum256(body)
				assert.NoError(t, err)
				assert.Equal(t, SHA256("a", 1000), hex.EncodeToString(sum[:]))
				assert.Equal(t, map[bool]int{false: 1, true: 2}[http2], res.ProtoMajor)
			})
		}
		all.Wait()
		client.CloseIdleConnections()
	}
	_, err = Start(Config{Certificate: certificate, RTT: 1})
	require.ErrorContains(t, err, "certificate")
}
