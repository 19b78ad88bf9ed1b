package littledl_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	. "github.com/littledl/littledl/internal/faultserver"
)

// inOtherWords is what a host does with a connection that is one too many for it, and does not
// say so: nothing of that is to be believed as long as others of the file arrive.
func inOtherWords() map[string]Behaviour {
	return map[string]Behaviour{
		"nothing":          Nothing(),
		"204":              Status(204),
		"205":              Status(205),
		"a head, cut":      ShortBody(0),
		"a moment, cut":    ShortBody(1000),
		"a moment, mute":   Stall(1000),
		"a page":           HTML200(),
		"a note":           Note(),
		"a page elsewhere": RedirectTo("/busy.html", 302),
	}
}

// words are one of each kind, those of tooMany too.
func words() map[string]Behaviour {
	all := inOtherWords()
	for what, does := range tooMany() {
		if slices.Contains([]string{"closed", "400", "404", "500", "509"}, what) {
			all[what] = does
		}
	}
	maps.DeleteFunc(all, func(what string, _ Behaviour) bool {
		return slices.Contains([]string{"205", "a moment, mute", "a note"}, what)
	})
	return all
}

// inHaste has little patience, so that what a budget of attempts would bear is none.
func (b *bed) inHaste() {
	b.conf.ConnectTimeout, b.conf.HeaderTimeout, b.conf.StallTimeout = 2*time.Second, 2*time.Second, 2*time.Second
	b.conf.Retry = littledl.RetryConfig{BaseDelay: 50 * time.Millisecond, MaxDelay: time.Second, MaxElapsed: 6 * time.Second}
}

// busyHost is a host that serves n connections of a client at once.
func (b *bed) busyHost(rate int64, does ...Behaviour) {
	b.inHaste()
	b.net.Shape(Same(line(rate)))
	b.srv.File("busy.html", Data([]byte("<html>one connection, please</html>")), Type("text/html"))
	b.srv.Behave(When(func(req *Request) bool { return req.URL.Path != "/busy.html" }, func(next Handler) Handler {
		for i := len(does) - 1; i >= 0; i-- {
			next = does[i](next)
		}
		return next
	}))
}

// inWords runs a test over HTTP/1.1 and HTTP/2.
func inWords(t *testing.T, test func(*bed)) {
	t.Run("HTTP 1", func(t *testing.T) { inBoth(t, test) })
	t.Run("HTTP 2", func(t *testing.T) { inBoth(t, test, HTTP2()) })
}

// 200: a host that serves one connection of a client, and says so in any words: the file comes
// over that one, in the time that it needs there, what a mute one costs, and the longest wait, of
// five seconds, in few requests.
func TestOneTooManyInOtherWords(t *testing.T) {
	t.Parallel()
	for what, does := range inOtherWords() {
		t.Run("200 "+what, func(t *testing.T) {
			run := inWords
			if strings.HasPrefix(what, "a ") && what != "a moment, cut" {
				run = func(t *testing.T, test func(*bed)) { inBoth(t, test) }
			}
			run(t, func(b *bed) {
				b.busyHost(mib*3/2, ConnLimit(1, does))
				b.add(b.srv.File("a.bin", Size(6*mib)))
				require.NoError(b, b.start())
				require.Less(b, b.took, 4*time.Second+2*time.Second+5*time.Second)
				require.Less(b, len(b.srv.GETs("a.bin")), 40)
			})
		})
	}
}

// 201: a place is free only a moment after its answer has ended.
func TestPlaceIsFreeLate(t *testing.T) {
	t.Parallel()
	brief := []string{"nothing", "a page", "a page elsewhere", "a head, cut", "a moment, cut"}
	for what, does := range words() {
		for _, lag := range []time.Duration{5 * time.Millisecond, 500 * time.Millisecond} {
			if slices.Contains(brief, what) && lag > 50*time.Millisecond { // it is taken for what it looks like
				continue
			}
			t.Run(fmt.Sprintf("201 %s, %v", what, lag), func(t *testing.T) {
				inBubble(t, func(b *bed) {
					b.busyHost(8*mib, Lingering(1, lag, does))
					b.add(b.srv.File("a.bin", Size(6*mib)))
					require.NoError(b, b.start())
					require.Less(b, b.took, 12*time.Second)
				})
			})
		}
	}
}

// 202: the head of an answer comes at once and its first byte late: the file arrives meanwhile.
func TestFirstByteIsLate(t *testing.T) {
	t.Parallel()
	for what, does := range words() {
		t.Run("202 "+what, func(t *testing.T) {
			inBubble(t, func(b *bed) {
				wholeMiB(b)
				b.busyHost(8*mib, ConnLimit(1, does), LateBody(1500*time.Millisecond))
				b.add(b.srv.File("a.bin", Size(6*mib)))
				require.NoError(b, b.start())
				require.Less(b, b.took, 20*time.Second)
			})
		})
	}
}

// 203: of several files the one that is served keeps its place, and the limit of the host shrinks:
// who is cut off has to wait for it.
func TestCutBesideOtherFiles(t *testing.T) {
	t.Parallel()
	for _, after := range []int64{0, 1000} {
		t.Run(fmt.Sprintf("203 after %d", after), func(t *testing.T) {
			inWords(t, func(b *bed) {
				b.busyHost(2*mib, ConnLimit(1, ShortBody(after)))
				for i := range 4 {
					b.add(b.srv.File(fmt.Sprintf("%d.bin", i), Size(4*mib)))
				}
				require.NoError(b, b.start())
				require.Less(b, len(b.srv.GETs()), 60+4*8)
			})
		})
	}
}

// 204: a file that is emptied is no busy host: where the answer names the version it is believed,
// else the file fails. What was there is never called complete with nothing in it.
func TestEmptied(t *testing.T) {
	t.Parallel()
	t.Run("204 and named", func(t *testing.T) {
		inBoth(t, func(b *bed) {
			b.inHaste()
			b.net.Shape(Same(line(2 * mib)))
			id := b.add(b.srv.File("a.bin", Size(8*mib), Behave(After(1, Become(Size(0), Version(2))))))
			b.want[id] = append(b.want[id], Generate("a.bin", 2, 0))
			require.NoError(b, b.start())
			require.Zero(b, b.task(id).FileSize)
		})
	})
	t.Run("204 and not named", func(t *testing.T) {
		inBoth(t, func(b *bed) {
			b.inHaste()
			b.net.Shape(Same(line(2 * mib)))
			b.add(b.srv.File("a.bin", Size(8*mib), Behave(After(1, Nothing()))))
			require.ErrorIs(b, b.start(), littledl.ErrRemoteChanged)
			require.Less(b, b.took, 12*time.Second)
		})
	})
}
