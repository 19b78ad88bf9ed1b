package littledl_test

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
)

// TestInvalidOptions: a value out of range or a contradiction is an error that says
// what to do, before anything is touched; never a silent correction.
func TestInvalidOptions(t *testing.T) {
	proxy := func(*http.Request) (*url.URL, error) { return nil, nil }
	client := &http.Client{}
	conf := func(c littledl.DownloadConfig) littledl.Option { return littledl.WithConfig(c) }
	header := func(k string) littledl.Option {
		return conf(littledl.DownloadConfig{Header: http.Header{k: {"x"}}})
	}
	origin := func(o string) littledl.Option {
		return conf(littledl.DownloadConfig{OriginHeaders: map[string]http.Header{o: {}}})
	}
	decoder := func(r io.Reader) (io.ReadCloser, error) { return io.NopCloser(r), nil }
	decoders := func(pairs ...any) map[string]func(io.Reader) (io.ReadCloser, error) {
		all := map[string]func(io.Reader) (io.ReadCloser, error){}
		for i := 0; i < len(pairs); i += 2 {
			all[pairs[i].(string)], _ = pairs[i+1].(func(io.Reader) (io.ReadCloser, error))
		}
		return all
	}
	for name, o := range map[string]littledl.Option{
		"no files":               littledl.WithMaxConcurrentFiles(0),
		"fewer files":            littledl.WithMaxConcurrentFiles(-1),
		"no chunks":              littledl.WithMaxConcurrentChunksPerFile(0),
		"nil":                    nil,
		"ConnectTimeout":         conf(littledl.DownloadConfig{ConnectTimeout: -1}),
		"HeaderTimeout":          conf(littledl.DownloadConfig{HeaderTimeout: -1}),
		"MaxConnections":         conf(littledl.DownloadConfig{MaxConnections: -1}),
		"MaxConnectionsPerHost":  conf(littledl.DownloadConfig{MaxConnectionsPerHost: -1}),
		"MaxChunks":              conf(littledl.DownloadConfig{MaxChunks: -1}),
		"MinChunkSize":           conf(littledl.DownloadConfig{MinChunkSize: -1}),
		"BufferSize":             conf(littledl.DownloadConfig{BufferSize: 100}),
		"MaxSpeed":               conf(littledl.DownloadConfig{MaxSpeed: -1}),
		"StallTimeout":           conf(littledl.DownloadConfig{StallTimeout: -1}),
		"MaxFileSize":            conf(littledl.DownloadConfig{MaxFileSize: -1}),
		"ProgressInterval":       conf(littledl.DownloadConfig{ProgressInterval: -time.Second}),
		"Overwrite":              conf(littledl.DownloadConfig{Overwrite: 17}),
		"BaseDelay":              conf(littledl.DownloadConfig{Retry: littledl.RetryConfig{BaseDelay: -1}}),
		"MaxDelay":               conf(littledl.DownloadConfig{Retry: littledl.RetryConfig{MaxDelay: -1}}),
		"MaxElapsed":             conf(littledl.DownloadConfig{Retry: littledl.RetryConfig{MaxElapsed: -1}}),
		"client timeout":         conf(littledl.DownloadConfig{HTTPClient: &http.Client{Timeout: 1}}),
		"client and proxy":       conf(littledl.DownloadConfig{HTTPClient: client, Proxy: proxy}),
		"client and timeout":     conf(littledl.DownloadConfig{HTTPClient: client, ConnectTimeout: 1}),
		"client and headers":     conf(littledl.DownloadConfig{HTTPClient: client, HeaderTimeout: 1}),
		"client and private":     conf(littledl.DownloadConfig{HTTPClient: client, DenyPrivateNetworks: true}),
		"private through proxy":  conf(littledl.DownloadConfig{DenyPrivateNetworks: true, Proxy: proxy}),
		"Authorization for all":  header("Authorization"),
		"Cookie for all":         header("cookie"),
		"Proxy-Authorization":    header("Proxy-Authorization"),
		"Range":                  header("Range"),
		"If-Range":               header("If-Range"),
		"Accept-Encoding":        header("accept-encoding"),
		"Host":                   header("Host"),
		"not a header":           header("X Y"),
		"header injection":       conf(littledl.DownloadConfig{Header: http.Header{"X": {"a\r\nCookie: b"}}}),
		"injection by agent":     conf(littledl.DownloadConfig{UserAgent: "a\r\nCookie: b"}),
		"agent of two lines":     conf(littledl.DownloadConfig{UserAgent: "a\nb"}),
		"agent with a NUL":       conf(littledl.DownloadConfig{UserAgent: "a\x00"}),
		"name with a line end":   header("X\r\nCookie"),
		"name with a NUL":        header("X\x00"),
		"value with a NUL":       conf(littledl.DownloadConfig{Header: http.Header{"X": {"a\x00"}}}),
		"injection by origin":    conf(littledl.DownloadConfig{OriginHeaders: map[string]http.Header{"https://a.test": {"X": {"a\nb"}}}}),
		"encoding":               conf(littledl.DownloadConfig{ContentEncoding: 3}),
		"encoding below":         conf(littledl.DownloadConfig{ContentEncoding: -1}),
		"decoders for nothing":   conf(littledl.DownloadConfig{Decoders: decoders("br", decoder)}),
		"no decoder":             conf(littledl.DownloadConfig{ContentEncoding: littledl.EncodingDecode, Decoders: decoders("br", nil)}),
		"decoder of nothing":     conf(littledl.DownloadConfig{ContentEncoding: littledl.EncodingDecode, Decoders: decoders("identity", decoder)}),
		"decoder of two":         conf(littledl.DownloadConfig{ContentEncoding: littledl.EncodingDecode, Decoders: decoders("br, zstd", decoder)}),
		"two decoders of one":    conf(littledl.DownloadConfig{ContentEncoding: littledl.EncodingDecode, Decoders: decoders("br", decoder, "BR", decoder)}),
		"one origin twice":       conf(littledl.DownloadConfig{OriginHeaders: map[string]http.Header{"https://a.test": {}, "https://A.test.:443": {}}}),
		"origin with a query":    origin("https://a.test?"),
		"origin with a path":     origin("https://a.test/x"),
		"origin without scheme":  origin("a.test"),
		"origin with a password": origin("https://user:hidden@a.test"),
		"origin's Range":         conf(littledl.DownloadConfig{OriginHeaders: map[string]http.Header{"https://a.test": {"Range": {"x"}}}}),
	} {
		t.Run(name, func(t *testing.T) {
			d, err := littledl.NewBatchDownloader(o)
			require.ErrorIs(t, err, littledl.ErrInvalidOption)
			require.NotContains(t, err.Error(), "hidden")
			require.Nil(t, d)
		})
	}
	_, err := littledl.BatchDownload(t.Context(), []string{"http://files.test/a"}, t.TempDir(), littledl.WithMaxConcurrentFiles(0))
	require.ErrorIs(t, err, littledl.ErrInvalidOption)
}

// TestValidOptions are not taken for bad ones.
func TestValidOptions(t *testing.T) {
	for name, c := range map[string]littledl.DownloadConfig{
		"nothing":        {},
		"client":         {HTTPClient: &http.Client{}},
		"headers":        {Header: http.Header{"X-Api-Key": {"x"}, "User-Agent": {"x"}, "Accept": {"*/*"}}},
		"credentials":    {OriginHeaders: map[string]http.Header{"https://a.test:8443/": {"Authorization": {"x"}, "Cookie": {"x"}}}},
		"no retries":     {Retry: littledl.RetryConfig{MaxRetries: -1}},
		"private":        {DenyPrivateNetworks: true, ConnectTimeout: 1},
		"small":          {BufferSize: 4096, MinChunkSize: 1, MaxChunks: 1, MaxConnections: 1},
		"decoders":       {ContentEncoding: littledl.EncodingDecode, Decoders: map[string]func(io.Reader) (io.ReadCloser, error){"br": func(io.Reader) (io.ReadCloser, error) { return nil, nil }}},
		"origins":        {OriginHeaders: map[string]http.Header{"http://bücher.test": {}, "HTTPS://xn--bcher-kva.test./": {}, "http://[::1]:8080": {}}},
		"policy":         {Overwrite: littledl.OverwriteError},
		"more than fits": {MaxChunks: 1000, MaxConnectionsPerHost: 1000},
	} {
		_, err := littledl.NewBatchDownloader(littledl.WithConfig(c))
		require.NoError(t, err, name)
	}
}

// TestBadURLs are refused when they are added, and nothing is queued.
func TestBadURLs(t *testing.T) {
	d, err := littledl.NewBatchDownloader()
	require.NoError(t, err)
	for _, raw := range []string{
		"", " ", "a.bin", "/a.bin", "./a.bin", "files.test/a.bin", "//files.test/a.bin", "http://", "http:///a.bin", "http:a.bin",
		"file:///etc/passwd", "ftp://files.test/a", "javascript:alert(1)", "data:,x", "FILE:///x", "http://files.test:port/",
		"http://fi les.test/", "http://files.test/a\nb", "http://[::1/", "http://files.test/\x00", "user:hidden@files.test/a",
	} {
		id, err := d.AddURL(raw)
		require.ErrorIs(t, err, littledl.ErrInvalidURL, raw)
		require.Empty(t, id)
		require.Equal(t, "add", opOf(err))
		require.NotContains(t, err.Error(), "hidden")
	}
	ids, err := d.AddURLs([]string{"http://files.test/a", "ftp://files.test/b", "http://files.test/c"}, t.TempDir())
	require.ErrorIs(t, err, littledl.ErrInvalidURL)
	require.ErrorContains(t, err, "ftp://files.test/b")
	require.Empty(t, ids)
	require.Empty(t, d.GetAllTasks(), "all or none")
	require.NoError(t, d.Start(t.Context()))
}

// TestBadURLOptions: options of a URL are refused when it is added, and nothing is queued.
func TestBadURLOptions(t *testing.T) {
	d, err := littledl.NewBatchDownloader()
	require.NoError(t, err)
	for name, c := range map[string]struct {
		option littledl.URLOption
		want   error
	}{
		"nil":                 {nil, littledl.ErrInvalidOption},
		"priority":            {littledl.WithPriority(-1), littledl.ErrInvalidOption},
		"algorithm":           {littledl.WithHash("crc32", "00000000"), littledl.ErrInvalidOption},
		"length of a hash":    {littledl.WithHash("md5", strings.Repeat("0", 31)), littledl.ErrInvalidOption},
		"digits of a hash":    {littledl.WithHash("md5", strings.Repeat("g", 32)), littledl.ErrInvalidOption},
		"the library's":       {littledl.WithHeader(http.Header{"range": {"bytes=0-0"}}), littledl.ErrInvalidOption},
		"header injection":    {littledl.WithHeader(http.Header{"X": {"a\nb"}}), littledl.ErrInvalidOption},
		"a name that escapes": {littledl.WithFilename("../a"), littledl.ErrUnsafeName},
		"an absolute name":    {littledl.WithFilename("/etc/passwd"), littledl.ErrUnsafeName},
		"no name":             {littledl.WithFilename(""), littledl.ErrUnsafeName},
		"a name with a NUL":   {littledl.WithFilename("a\x00b"), littledl.ErrUnsafeName},
		"a path with a NUL":   {littledl.WithSavePath("a\x00b"), littledl.ErrUnsafeName},
	} {
		_, err := d.AddURL("http://files.test/a", c.option)
		require.ErrorIs(t, err, c.want, name)
		_, err = d.AddURLs([]string{"http://files.test/a"}, "", c.option)
		require.ErrorIs(t, err, c.want, name)
	}
	_, err = d.AddURLs([]string{"http://files.test/a", "http://files.test/b"}, "", littledl.WithFilename("x"))
	require.ErrorIs(t, err, littledl.ErrDuplicateTarget)
	require.Empty(t, d.GetAllTasks())
}

// TestBadSavePath: one that is a file, or that nobody may write to, fails its task
// with an error that names it, asks no body of the server, and touches no other task.
func TestBadSavePath(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, []byte("mine"), 0o600))
	closed := filepath.Join(t.TempDir(), "closed")
	require.NoError(t, os.Mkdir(closed, 0o500))
	if os.Geteuid() == 0 && runtime.GOOS == "linux" {
		closed = "/proc/self" // where not even root can make a file
	}
	for name, path := range map[string]string{"a file": file, "below a file": filepath.Join(file, "sub"), "not writable": closed} {
		t.Run(name, func(t *testing.T) {
			batchBubble(t, func(b *batch) {
				id := b.add(b.srv.File("a"), littledl.WithSavePath(path))
				b.add(b.srv.File("b"))
				err := b.start()
				var fe *littledl.FileError
				require.ErrorAs(b, err, &fe)
				require.Equal(b, id, fe.TaskID)
				require.Equal(b, "write", fe.Op)
				var pe *os.PathError
				require.True(b, errors.As(err, &pe), "%v", err)
				require.True(b, b.task("task-2").IsCompleted())
				require.LessOrEqual(b, len(b.srv.GETs("a")), 1, "no retry helps")
			})
		})
	}
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, "mine", string(text))
}
