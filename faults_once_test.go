package littledl_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	. "github.com/littledl/littledl/internal/faultserver"
)

// once answers the first request for a file, HEAD included, and 410 from then on.
func once() Behaviour { return Uses(1, http.StatusGone) }

// askedOnce says that a file was asked for by one GET without Range, and nothing else.
func askedOnce(b *bed, name string) {
	b.Helper()
	r := b.srv.Requests(name)
	require.Len(b, r, 1, name)
	require.Equal(b, http.MethodGet, r[0].Method)
	require.Empty(b, r[0].Range)
}

// 171: a link that is good for one request is asked once, whatever comes of it.
func TestPlainGET(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		size int64
		does []Behaviour
		err  error
	}{
		"171 small":              {size: mib},
		"171 large":              {size: 20 * mib},
		"171 empty":              {size: 0},
		"171 no ranges":          {size: 8 * mib, does: always(NoRange())},
		"171 no length":          {size: 8 * mib, does: always(NoLength())},
		"171 reset":              {size: 8 * mib, does: always(RST(mib)), err: errSome},
		"171 ends early":         {size: 8 * mib, does: always(ShortBody(mib)), err: errSome},
		"171 500":                {size: mib, does: always(Status(500)), err: errSome},
		"171 503":                {size: mib, does: always(Status(503, RetryAfter("1"))), err: errSome},
		"171 403":                {size: mib, does: always(Status(403)), err: errSome},
		"171 closed, no answer":  {size: mib, does: always(EmptyReply()), err: errSome},
		"171 no answer":          {size: mib, does: always(StallHeader()), err: errSome},
		"171 206 to no range":    {size: mib, does: always(Status(206)), err: errSome},
		"171 a redirect's place": {size: mib, does: always(Redirect(1, 302))},
	} {
		t.Run(name, func(t *testing.T) {
			inBoth(t, func(b *bed) {
				b.files = 2
				for i := range 4 {
					f := b.srv.File(fmt.Sprintf("%d.bin", i), Size(c.size), Behave(append(c.does[:len(c.does):len(c.does)], once())...))
					b.add(f, littledl.WithPlainGET())
				}
				err := b.start()
				if c.err != nil {
					require.Len(b, failures(b, err), 4)
				} else {
					require.NoError(b, err)
				}
				if name == "171 a redirect's place" {
					return
				}
				for i := range 4 {
					askedOnce(b, fmt.Sprintf("%d.bin", i))
				}
			})
		})
	}
}

// 171: nobody was asked as long as nobody can be reached.
func TestPlainGETOfAHostThatIsDown(t *testing.T) {
	inBoth(t, func(b *bed) {
		b.add(b.srv.File("a.bin", Size(mib), Behave(once())), littledl.WithPlainGET())
		b.net.FailDial("files.test:80", errRefused)
		time.AfterFunc(5*time.Second, func() { b.net.FailDial("files.test:80", nil) })
		require.NoError(b, b.start())
		askedOnce(b, "a.bin")
	})
}

// 171: a file that may have one connection is asked for in one request, however large it is,
// and can be gone on with all the same.
func TestOneConnectionOneRequest(t *testing.T) {
	t.Parallel()
	for name, set := range map[string]func(b *bed){
		"171 of the file": func(b *bed) { b.chunks = 1 },
		"171 in parts":    func(b *bed) { b.chunks, b.conf.MaxChunks = 4, 1 },
		"171 alone":       func(b *bed) { b.files, b.chunks = 1, 1 },
	} {
		t.Run(name, func(t *testing.T) {
			inBoth(t, func(b *bed) {
				set(b)
				b.conf.MinChunkSize = mib
				f := b.srv.File("a.bin", Size(30*mib), Behave(once()))
				b.add(f)
				require.NoError(b, b.start())
				require.Len(b, b.srv.Requests(), 1)
			})
		})
	}
	t.Run("171 interrupted", func(t *testing.T) {
		inBoth(t, func(b *bed) {
			b.chunks = 1
			b.add(b.srv.File("a.bin", Size(30*mib), Behave(First(1, RST(20*mib)))))
			require.NoError(b, b.start())
			require.Less(b, b.srv.BytesSent(), int64(31*mib))
			require.LessOrEqual(b, len(b.srv.GETs()), 6, "it goes on with what is there")
		})
	})
}

// 172: links that are good for one request, which nobody has said of them.
func TestOneTimeLinks(t *testing.T) {
	t.Parallel()
	for name, there := range map[string]bool{"172 nothing there": false, "172 other files there": true} {
		t.Run(name, func(t *testing.T) {
			inBoth(t, func(b *bed) {
				for i := range 20 {
					name := fmt.Sprintf("%02d.bin", i)
					if there {
						b.plant(name, "of yesterday")
					}
					b.add(b.srv.File(name, Size(int64(100+i)*kib), Behave(once())))
				}
				require.NoError(b, b.start())
				require.Len(b, b.srv.HEADs(), 1)
				tried := b.srv.HEADs()[0]
				require.True(b, b.srv.GETs(tried.Path)[0].Start.Before(tried.Start), "what has been served")
			})
		})
	}
}

// 173: HEADs that bring nothing end, and where few requests are borne none is given up.
func TestHEADsEnd(t *testing.T) {
	t.Parallel()
	slowly := When(func(r *Request) bool { return r.Method == http.MethodHead }, Delay(400*time.Millisecond))
	for name, c := range map[string]struct {
		first, does []Behaviour
		set         func(b *bed)
		most        int
	}{
		"173 lengths are not told":         {does: always(NoLength()), first: always(NoLength())},
		"173 nor by HEAD":                  {does: always(HeadNoLength()), first: always(HeadNoLength()), most: 1},
		"173 but of one":                   {does: always(NoLength()), most: 4},
		"173 another length":               {first: always(HeadLies(1)), most: 1},
		"173 refused":                      {first: always(NoHead(405)), most: 1},
		"173 refused for all but one":      {does: always(NoHead(403)), most: 4},
		"173 few are borne, and take long": {does: []Behaviour{slowly}, first: []Behaviour{slowly}, set: func(b *bed) { b.conf.MaxConnectionsPerHost = 8 }, most: 64},
		"173 nobody cares for sizes":       {set: func(b *bed) { b.option(littledl.WithSmallFilePriority(false)) }},
	} {
		t.Run(name, func(t *testing.T) {
			inBoth(t, func(b *bed) {
				if c.set != nil {
					c.set(b)
				}
				for i := range 80 {
					does := c.does
					if i < 8 {
						does = c.first
					}
					b.add(b.srv.File(fmt.Sprintf("%03d", i), Size(int64(i)*kib), Behave(does...)))
				}
				require.NoError(b, b.start())
				require.LessOrEqual(b, len(b.srv.HEADs()), c.most)
				require.True(b, c.most == 0 || len(b.srv.HEADs()) > 0)
				if b.conf.MaxConnectionsPerHost > 0 {
					for _, r := range b.srv.HEADs() {
						require.Equal(b, http.StatusOK, r.Status, "%s is not given up", r.Path)
					}
				}
			})
		})
	}
}
