package littledl

import (
	"cmp"
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"time"
)

// DownloadConfig is what a downloader, plain or enhanced, is told once. The zero value is the
// default behaviour: zero of a number means its default, given behind it, false is off, and nil
// or "" nothing where no other default is given.
//
// A function given here that panics ends the program, and one that ends its goroutine
// (runtime.Goexit) ends Start as a ProgressFunc does; but net/http calls DialContext, and
// those of TLSConfig, on goroutines of its own: what waits there stalls, and is retried.
type DownloadConfig struct {
	// HTTPClient, when given, makes the requests instead of a tuned pool of our
	// own. It is copied; its Transport and Jar are used, redirects stay ours. With
	// Timeout set (it would cover the body), or together with any of the six fields
	// below it, it is ErrInvalidOption. A transport that signs every request signs
	// redirects and mirrors too: that is its owner's promise. It may be any
	// http.RoundTripper: what its answers leave out is found out (a ContentLength of 0 is
	// none where there is a body), and what contradicts itself is ErrTransport. RoundTrip
	// has to return when its request's context is over. A Body is closed then, once, also
	// under a Read that knows nothing of it; a Close that blocks, or a Read that goes on
	// after it, nobody can help, and Start waits for them.
	HTTPClient *http.Client
	// Proxy chooses a proxy for a request: http, https or socks5. Nil: from the
	// environment (HTTP_PROXY, HTTPS_PROXY, NO_PROXY).
	Proxy func(*http.Request) (*url.URL, error)
	// TLSConfig is for connections to https origins and proxies. Nil: the system's roots.
	TLSConfig *tls.Config
	// DialContext makes the connections; it may be called many times at once. Nil: a
	// net.Dialer.
	DialContext func(ctx context.Context, network, addr string) (net.Conn, error)
	// ConnectTimeout bounds dialing and the TLS handshake each: 30 s.
	ConnectTimeout time.Duration
	// HeaderTimeout bounds the time from request sent to response headers: 30 s.
	HeaderTimeout time.Duration
	// DenyPrivateNetworks refuses loopback, private, link-local and all other addresses of
	// IANA's special-purpose registries, and this machine's own, after name resolution,
	// whenever a connection is made. No proxy is used then, and it excludes Proxy and
	// DialContext.
	DenyPrivateNetworks bool

	// Header is sent with every request. Authorization, Cookie and Proxy-Authorization
	// are ErrInvalidOption here: credentials belong in OriginHeaders or WithHeader. So are,
	// everywhere, those that the library sets itself: Range, If-*, Accept-Encoding, Host,
	// Connection, Content-Length, TE, Trailer, Transfer-Encoding and Upgrade.
	Header http.Header
	// OriginHeaders maps "https://host[:port]" to headers, credentials too, that are
	// sent to that origin and to no other; nor to that one where another has redirected to it
	// after a redirect had led away from it.
	OriginHeaders map[string]http.Header
	// UserAgent is "littledl/1.0" when empty. With control characters it is ErrInvalidOption, as
	// any other header is.
	UserAgent string
	// Jar keeps cookies between requests, and sends them as browsers do. Together with
	// HTTPClient.Jar it is ErrInvalidOption. Nil: no cookies are kept.
	Jar http.CookieJar

	// MaxConnections is how many requests are in flight in all. 0: concurrent files
	// times chunks per file.
	MaxConnections int
	// MaxConnectionsPerHost bounds them for one host and port. 0: no cap of its own.
	MaxConnectionsPerHost int
	// StreamsPerConnection is how many small files of a host that speaks HTTP/2 may ride on one
	// connection once all are in use that are allowed, and count as one request in every limit
	// but the number of files at once: the host sees up to so many times the requests. Who
	// refuses a request has none shared any more. 0: 1, and 4 for the enhanced downloader.
	StreamsPerConnection int
	// MaxChunks is how many segments of one file are in flight at most: 16, or more where
	// another option asks for more.
	MaxChunks int
	// MinChunkSize is the size in bytes below which no segment is split. 0: a file is cut into
	// segments of 1 MiB at least, and a connection that has nothing left takes from another's
	// what it saves time by, of 64 KiB at least.
	MinChunkSize int64
	// BufferSize is the read buffer of a connection in bytes: 256 KiB.
	BufferSize int
	// MaxReorder is how many bytes may be held back in memory, over the whole downloader, until it
	// is their turn to be written to a writer of WithWriter, so that several connections serve
	// one: 32 MiB. One writer has two thirds of it at most, and where others have used up the rest
	// it is served by one connection.
	MaxReorder int64
	// MaxSpeed bounds the whole batch, in bytes per second. 0: unlimited.
	MaxSpeed int64
	// Hosts are what is to hold for single hosts: by "https://host[:port]" for that origin alone,
	// or by "host" for all of its ports and schemes together, whose sums its limits are. Where an
	// origin has an entry its host's does not count for it. Keys are compared in their canonical form
	// (lower case, IDNA, default ports, no dot at the end); two that are the same, or "host:port"
	// without a scheme, are ErrInvalidOption.
	Hosts map[string]HostConfig
	// AcquireHost is called before every request, HEADs and each hop of a redirect included, and
	// may wait: so a budget can be shared with others. Its origin is scheme, host and port in lower
	// case, the port always given: "https://example.com:443", "http://[::1]:8080". It is called
	// from many goroutines, before any slot of the downloader's is held, and no timeout runs while it
	// waits, but its file keeps its place among MaxConcurrentFiles: allow more files than may wait
	// at once. ctx ends when the request is not wanted any more. release, which may be nil, is called
	// once, when the body of the answer has ended, and before a redirect's next hop. Requests that
	// ride on one connection (StreamsPerConnection) are one. An error fails the file, unless it
	// has a method Retryable() bool that says true: then it is retried as a request that broke
	// off is. Nil: nobody is asked.
	AcquireHost func(ctx context.Context, origin string) (release func(), err error)

	// MinSpeed, in bytes per second, is what a file has to come with: one that stays below it
	// for MinSpeedTime in each second has its requests ended and retried, as one that stands still
	// has, and fails with ErrTooSlow when that has happened MaxRetries times more, whatever it has
	// brought. Time does not count in which no answer is under way, or the file is paused or held
	// up by a speed limit of ours. 0: any speed will do.
	MinSpeed int64
	// MinSpeedTime is 30 s.
	MinSpeedTime time.Duration

	// StallTimeout without a byte ends an attempt, which is then retried: 30 s.
	StallTimeout time.Duration
	// Retry says how long to keep trying.
	Retry RetryConfig
	// MaxFileSize refuses larger files, before and while downloading. 0: unlimited.
	MaxFileSize int64

	// ContentEncoding says what becomes of a file that is sent encoded (gzip, br, …) though
	// identity was asked for, as it always is: EncodingRefuse. What is itself compressed and
	// only labelled so, by its name's suffix, is stored as it is sent in any case.
	ContentEncoding EncodingPolicy
	// Decoders undo codings beside gzip and deflate with EncodingDecode, by their names in
	// Content-Encoding. Each is called for one body at a time, and closed behind its end.
	Decoders map[string]func(io.Reader) (io.ReadCloser, error)

	// DisableResume discards what an interrupted transfer had fetched, be it of this
	// process or of an earlier one. A process that is killed leaves nothing usable then.
	DisableResume bool
	// Overwrite says what to do where other content has the name: OverwriteRename.
	Overwrite OverwritePolicy
	// WaitForLock is how long a file is waited for that another process, or another downloader, is
	// at: 0, none, which is ErrLocked. With it every file is locked before its first request, by
	// the path of WithFilename, else by its URL, with a file NAME.<key>.ldlock beside it that is
	// gone when it is done; so no sizes are asked for ahead of that. Who has waited takes what the
	// other has made, if it has the digest given, or is marked as of the same URL and of the version
	// that the server has now; else Overwrite decides. It keeps no place in transfer meanwhile.
	// Where files cannot be locked it has no effect.
	WaitForLock time.Duration
	// TrustModTime takes a file that is there, of the size and the modification time that the
	// server tells, for the one asked for, if it has the name of WithFilename or of the URL: for
	// folders that other tools have filled. Without
	// it what is there counts only where a digest proves it, or this library fetched it from
	// the same URL, of which the server still has the same version; else the file is fetched
	// and compared with it.
	TrustModTime bool
	// IgnoreServerTime leaves a file the time at which it was written; without it it has the
	// server's Last-Modified.
	IgnoreServerTime bool
	// Durable makes every file and its folder reach the disk (fsync) before the file
	// counts as complete. Without it a power cut may take the name of a file that was
	// published shortly before, its end, or any of its blocks, which are zeros then; other
	// bytes than its own it never shows. Where its mark and its time have survived such a file
	// is taken for complete by the next run, unless a hash is given.
	Durable bool
	// ForgetEnded forgets a task once its callback has returned, with its name, its URL and its
	// file: memory follows what is active. GetTask does not find it then, no Start tries it again,
	// and whoever wants the same file or name later meets what is on the disk. Totals count it;
	// a BatchError names the first hundred that failed. It is for downloaders that live long.
	ForgetEnded bool
	// ProgressInterval is the time between two progress callbacks: 500 ms.
	ProgressInterval time.Duration
	// Logger hears of every attempt that failed, at Debug, and at Warn of what costs more
	// than that: a file that starts over, a source that is dropped, a part or a journal that
	// is of no use. It may be called from many goroutines at once. Nil: silent.
	Logger *slog.Logger
}

// RetryConfig says how long to keep trying. Zero fields take their defaults.
type RetryConfig struct {
	// MaxRetries is how many attempts of one segment in a row may fail with less than
	// 64 KiB of progress: 3. Negative: none. A whole file may fail ten times, and once
	// more for every 16 MiB of its size, with less than 256 KiB of progress.
	MaxRetries int
	// BaseDelay is the upper bound of the first wait, doubled each time; the wait is
	// drawn evenly below the bound (full jitter): 500 ms.
	BaseDelay time.Duration
	// MaxDelay caps a wait of our own: 30 s.
	MaxDelay time.Duration
	// MaxElapsed is how long a host that refuses connections, is unreachable, answers
	// 429 or 503 or says with Retry-After when to come back is waited for: 60 s, and so is
	// one that has served before and ends connections without an answer. Such waits cost no
	// attempt. A Retry-After beyond it fails the source at once, with the value in
	// StatusError.RetryAfter. Of a host that
	// takes requests and has answered none for so long, in vain for one file after its
	// MaxRetries, every other file asks once.
	MaxElapsed time.Duration
}

// OverwritePolicy says what happens when other content has a file's name. The same content is kept
// under any policy but OverwriteReplace: without its body being fetched where it is proven to be the
// same, by a digest that is given, by the mark of an earlier download from the same URL, or under
// DownloadConfig.TrustModTime; else by comparing it with what was fetched.
type OverwritePolicy int

const (
	// OverwriteRename, the default, stores the new file as "name (1).ext".
	OverwriteRename OverwritePolicy = iota
	// OverwriteReplace fetches the file and replaces the old one atomically, under the name of
	// WithFilename or of the URL. By a name that only the server has thought of nothing is
	// replaced: what is there may be anything. The new file has the old one's rights, but that
	// none is executable, and its owner where this process may give it away.
	OverwriteReplace
	// OverwriteSkip completes the task with what is there, unlooked at: at once under the name of
	// WithFilename, else when an answer has told the name. Where a digest is given other content
	// is ErrHashMismatch, where WithSize is, another size is ErrSizeMismatch; it stays.
	OverwriteSkip
	// OverwriteError fails the task with ErrFileExists.
	OverwriteError
	// OverwriteChanged keeps what has the name if it provably is the file: by its digest, where one
	// is given, and nobody is asked then; else by its URL, and the validator, size and time that
	// the server tells (see TrustModTime). Anything else is replaced atomically, if its bytes are
	// others, and stays if the file cannot be had. The name is never numbered: another file of the
	// batch that is to have it is ErrDuplicateTarget. By a name that only the server has thought
	// of (Content-Disposition, WithFinalURLName) only what was once fetched from the same URL is
	// replaced, as its mark tells, whatever it has become since; other content is ErrFileExists
	// then, and stays. The new file has the old one's rights, as with OverwriteReplace.
	OverwriteChanged
)

// EncodingPolicy says what becomes of a file that is sent encoded.
type EncodingPolicy int

const (
	// EncodingRefuse, the default, fails with ErrEncoding.
	EncodingRefuse EncodingPolicy = iota
	// EncodingStore takes what is sent for the file.
	EncodingStore
	// EncodingDecode takes what is in it for the file: its size, hashes and MaxFileSize are of
	// that. It comes in one stream that nothing goes on from; one that is cut or corrupt is
	// begun anew.
	EncodingDecode
)

const (
	mib = 1 << 20

	minBuffer, maxBuffer = 4 << 10, 64 * mib

	maxTime = 100_000 * time.Hour // sums of some are still numbers
)

// withDefaults returns c with every zero number replaced by its default.
func (c DownloadConfig) withDefaults() DownloadConfig {
	c.ConnectTimeout = cmp.Or(c.ConnectTimeout, 30*time.Second)
	c.HeaderTimeout = cmp.Or(c.HeaderTimeout, 30*time.Second)
	c.BufferSize = cmp.Or(c.BufferSize, 256<<10)
	c.MaxReorder = cmp.Or(c.MaxReorder, 32*mib)
	c.StallTimeout = cmp.Or(c.StallTimeout, 30*time.Second)
	c.MinSpeedTime = cmp.Or(c.MinSpeedTime, 30*time.Second)
	c.ProgressInterval = cmp.Or(c.ProgressInterval, 500*time.Millisecond)
	c.Retry.MaxRetries = cmp.Or(c.Retry.MaxRetries, 3)
	c.Retry.BaseDelay = cmp.Or(c.Retry.BaseDelay, 500*time.Millisecond)
	c.Retry.MaxDelay = cmp.Or(c.Retry.MaxDelay, 30*time.Second)
	c.Retry.MaxElapsed = cmp.Or(c.Retry.MaxElapsed, time.Minute)
	c.UserAgent = cmp.Or(c.UserAgent, "littledl/"+version)
	c.Retry.MaxRetries = max(c.Retry.MaxRetries, 0)
	return c
}
